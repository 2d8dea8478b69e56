# shellcheck shell=sh
# Another program loads an image after vfio-lu load, or unloads the image: kexec loads its own image again, and says
# so.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_cmd 0 kexec -s -u
	run 0 kexec --dry-run
	out "load $KERNEL with kexec_file_load once more, in place of whatever is loaded now"
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=single"
	# a session that was preserved after the load is on the next kernel's command line too
	run 0 preserve "$DEV2" --session later
	run 0 kexec --dry-run
	out "load $KERNEL with kexec_file_load once more, in place of whatever is loaded now"
	out "vfio-lu.session=later,vfio-lu"
	run_jump kexec
}

phase_2() {
	check_that "the image is ours" grep -q 'vlu.phase=2 vfio-lu.session=later,vfio-lu' "$SCN_ROOT/proc/cmdline"
	run 0 restore
	run 0 restore --session later
	run 0 finish
	run 0 finish --session later
	run 0 status
	out "no sessions"
}
