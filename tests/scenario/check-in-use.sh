# shellcheck shell=sh
# bind refuses a device that the host uses, for each kind of use.
TIERS="vm"
PHASES=1
DEVICES="nvme e1000e edu nvme"

used() { # TEXT
	run 3 check "$DEV1"
	out "$1"
	run 3 bind "$DEV1"
	err "$DEV1: in use"
	err "$1"
	check_that "its driver still has it" test "$(driver_of "$DEV1")" = nvme
}

# The name of a block device below a function.
disk_of() { # BDF
	for scn_disk in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n1; do
		echo "${scn_disk##*/}"
	done
}

phase_1() {
	# The disk of this machine itself.
	run 3 bind "$DISK_BDF"
	err "is mounted on"
	run 3 --dry-run bind "$DISK_BDF"

	disk=$(disk_of "$DEV1")
	check_that "a disk to use" test -b "/dev/$disk"
	# It discards writes: no file system can be made on it, but it can be opened.
	exec 9<"/dev/$disk"
	used "has /dev/$disk open"
	exec 9<&-
	loop=$(losetup -f)
	if losetup "$loop" "/dev/$disk" 2>/dev/null; then
		used "is made of it"
		losetup -d "$loop"
	else
		skip "a loop device on it" "this kernel has none"
	fi

	# The NIC
	modprobe e1000e
	check_that "the NIC has an interface" soon ls "/sys/bus/pci/devices/$DEV2/net"
	nic=
	for dir in "/sys/bus/pci/devices/$DEV2"/net/*; do nic=${dir##*/}; done
	if [ -z "$nic" ] || [ "$nic" = "*" ]; then
		skip "the network" "no interface"
	elif ifconfig "$nic" 10.0.0.2 netmask 255.255.255.0 up 2>/dev/null; then
		run 3 bind "$DEV2"
		err "its interface $nic has the route 10.0.0.0/24"
		err "or --force"
		# --force refuses the default route: without it, nobody could reach the host to undo the bind.
		route add default gw 10.0.0.1
		run 3 bind --force "$DEV2"
		err "its interface $nic has the default route"
		route del default
		run 0 bind --force "$DEV2"
		err "DANGEROUS: $DEV2: in use: its interface $nic has the route 10.0.0.0/24"
		run 0 unbind "$DEV2"
	else
		skip "the network" "this kernel has no IPv4"
	fi
	run 0 bind "$DEV2" "$DEV1"
	check_that "unused devices are bound" test "$(driver_of "$DEV1")" = vfio-pci
}
