# shellcheck shell=sh
# There is no manifest, neither on the disk nor inside the session: the name of the session, the kernel log and the
# tokens are enough.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	say "a session without a manifest"
	start_standin "open=$DEV1" "open=$DEV2" session=vfio-lu
	check_that "and none on the disk" test ! -e "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	load_raw
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

# Without a log, nothing names the devices. The user binds them, and vfio-lu asks the kernel.
nothing_tells() {
	run 6 restore
	err "session vfio-lu is retrieved and held, but its devices are unknown"
	err "vfio-lu bind BDF"
	run 0 status
	out "partly-restored"
	out "its devices are unknown"
	run 0 bind "$DEV1"
	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	run 0 bind "$DEV2"
}

phase_2() {
	if [ "${FAKE_LOG:-whole}" != whole ]; then
		nothing_tells
	else
		run 0 status
		out "$DEV1  preserved by the previous kernel"
		out "$DEV2  preserved by the previous kernel"
		say "what a shell completes"
		run 0 --offer session
		out "vfio-lu waiting"
	fi
	run 0 restore
	err "the manifest: not in the session; session vfio-lu is restored without a manifest"
	out "$DEV1  "
	out "$DEV2  retrieved from session vfio-lu"
	run 0 status
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	run 0 finish
	run 0 status
	out "no sessions"
	run 0 unbind "$DEV1" "$DEV2"
}
