# shellcheck shell=sh
# No file of the session could be retrieved: run starts no command without files, and says what comes first.
TIERS="fake"
PHASES=2
DEVICES="edu"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	fake vanish "$DEV1"
	run 6 restore
	err "without the device: vfio-lu release --abandon --session vfio-lu"
	run 0 status
	out "incoming, partly-restored"
	run 3 run -- touch "$SCN_TMP/started"
	err "nothing of session vfio-lu is retrieved"
	run 3 run -- touch "$SCN_TMP/started" "{iommufd}"
	run 3 run --dry-run -- touch "$SCN_TMP/started"
	run 3 run --json -- touch "$SCN_TMP/started"
	out '"code": "wrong-order"'
	check_that "the command was not started" test ! -e "$SCN_TMP/started"
}
