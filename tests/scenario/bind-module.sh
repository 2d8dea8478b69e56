# shellcheck shell=sh
# vfio-pci is a module and cannot be loaded: bind has a sentence for each reason, and changes nothing.
TIERS="vm"
PHASES=1
DEVICES="nvme edu"

refused() { # STATUS TEXT
	run "$1" bind "$DEV1" "$DEV2"
	err "$2"
	out_empty
	check_that "nothing was done" test "$(driver_of "$DEV1")" = nvme
	check_that "and no module was loaded" test ! -e /sys/bus/pci/drivers/vfio-pci
}

phase_1() {
	mkdir -p /etc/modprobe.d
	conf=/etc/modprobe.d/local.conf
	echo "blacklist vfio-pci" >$conf
	refused 1 "module vfio-pci is blacklisted; look for it in /etc/modprobe.d"
	run 0 bind --dry-run "$DEV1"
	out "load module vfio-pci"
	echo "install vfio-pci /bin/false" >$conf
	refused 1 "the command of its install rule failed; look for \"install vfio-pci\" in /etc/modprobe.d"
	echo "install vfio-pci /bin/true" >$conf
	refused 1 "module vfio-pci was requested, but the kernel has no such driver: an install rule in /etc/modprobe.d may do nothing"
	rm $conf
	mv "/lib/modules/$RELEASE" /lib/modules/away
	refused 4 "this kernel has no module vfio-pci and no such driver built in"
	mv /lib/modules/away "/lib/modules/$RELEASE"

	# Other rules do no harm
	printf 'blacklist vfio\nsoftdep vfio-pci pre: nosuchmodule\noptions vfio-pci disable_idle_d3=1\n' >$conf
	run 0 bind "$DEV1" "$DEV2"
	out "$DEV1  bound to vfio-pci (was nvme)"
	check_that "with its options" test "$(cat /sys/module/vfio_pci/parameters/disable_idle_d3)" = Y
	run 0 unbind "$DEV1" "$DEV2"

	rmmod vfio-pci
	echo 1 >/proc/sys/kernel/modules_disabled
	refused 1 "the kernel refuses module vfio-pci"
}
