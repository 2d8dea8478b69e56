# shellcheck shell=sh
# Door 9: a next kernel with live updates turned off, or with another format, loses everything without a message.
TIERS="vm"
PHASES=5
DEVICES="edu"
KERNEL_ARGS="pci_liveupdate.flb=pci"
EXPECT_LOG='refcount_'
TIMEOUT=600

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	say "vfio-lu: load refuses a command line that turns live updates off, and adds missing words."
	run 3 check --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "console=ttyS0 intel_iommu=on liveupdate=off"
	out "next-cmdline"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "console=ttyS0 intel_iommu=on liveupdate=off" --dry-run
	err "liveupdate=off turns it off (next-cmdline); fix: leave liveupdate=off out"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "console=ttyS0 intel_iommu=on" --dry-run
	out "kho=on liveupdate=on"
	say "Raw: with liveupdate=off the kexec succeeds, and nothing is handed over."
	jump_raw "$(next_cmdline) liveupdate=off"
}

phase_2() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	run 0 status
	out "incoming, lost"
	out "this kernel was started without liveupdate=on"
	run 0 release
	jump_raw "$(next_cmdline | sed 's/ liveupdate=off//')"
}

phase_3() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	say "Raw: this kernel writes the list of devices as pci, the next one looks for another."
	jump_raw "$(next_cmdline | sed s/flb=pci/flb=block/)"
}

phase_4() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	klog "No incoming FLB matched pci"
	say "vfio-lu does not call the session waiting; nothing protects the device."
	run 0 status
	out "incoming, lost"
	run 3 restore
	run 0 release
	run 0 status
	out "no sessions"
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	jump_raw "$(next_cmdline | sed s/flb=block/flb=pci/)"
}

phase_5() {
	say "A kernel with the newest series does not log this. So restore asks the kernel, and gets the file."
	klog_not "$DEV1: Device was preserved by previous kernel"
	klog_not "No incoming FLB matched"
	run 0 restore
	run 0 finish
	say "Only the damage shows the difference, too late. A rehearsal of the two kernels shows it before."
	klog "refcount_t: underflow"
	run 0 status
	out "no sessions"
}
