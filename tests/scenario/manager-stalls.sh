# shellcheck shell=sh
# A service manager that does not answer for a while only costs time: preserved devices stay preserved.
TIERS="fake"
NO_CALLS="the holder is not started by vfio-lu"
PHASES=1
DEVICES="edu edu edu edu edu edu edu edu edu edu edu edu edu edu edu"

all_preserved() {
	run 0 status
	for scn_bdf in $all; do
		out "$scn_bdf  preserved"
	done
}

phase_1() {
	managed_holder "$VFIO_LU" hold
	all="$DEV1 $DEV2 $DEV3 $DEV4 $DEV5 $DEV6 $DEV7 $DEV8 $DEV9 $DEV10 $DEV11 $DEV12 $DEV13 $DEV14"
	# shellcheck disable=SC2086 # words
	run 0 bind $all "$DEV15"
	# shellcheck disable=SC2086
	run 0 preserve $all
	kill -STOP "$scn_manager"
	run 5 preserve "$DEV15"
	err "systemd, which the holder waits for, does not answer"
	run 5 release "$DEV1"
	err "systemd, which the holder waits for, does not answer"
	run 5 release
	all_preserved
	klog_not "Device will no longer be preserved"
	kill -CONT "$scn_manager"
	# the manager stores the returned files again, and they survive
	kill -9 "$(managed_pid)"
	soon managed_starts 2
	all_preserved
	klog_not "Device will no longer be preserved"
	run 0 preserve "$DEV15"
	run 0 release
	# shellcheck disable=SC2086
	run 0 unbind $all "$DEV15"
}
