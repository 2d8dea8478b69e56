# shellcheck shell=sh
# Door 4: if the holder is killed, its session is lost. A kexec would then preserve nothing, so kexec refuses.
TIERS="fake vm"
NO_CALLS="the fake kernel logs what the series in its newest form does not"
PHASES=2
DEVICES="e1000e"

kill_holder_of_ours() {
	pid=$(holder_pid)
	check_that "status names the holder" test -n "$pid"
	# the signals of a terminal or a shutdown do not end it
	if in_vm; then
		kill -HUP "$pid"
		kill -TERM "$pid"
		sleep 1
		check_that "SIGHUP and SIGTERM do not end it" test "$(holder_pid)" = "$pid"
		check_that "nor does the OOM killer" test "$(cat "/proc/$pid/oom_score_adj")" = -1000
		check_that "it is locked in memory" grep -q '^VmLck:.*[1-9]' "/proc/$pid/status"
		check_that "it has a session of its own" test "$(cut -d' ' -f6 "/proc/$pid/stat")" = "$pid"
		check_that "systemd's final kill spares it" grep -q '^@' "/proc/$pid/cmdline"
	fi
	kill -9 "$pid"
	soon gone "$pid"
}

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"

	kill_holder_of_ours

	run 0 status
	out "lost"
	out_not "held"
	run 3 kexec
	err "session vfio-lu is lost"
	err "vfio-lu preserve $DEV1"
	klog "$DEV1: Device will no longer be preserved across next Live Update"

	# The command that the message names.
	run 0 preserve "$DEV1"
	run 0 status
	out "held"
	run 0 kexec --dry-run
	out "kexec: kexec -e"

	run 0 release
	run 0 status
	out "no sessions"
	run 3 kexec
	err "nothing is preserved"

	run 0 preserve "$DEV1"
	kill_holder_of_ours
	say "Raw: the kexec succeeds anyway, and nothing is handed over."
	jump_raw
}

phase_2() {
	klog_not "$DEV1: Device was preserved by previous kernel"
	run 0 status
	# the newest version of the series does not log this, so restore has to ask the kernel
	out_re "incoming, lost\\|incoming, waiting"
	run 3 restore
	err_re "session vfio-lu cannot be restored\\|handed over no session vfio-lu\$"
	run 0 release
	out "its manifest is removed"
	run 0 status
	out "no sessions"
}
