# shellcheck shell=sh
# Uses by this host that no visible mount or address shows: bind names the use and its user, and changes nothing.
TIERS="vm"
PHASES=1
DEVICES="nvme nvme e1000e"
TIMEOUT=300
# Two disks that keep their data (snapshot=on), over any file that is large enough.
QEMU_ARGS="-drive if=none,id=k1,format=raw,snapshot=on,file=/proc/self/exe -device nvme,serial=vlu-k1,drive=k1,bus=pcie.0,addr=1a.0"
QEMU_ARGS="$QEMU_ARGS -drive if=none,id=k2,format=raw,snapshot=on,file=/proc/self/exe -device nvme,serial=vlu-k2,drive=k2,bus=pcie.0,addr=1b.0"
DATA=0000:00:1a.0
JOURNAL=0000:00:1b.0

disk_of() { # BDF
	for scn_disk in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n1; do
		echo "${scn_disk##*/}"
	done
}

untouched() { # BDF DRIVER
	check_that "its driver still has it" test "$(driver_of "$1")" = "$2"
	check_that "and it has no override" test "$(cat "/sys/bus/pci/devices/$1/driver_override")" = "(null)"
}

used() { # BDF TEXT
	run 3 check "$1"
	out "$2"
	run 3 bind --force "$1"
	err "$1: in use: "
	err "$2"
	untouched "$1" nvme
}

by_a_process() {
	disk=$(disk_of "$DEV1")
	exec 9<"/dev/${disk%n1}"
	used "$DEV1" "process $$ (sh) has /dev/${disk%n1} open"
	# The same devices by names that nobody knows, as a container has them
	IFS=: read -r major minor <"/sys/class/block/$disk/dev"
	mknod "$SCN_TMP/one" b "$major" "$minor"
	exec 9<"$SCN_TMP/one"
	used "$DEV1" "process $$ (sh) has $SCN_TMP/one open"
	IFS=: read -r major minor <"/sys/class/nvme/${disk%n1}/dev"
	mknod "$SCN_TMP/two" c "$major" "$minor"
	exec 9<"$SCN_TMP/two"
	used "$DEV1" "process $$ (sh) has $SCN_TMP/two open"
	exec 9<&-
}

by_a_mount() {
	data=/dev/$(disk_of "$DATA") journal=/dev/$(disk_of "$JOURNAL")
	/bin/mke2fs -q -b 4096 -O journal_dev "$journal" >"$SCN_TMP/log" 2>&1
	check_that "a file system with an external journal" /bin/mke2fs -q -b 4096 -t ext4 -J "device=$journal" "$data"
	mkdir -p "$SCN_TMP/data" /ns
	check_that "which is mounted" mount -t ext4 "$data" "$SCN_TMP/data"
	used "$DATA" "$data is mounted on $SCN_TMP/data"
	used "$JOURNAL" "$journal is the journal of a mounted file system"
	umount "$SCN_TMP/data"

	# The disk is mounted in the namespace of a process, and then in a namespace without a process.
	unshare -m sh -c "mount -t ext4 $data $SCN_TMP/data && exec sleep 1000" &
	sleeper=$!
	check_that "mounted for a process" soon grep -q "$data" "/proc/$sleeper/mounts"
	used "$DATA" "$data is mounted on $SCN_TMP/data"
	kill "$sleeper"
	wait "$sleeper"
	mount -t tmpfs none /ns
	mount --make-private /ns
	: >/ns/mnt
	unshare --mount=/ns/mnt mount -t ext4 "$data" "$SCN_TMP/data"
	run 3 bind --force "$DATA"
	err "$DATA: in use: the kernel has $data open exclusively"
	untouched "$DATA" nvme
	umount /ns/mnt
	umount /ns
}

by_md() {
	disk=$(disk_of "$DEV2")
	modprobe -a md_mod raid1
	echo md_leg >/sys/module/md_mod/parameters/new_array
	cd /sys/block/md_leg/md || return
	echo none >metadata_version
	echo raid1 >level
	echo 1 >raid_disks
	echo 8192 >component_size
	cat "/sys/class/block/$disk/dev" >new_dev
	echo 0 >"dev-$disk/slot"
	echo active >array_state
	cd /
	used "$DEV2" "md_leg is made of it"
	echo clear >/sys/block/md_leg/md/array_state
}

by_targets() {
	disk=$(disk_of "$DEV2")
	modprobe -a nvmet target_core_mod target_core_iblock
	mount -t configfs none /sys/kernel/config
	space=/sys/kernel/config/nvmet/subsystems/nqn.vlu/namespaces/1
	mkdir /sys/kernel/config/nvmet/subsystems/nqn.vlu "$space"
	printf '/dev/%s' "$disk" >"$space/device_path"
	echo 1 >"$space/enable"
	used "$DEV2" "/dev/$disk is exported by $space"
	echo 0 >"$space/enable"
	rmdir "$space" /sys/kernel/config/nvmet/subsystems/nqn.vlu

	lun=/sys/kernel/config/target/core/iblock_0/vlu
	mkdir -p "$lun"
	echo "udev_path=/dev/$disk" >"$lun/control"
	echo 1 >"$lun/enable"
	used "$DEV2" "/dev/$disk is exported by $lun"
	rmdir "$lun"
}

by_a_container() {
	modprobe e1000e
	check_that "the NIC has an interface" soon ls "/sys/bus/pci/devices/$DEV3/net"
	for dir in "/sys/bus/pci/devices/$DEV3"/net/*; do nic=${dir##*/}; done
	unshare -n sleep 1000 &
	sleeper=$!
	# sh -c: reads the links at each try, because unshare needs a moment
	check_that "a namespace of its own" soon sh -c \
		'[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$1/ns/net")" ]' sh "$sleeper"
	check_that "the interface is in it" ip link set "$nic" netns "$sleeper"
	run 3 bind "$DEV3"
	err "$DEV3: perhaps in use: its network interface is not visible; a container may have the interface"
	err "or --force"
	untouched "$DEV3" e1000e
	kill "$sleeper"
	wait "$sleeper"
	check_that "it is back" soon ls "/sys/bus/pci/devices/$DEV3/net/$nic"
}

phase_1() {
	by_a_process
	by_a_mount
	by_md
	by_targets
	by_a_container
	check_that "no process has them any more" soon vfio-lu bind "$DEV1" "$DEV2" "$DEV3" "$DATA" "$JOURNAL"
	check_that "and they go" test "$(driver_of "$DEV2") $(driver_of "$JOURNAL")" = "vfio-pci vfio-pci"
}
