# shellcheck shell=sh
# A killed holder takes its session along; nobody may jump as if it were still there.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e"

holder_pid() { "$VFIO_LU" status | sed -n 's/^holder *process \([0-9]*\).*/\1/p'; }

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"

	pid=$(holder_pid)
	check_that "status names the holder" test -n "$pid"
	kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done

	run 0 status
	out "lost"
	out_not "held"
	run 3 kexec
	err "session vfio-lu is gone"
	klog "$DEV1: Device will no longer be preserved across next Live Update"

	# The way out that the message names.
	run 0 preserve "$DEV1"
	run 0 status
	out "held"
	run 0 kexec --dry-run
	out "jump: kexec -e"

	run 0 release
	run 0 status
	out "no sessions"
	run 3 kexec
	err "nothing is preserved"
	run 0 unbind "$DEV1"
}
