# shellcheck shell=sh
# Two commands run at once: a command that made its plan before it had the lock checks again under the lock.
TIERS="fake"
NO_CALLS="how long one waits for the other"
PHASES=1
DEVICES="e1000e edu"

# Runs vfio-lu, halted just before the lock until another command has ended.
late() { # ARGUMENT...
	FAKE_LOCK="before:$SCN_TMP/halt" "$VFIO_LU" "$@" >"$SCN_TMP/late" 2>&1 &
	late=$!
	soon test -e "$SCN_TMP/halt"
}

ended() { # EXPECTED-STATUS TEXT
	rm "$SCN_TMP/halt"
	scn_status=0
	wait $late || scn_status=$?
	cat "$SCN_TMP/late"
	check_that "the later command: exit $scn_status" test "$scn_status" = "$1"
	check_that "says: $2" grep -qF "$2" "$SCN_TMP/late"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	late unbind "$DEV1"
	run 0 preserve "$DEV1"
	ended 3 "$DEV1"
	check_that "no unbind waits in the kernel" test -z "$(grep 'still waits' "$SCN_TMP/late")"
	run 0 status
	out "$DEV1  preserved"
	run 0 check "$DEV1"

	late preserve "$DEV2"
	run 0 unbind "$DEV2"
	ended 3 "$DEV2"
	run 0 status
	out "$DEV1  preserved"
	out_not "$DEV2"

	late release
	run 0 release
	ended 0 "does not exist: nothing to release"
}
