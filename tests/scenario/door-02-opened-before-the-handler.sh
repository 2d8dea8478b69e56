# shellcheck shell=sh
# Door 2: if the first open of /dev/liveupdate comes before vfio-pci is registered, every open fails until the next
# kexec.
TIERS="vm"
PHASES=3
FLAVOUR=m
DEVICES="e1000e"

preserve_and_jump() {
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_1() {
	run 0 bind "$DEV1"
	preserve_and_jump
}

phase_2() {
	say "vfio-lu: restore loads vfio-pci and binds the device before it opens /dev/liveupdate."
	check_that "vfio-pci is not there yet" test ! -e /sys/bus/pci/drivers/vfio-pci
	run 0 restore
	run 0 finish
	preserve_and_jump
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	say "Raw: another process opened it first."
	holder 0
	fact "raw: the open fails" EIO open luo /dev/liveupdate
	load_vfio
	take "$DEV1"
	fact "raw: vfio-pci comes too late" EIO open luo /dev/liveupdate
	fact "raw: the device stays shut" EBUSY cdev d1 "$DEV1"

	say "vfio-lu says so, and does not open it."
	run 0 status
	out "incoming, lost"
	out "a process opened /dev/liveupdate before vfio-pci was registered"
	run 3 restore
	err "does not try again before the next kexec or reboot"
	run 4 check
	out "vfio-handler-early"
	run 0 release
}
