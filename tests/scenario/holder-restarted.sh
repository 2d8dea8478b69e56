# shellcheck shell=sh
# If a service manager keeps the files, the session survives the end of the holder.
TIERS="fake vm"
NO_CALLS="the holder is not started by vfio-lu"
PHASES=2
DEVICES="e1000e edu"

killed_and_back() {
	scn_old=$(managed_pid)
	scn_starts=$(grep -c '^ready' "$SCN_TMP/manager/log")
	kill -9 "$scn_old"
	soon managed_starts $((scn_starts + 1))
	check_that "another process is the holder" test "$(managed_pid)" != "$scn_old"
}

phase_1() {
	managed_holder "$VFIO_LU" hold
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" --session vm:1@a
	run 0 status
	out "holder   process $(managed_pid)"
	check_that "the session is stored under a name that systemd accepts" \
		grep -q '^store session/vm+1@a [0-9a-f]* direction=outgoing$' "$SCN_TMP/manager/log"
	check_that "the device is stored by a number" \
		grep -q "^store [0-9]*\.[0-9a-f]*\$" "$SCN_TMP/manager/log"
	check_that "the manager refused no file" test "$(grep -c '^refused' "$SCN_TMP/manager/log")" = 0

	killed_and_back
	run 0 status
	out "held"
	out "$DEV1  preserved"
	klog_not "$DEV1: Device will no longer be preserved"
	run 0 preserve "$DEV2" --session vm:1@a
	run 0 release "$DEV1" --session vm:1@a
	# The manager closes a dropped file too, and at once, so the kernel releases it.
	klog "$DEV1: Device will no longer be preserved across next Live Update"
	run 0 unbind "$DEV1"
	killed_and_back
	run 0 status
	out_not "$DEV1"
	out "$DEV2  preserved"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	managed_holder "$VFIO_LU" hold
	run 0 restore --session vm:1@a
	killed_and_back
	run 0 status
	out "restored"
	out "$DEV2  retrieved"
	run 0 finish --session vm:1@a
	check_that "the holder has no file and ends" soon gone "$(managed_pid)"
	run 0 status
	out "no sessions"
}
