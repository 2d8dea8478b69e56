# shellcheck shell=sh
# Ten thousand malformed requests lose nothing, and neither do two hundred commands at once.
TIERS="fake vm"
NO_CALLS="two hundred at once, in no order"
PHASES=1
DEVICES="e1000e edu edu edu"
TIMEOUT=600

# N times COMMAND at once; prints how many ended with which status.
at_once() { # N COMMAND...
	scn_n=$1
	shift
	rm -f "$SCN_TMP"/ended.*
	while [ "$scn_n" -gt 0 ]; do
		("$@" >"$SCN_TMP/said.$scn_n" 2>&1; echo $? >"$SCN_TMP/ended.$scn_n") &
		scn_jobs="$scn_jobs $!"
		scn_n=$((scn_n - 1))
	done
	# shellcheck disable=SC2086 # words
	wait $scn_jobs
	cat "$SCN_TMP"/ended.* | sort | uniq -c | awk '{ printf "%s%s times %s", (NR > 1 ? ", " : ""), $1, $2 }'
}

has_lock() { grep -q ": FLOCK  ADVISORY  WRITE $1 " /proc/locks; } # PID

phase_1() {
	scn_jobs=
	run 0 bind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
	run 0 preserve "$DEV1" --session a
	run 0 preserve "$DEV2" --session b
	before=$(holder_pid)

	run_cmd 0 hammer "$SCN_ROOT/run/vfio-lu/holder" 10000 42 a
	run 0 status
	check_that "the holder is the same" test "$(holder_pid)" = "$before"
	out "$DEV1  preserved"
	out "$DEV2  preserved"
	klog_not "$DEV1: Device will no longer be preserved"

	in_vm && crowd=200 || crowd=10
	says=$(at_once $crowd "$VFIO_LU" status)
	check_that "$crowd status at once: $says" test "$says" = "$crowd times 0"

	# Each preserves one of two devices in the same session; some time out.
	every_other() {
		if [ $((scn_n % 2)) = 0 ]; then
			"$VFIO_LU" --timeout 5 preserve "$DEV3" --session a
		else
			"$VFIO_LU" --timeout 5 preserve "$DEV4" --session a
		fi
	}
	says=$(at_once $crowd every_other)
	check_that "$crowd preserve at once end with 0 or 5: $says" \
		test "$(cat "$SCN_TMP"/ended.* | grep -cx '[05]')" = $crowd
	run 0 preserve "$DEV3" "$DEV4" --session a
	run 0 status
	for bdf in "$DEV1" "$DEV2" "$DEV3" "$DEV4"; do
		out "$bdf  preserved"
	done
	check_that "the holder is the same" test "$(holder_pid)" = "$before"

	# Another process keeps the lock.
	hammer lock "$SCN_ROOT/run/vfio-lu/lock" &
	locker=$!
	check_that "it has it" soon has_lock $locker
	run 5 --timeout 1 release --session b
	err "another vfio-lu command is running"
	run 0 status
	kill $locker
	wait $locker
	run 0 release --session a
	run 0 release --session b
	run 0 status
	out "no sessions"
	run 0 unbind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
}
