# shellcheck shell=sh
# Door 9: a next kernel that was told not to, or that speaks another format, loses everything without a word.
TIERS="vm"
PHASES=4
DEVICES="edu"
KERNEL_ARGS="pci_liveupdate.flb=block"
TIMEOUT=600

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	say "vfio-lu: what a command line lacks is seen, and load adds it."
	run 3 check --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "console=ttyS0"
	out "next-cmdline"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "console=ttyS0 liveupdate=off" --dry-run
	out "liveupdate=off kho=on liveupdate=on"
	say "Raw: with liveupdate=off the jump succeeds, and nothing came along."
	jump_raw "$(next_cmdline) liveupdate=off"
}

phase_2() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	run 0 status
	out "incoming, lost"
	out "this kernel was handed none of its devices"
	run 0 release
	jump_raw "$(next_cmdline | sed 's/ liveupdate=off//')"
}

phase_3() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	say "Raw: this kernel writes the list of devices as block, the next one looks for another."
	jump_raw "$(next_cmdline | sed 's/pci_liveupdate.flb=block//')"
}

phase_4() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	klog "No incoming FLB matched pci"
	say "vfio-lu does not call that waiting; nothing protects the device."
	run 0 status
	out "incoming, lost"
	run 3 restore
	run 0 release
	run 0 status
	out "no sessions"
}
