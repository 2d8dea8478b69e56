# shellcheck shell=sh
# No holder answers, but a service manager will restart it with its files: commands that may change something wait for
# it.
TIERS="fake"
NO_CALLS="the holder is not started by vfio-lu"
PHASES=1
DEVICES="e1000e edu"

phase_1() {
	# The restart takes as many seconds as a file says.
	cat >"$SCN_TMP/slow" <<-'END'
		#!/bin/sh
		sleep "$(cat "$1")"
		shift
		exec "$@"
	END
	chmod +x "$SCN_TMP/slow"
	echo 0 >"$SCN_TMP/seconds"
	managed_holder "$SCN_TMP/slow" "$SCN_TMP/seconds" "$VFIO_LU" hold
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	echo 2 >"$SCN_TMP/seconds"
	kill -9 "$(managed_pid)"
	run 0 status
	err "its service manager is starting it again"
	out_not "lost"
	run 0 preserve "$DEV2"
	run 0 status
	out "holder   process $(managed_pid)"
	out "$DEV1  preserved"
	out "$DEV2  preserved"
	check_that "exactly one new holder was started" test "$(grep -c '^start' "$SCN_TMP/manager/log")" = 2

	echo 3 >"$SCN_TMP/seconds"
	kill -9 "$(managed_pid)"
	run 5 --timeout 1 preserve "$DEV1"
	err "has not started it again"
	run 0 preserve "$DEV1"
	out "already preserved"

	say "Without an index, sessions are still recognized"
	echo 0 >"$SCN_TMP/seconds"
	rm "$SCN_ROOT/run/vfio-lu/holder.index"
	kill -9 "$(managed_pid)"
	soon managed_starts 4
	run 0 status
	out "outgoing, incomplete"
	run 0 release

	say "No command waits for a holder that ended because it held nothing"
	scn_n=0
	while [ -d "/proc/$(managed_pid)" ] && [ $scn_n -lt 100 ]; do
		scn_n=$((scn_n + 1))
		sleep 0.1
	done
	check_that "no note is left" test ! -e "$SCN_ROOT/run/vfio-lu/holder.managed"
	run 0 preserve "$DEV1"
	run 0 release
}
