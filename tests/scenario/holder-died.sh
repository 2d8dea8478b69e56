# shellcheck shell=sh
# The holder was killed and is not restarted: every command remembers the preserved devices until preserve or release
# settles them.
TIERS="fake"
PHASES=1
DEVICES="e1000e edu"

kill_holder() {
	pid=$(holder_pid)
	kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	kill_holder
	run 3 preserve "$DEV2"
	err "no process holds $DEV1"
	err "vfio-lu release --session vfio-lu"
	run 3 preserve "$DEV2" --json
	check_that "the fix is a command" jq -e '.error | .code == "incomplete" and .fix_argv == ["vfio-lu", "preserve", "'"$DEV1"'"]' "$STDOUT"
	run 3 release "$DEV2"
	err "$DEV1: it was preserved in session vfio-lu, and no process holds it any more"
	run 3 kexec
	err "$DEV1"
	run 0 preserve "$DEV2" --session other
	run 3 kexec
	err "session vfio-lu is lost"
	err "first: vfio-lu preserve $DEV1"

	say "Two ways to settle the loss: preserve the device again, or release it."
	run 0 preserve "$DEV1"
	run 0 kexec --dry-run
	out "vfio-lu.session=other,vfio-lu"
	kill_holder
	run 0 release
	out "was lost with its holder"
	run 3 kexec
	err "session other is lost"
	run 0 preserve "$DEV1" --session vfio-lu
	run 3 kexec
	err "session other is lost"
	run 0 release --session other
	run 0 kexec --dry-run
	out "vfio-lu.session=vfio-lu"
}
