# shellcheck shell=sh
# The holder does not inherit the files of the caller, and signals that the caller ignores cause no failure.
TIERS="fake"
PHASES=2
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	(
		exec 9>"$SCN_TMP/runbook.lock"
		flock 9
		run 0 preserve "$DEV1"
		scn_result
	)
	check_that "the lock of the runbook is free when it has ended" flock -n "$SCN_TMP/runbook.lock" true
	run_cmd 0 env --ignore-signal=CHLD "$VFIO_LU" load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 restore
	run_cmd 0 env --ignore-signal=CHLD "$VFIO_LU" run --finish -- "$STANDIN" "bind={$DEV1}"
	n=0
	until ! holder_pid | grep -q . || [ $n = 50 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	run 0 status
	out "no sessions"
}
