# shellcheck shell=sh
# A kernel log without the message about a device proves nothing: another kernel may use other words.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	sed -i 's/Device was preserved by previous kernel across Live Update/Device came over/' "$SCN_ROOT/dev/kmsg"
	run 0 status
	out "incoming, waiting   next: vfio-lu restore"
	say "bind refuses a waiting device that the log does not mention."
	run 3 bind "$DEV1"
	err "$DEV1: in session vfio-lu (waiting); first: vfio-lu restore"
	rm -r "$SCN_ROOT/var/lib/vfio-lu"
	run 0 status
	out "incoming, waiting   next: vfio-lu restore"
	run 0 restore
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	run 3 unbind "$DEV1"
	err "in session vfio-lu (restored), an unbind would hang; first: vfio-lu finish"
	run 0 finish
	run 0 status
	out "no sessions"
}
