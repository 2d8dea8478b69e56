# shellcheck shell=sh
# A kexec by another program reuses this kernel's command line, with the names of the sessions that were handed over to
# this kernel. In the next kernel, the number of the live update shows that the names are old. Without the number,
# vfio-lu believes the names until release.
TIERS="fake"
NO_CALLS="not all commands are run by the scenario"
PHASES=4
DEVICES="e1000e"

line() { sed "s/vlu.phase=[0-9]*/vlu.phase=$((PHASE + 1))/" "$SCN_ROOT/proc/cmdline"; }
early() { # EXPECTED-STATUS
	mkdir -p "$SCN_TMP/bin"
	ln -sf "$VFIO_LU" "$SCN_TMP/bin/vfio-lu"
	sed "s,/proc/cmdline,$SCN_ROOT&,; s,/var/lib/vfio-lu,$SCN_ROOT&,; s,/dev/kmsg,$SCN_TMP/kmsg,g" "${BUILD%/build/*}/dist/vfio-lu-restore" >"$SCN_TMP/early"
	scn_shown="vfio-lu-restore"
	run_cmd "$1" env PATH="$SCN_TMP/bin:$PATH" sh "$SCN_TMP/early"
}

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1" --session one
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	out "vfio-lu.session=one vfio-lu.update=1"
	run_jump kexec
}

phase_2() {
	run 0 status
	out_re "^session  one  *incoming, waiting"
	early 0
	out "$DEV1  retrieved from session one"
	run 0 finish --session one
	jump_raw "$(line)"
}

phase_3() {
	check_that "the command line was reused" grep -q 'vfio-lu.session=one vfio-lu.update=1' "$SCN_ROOT/proc/cmdline"
	run 0 status
	out "live update 2"
	out "no sessions"
	# only the kernel log shows whose handover it was
	case ${FAKE_LOG:-whole} in
	absent | unreadable) run 6 status --check ;;
	*) run 0 status --check ;;
	esac
	run 3 restore --session one
	err "one"
	early 0
	err_not "cannot be restored; see"
	run 0 status
	out "no sessions"
	# a later live update of vfio-lu has a number of its own
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1" --session two
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(line)"
	out "vfio-lu.session=two vfio-lu.update=3"
	out_not "one"
	run_jump kexec
}

phase_4() {
	run 0 status
	out_re "^session  two  *incoming, waiting"
	early 0
	out "$DEV1  retrieved from session two"
	run 0 finish --session two
	run 0 status
	out "no sessions"
	# in the form of an older program: restore asks the kernel
	sed -i 's/vfio-lu.session=.*/vfio-lu.session=older/' "$SCN_ROOT/proc/cmdline"
	run 0 status
	out_re "^session  older  *incoming, waiting"
	early 1
	err "session older cannot be restored; see"
	run 0 status
	out_re "^session  older  *incoming, lost  *next: vfio-lu release"
	run 0 release --session older --abandon
	run 0 status
	out "no sessions"
	early 0
}
