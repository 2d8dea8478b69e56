# shellcheck shell=sh
# The script of the early hook and of vfio-lu-restore.service fails and names a session that it cannot restore. It
# still restores the other sessions of the command line.
TIERS="fake"
NO_CALLS="not all commands are run by the scenario"
PHASES=2
DEVICES="e1000e edu"

early() { # EXPECTED-STATUS
	mkdir -p "$SCN_TMP/bin"
	ln -sf "$VFIO_LU" "$SCN_TMP/bin/vfio-lu"
	sed "s,/proc/cmdline,$SCN_ROOT&,; s,/var/lib/vfio-lu,$SCN_ROOT&,; s,/dev/kmsg,$SCN_TMP/kmsg,g" "${BUILD%/build/*}/dist/vfio-lu-restore" >"$SCN_TMP/early"
	scn_shown="vfio-lu-restore"
	run_cmd "$1" env PATH="$SCN_TMP/bin:$PATH" sh "$SCN_TMP/early"
}

phase_1() {
	early 0
	out_empty
	err_empty
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" --session one
	run 0 preserve "$DEV2" --session two
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	# a session that does not exist, before the others; and a name behind "--", which is for init
	sed -i 's/vfio-lu.session=/&gone,/; s/$/ -- vfio-lu.session=init/' "$SCN_ROOT/proc/cmdline"
	: >"$SCN_TMP/kmsg"
	early 1
	err "the previous kernel handed over no session gone"
	check_that "the kernel log has the failure, as an error" grep -q "^<3>vfio-lu-restore: session gone cannot be restored" "$SCN_TMP/kmsg"
	err_not "init"
	out "$DEV1  retrieved from session one"
	out "$DEV2  retrieved from session two"
	early 1
	err "session gone"
	out "$DEV1  already retrieved"
	run 0 status
	out_re "^session  gone  *incoming, lost  *next: vfio-lu release"
	run 0 finish --session one
	run 0 finish --session two

	# given up: no session is lost any more
	run 0 release --abandon --session gone
	sed -i 's/vfio-lu.session=gone,[^ ]*/quiet/' "$SCN_ROOT/proc/cmdline"
	early 0
	err_empty
}
