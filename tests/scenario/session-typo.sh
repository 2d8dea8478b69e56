# shellcheck shell=sh
# If a session does not exist, the exit status is 3, nothing changes, and the message lists the existing sessions. A
# restored session that no VMM uses yet is not a failure.
TIERS="fake"
NO_CALLS="the fake kernel puts a device to sleep when told"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	run 0 preserve "$DEV2" --session two
	run 3 release --session typo
	err "there is no session typo; the sessions are: two vfio-lu"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	for command in restore finish release "run"; do
		if [ $command = run ]; then run 3 run --session typo -- true; else run 3 $command --session typo; fi
		err "there is no session typo; the sessions are: two vfio-lu"
	done
	check_that "no driver was taken from a device" test -z "$(driver_of "$DEV1")$(driver_of "$DEV2")"
	run 0 restore
	check_that "nor from a device of another session" test -z "$(driver_of "$DEV2")"
	run 0 restore --session two
	fake power "$DEV1" D3hot
	run 3 check -v "$DEV1"
	out "in D3hot: no process has used it since the kexec"
	out_not "shut down the VM"
	run 0 finish
	run 0 finish --session two
	run 3 finish --session typo
	err "there are none"
}
