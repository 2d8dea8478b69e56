# shellcheck shell=sh
# The service manager keeps 4,096 devices too, and gives them to the next holder.
TIERS="fake"
NO_CALLS="the holder is not started by vfio-lu"
PHASES=1
DEVICES="e1000e"
TIMEOUT=300

phase_1() {
	managed_holder "$VFIO_LU" hold
	socket=$SCN_ROOT/run/vfio-lu/holder
	run_cmd 0 hammer fill "$socket" 4096
	out "4096 of 4096"
	before=$(managed_pid)
	kill -9 "$before"
	soon managed_starts 2
	check_that "another process is the holder" test "$(managed_pid)" != "$before"
	run_cmd 0 hammer count "$socket" 4096
	out "4096 of 4096"
	check_that "the names of all files fit" \
		test "$(tr '\0' '\n' <"/proc/$(managed_pid)/environ" | grep '^LISTEN_FDNAMES=' | wc -c)" -lt 65536
	check_that "the manager refused no file" test "$(grep -c '^refused' "$SCN_TMP/manager/log")" = 0
	kill "$scn_manager"
	kill -9 "$(managed_pid)"
}
