# shellcheck shell=sh
# The manifest has another device at one address, and lacks a device: the other devices are usable, and restore names
# these two.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2"
	sed 's/"0x10d3"/"0x10d4"/' "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json" >"$SCN_TMP/manifest"
	check_that "it is another device now" grep -q 0x10d4 "$SCN_TMP/manifest"
	run 0 release
	say "a session that the scenario makes"
	start_standin "manifest=$SCN_TMP/manifest" "open=$DEV1" "open=$DEV2" "open=$DEV3" session=vfio-lu
	load_raw
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	run 6 restore
	err "$DEV1: retrieved, but it is not the device that was preserved: another vendor or device id"
	err "1 of 2 files of session vfio-lu are retrieved and held"
	out "$DEV2  retrieved from session vfio-lu"
	run 0 status
	out "$DEV1  another device than the one preserved"
	out "$DEV2  retrieved"
	out "$DEV3"
	say "The kernel does not finish the session without the third device, which the manifest lacks."
	run 6 finish
	err "session vfio-lu cannot be finished: no process has retrieved $DEV3"
	err "no VMM can use the files of $DEV1 $DEV2 any more"
	run 0 status
	out "$DEV2  bound to an iommufd"
}
