# shellcheck shell=sh
# A command that waits for the lock reads the state after it has the lock. All pairs: tests/fake/pairs.sh.
TIERS="fake"
NO_CALLS="two commands at once"
PHASES=1
DEVICES="e1000e edu"

there() { # FILE
	scn_n=0
	until [ -e "$1" ] || [ $scn_n = 1000 ]; do
		scn_n=$((scn_n + 1))
		sleep 0.02
	done
}

# Halts before the lock, or with it (FAKE_LOCK), until go.
begin() { # WHEN ARGUMENT...
	scn_when=$1
	shift
	FAKE_LOCK=$scn_when:$SCN_TMP/halt "$VFIO_LU" --timeout 60 "$@" >"$SCN_TMP/said" 2>&1 </dev/null &
	begun=$!
	there "$SCN_TMP/halt"
}

go() { # STATUS
	rm "$SCN_TMP/halt"
	s=0
	wait $begun || s=$?
	cat "$SCN_TMP/said"
	check_that "it gave $1: $s" test "$s" = "$1"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD"

	say "A dry run does not read a half-done state"
	FAKE_LOCK=after:$SCN_TMP/other "$VFIO_LU" release "$DEV2" >/dev/null 2>&1 </dev/null &
	other=$!
	there "$SCN_TMP/other"
	run 5 --timeout 0 kexec --dry-run
	err "another vfio-lu command is running"
	begin busy kexec --dry-run
	rm "$SCN_TMP/other"
	wait $other
	go 3
	check_that "it saw the final state" grep -q "nothing is preserved" "$SCN_TMP/said"
	run 0 preserve "$DEV2"

	say "An unbind that hangs when kexec gets the lock would hang the kexec"
	begin before kexec
	fake stall "$DEV1" unbind
	run 5 --timeout 1 unbind "$DEV1"
	go 4
	check_that "it names the task that hangs" grep -q "is unbinding or removing a device" "$SCN_TMP/said"
	fake go "$DEV1"
	run 0 release
}
