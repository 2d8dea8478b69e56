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
	say "vfio-lu: what a command line turns off is seen and refused; what it lacks, load adds."
	run 3 check --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "console=ttyS0 intel_iommu=on liveupdate=off"
	out "next-cmdline"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "console=ttyS0 intel_iommu=on liveupdate=off" --dry-run
	err "liveupdate=off turns it off (next-cmdline); fix: leave liveupdate=off out"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "console=ttyS0 intel_iommu=on" --dry-run
	out "kho=on liveupdate=on"
	say "Raw: with liveupdate=off the jump succeeds, and nothing came along."
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
	say "vfio-lu does not call that waiting; nothing protects the device."
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
	say "A kernel of the newest form says nothing of it. Its log is no witness, so restore asks it, and gets the file."
	klog_not "$DEV1: Device was preserved by previous kernel"
	klog_not "No incoming FLB matched"
	run 0 restore
	run 0 finish
	say "Damage is all that tells, too late: only a rehearsal of the two tells before."
	klog "refcount_t: underflow"
	run 0 status
	out "no sessions"
}
