# shellcheck shell=sh
# Faults that the kill sweep (tests/fake/kill-sweep.sh) found, each at the call at which a process was killed.
TIERS="fake"
NO_CALLS="somebody is killed in the middle"
PHASES=2
DEVICES="e1000e edu"

# Kills in place of the first call with these words.
killed_at() { # WHO CALL STATUS ARGUMENT...
	export FAKE_FAULT="1:$1" FAKE_FAULT_ONLY="$2"
	shift 2
	run "$@"
	unset FAKE_FAULT FAKE_FAULT_ONLY
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	say "A device that was opened and is in no session is not preserved with the next one"
	killed_at KILL "memfd" 137 preserve "$DEV2"
	run 0 status
	out "an interrupted preserve left it open"
	run 0 preserve "$DEV1"
	out "$DEV2  left open by an interrupted preserve: its file is closed"
	run 0 release
	say "The copy on the disk is written by the repeated command"
	killed_at KILL "replace /var/lib" 137 preserve "$DEV1" "$DEV2"
	check_that "it is not there" test ! -e "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	run 0 preserve "$DEV1" "$DEV2"
	check_that "it is there" test -e "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"

	say "Devices of a session that was just closed are not preserved, even if the holder has noted it"
	killed_at KILL "send put device/vfio-lu" 137 release "$DEV1"
	run 0 status
	out "outgoing, incomplete"
	out_not "$DEV1  preserved"
	out_not "$DEV2  preserved"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD"
	run_jump kexec
}

phase_2() {
	say "A holder that dies before it asks the kernel proves nothing about the kernel's sessions"
	killed_at KILL-HOLDER "send retrieve" 1 restore
	err "the holder ended before it had session vfio-lu"
	run 0 status
	out "incoming, waiting"
	run 0 restore

	say "A finished session whose files are partly closed is finished, and finish closes the rest"
	killed_at KILL "send drop iommufd" 137 finish
	run 0 status
	out "incoming, finished"
	out "next: vfio-lu finish"
	run 3 kexec --dry-run
	run 0 finish
	run 0 status
	out "no sessions"
}
