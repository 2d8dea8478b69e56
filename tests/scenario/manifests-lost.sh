# shellcheck shell=sh
# No manifest on the disk, and none inside the session: its name, the kernel's log and the tokens by convention are enough.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	"$STANDIN" "open=$DEV1" "open=$DEV2" session=vfio-lu wait >"$SCN_TMP/standin" 2>&1 &
	scn_n=0
	until grep -q '^session' "$SCN_TMP/standin" || [ $scn_n = 100 ]; do
		scn_n=$((scn_n + 1))
		sleep 0.1
	done
	check_that "a session without a manifest" grep -q '^session' "$SCN_TMP/standin"
	check_that "and none on the disk" test ! -e "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	load_raw
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	run 0 status
	out "$DEV1  preserved by the previous kernel"
	out "$DEV2  preserved by the previous kernel"
	run 0 restore
	err "the manifest: not in the session; going on with what else is known of the session"
	out "$DEV1  retrieved from session vfio-lu"
	out "$DEV2  retrieved from session vfio-lu"
	run 0 status
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	run 0 finish
	run 0 status
	out "no sessions"
	run 0 unbind "$DEV1" "$DEV2"
}
