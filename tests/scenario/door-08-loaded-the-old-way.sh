# shellcheck shell=sh
# Door 8: an image that the old kexec_load() loaded boots, but receives no handover.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	say "vfio-lu kexec refuses an image that it did not load."
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	run 3 kexec
	err "not loaded by vfio-lu"
	err "first: vfio-lu load KERNEL"
	run 0 status
	out "$DEV1  preserved"

	say "Raw: kexec -e starts it."
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	run 0 status
	out "incoming, lost"
	out "nothing was handed over to this kernel"
	run 3 restore
	run 0 release
}
