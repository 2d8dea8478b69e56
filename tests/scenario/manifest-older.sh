# shellcheck shell=sh
# The manifest on the disk is of an earlier live update: the disk was read-only, or is an older copy. The manifest does
# not outweigh the command line, which names the session, and its devices are in no session.
TIERS="fake"
PHASES=4
DEVICES="e1000e"

var=${SCN_ROOT:-}/var/lib/vfio-lu

image() { run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"; }
# Puts the first manifest back, as if nothing had been written to the disk since.
put_back() { kept one >"$var/one.json"; }

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1" --session one
	keep one "$(cat "$var/one.json")"
	image
	run_jump kexec
}

phase_2() {
	say "finish could not remove the manifest from the disk. The session is over all the same."
	run 0 restore --all
	run 0 finish --all
	put_back
	run 0 status
	out "no sessions"
	run 0 status --check
	run 0 preserve "$DEV1" --session one
	image
	put_back
	run_jump kexec
}

phase_3() {
	check_that "the command line names it" grep -q 'vfio-lu.session=one vfio-lu.update=2' "$SCN_ROOT/proc/cmdline"
	run 0 status
	out_re "^session  one  *incoming, waiting  *next: vfio-lu restore --session one"
	out "manifest missing"
	out_not "lost"
	run 3 release --session one
	err "session one of the previous kernel is not finished (waiting)"
	run 0 restore --session one
	out "$DEV1  retrieved from session one"
	run 0 finish --session one
	run 0 preserve "$DEV1"
	image
	rm "$var/vfio-lu.json"
	put_back
	run_jump kexec
}

phase_4() {
	run 0 status
	out_re "^session  one  *incoming, lost  *next: vfio-lu release --session one"
	out "its manifest was made for another live update"
	out_re "^session  vfio-lu  *incoming, waiting"
	# without a log, no source names the device before restore
	if [ "${FAKE_LOG:-whole}" = whole ]; then
		run 3 bind "$DEV1"
		err "$DEV1: in session vfio-lu (waiting); first: vfio-lu restore"
	fi
	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	run 0 finish
	run 0 release --session one
	check_that "the older manifest is removed" test ! -e "$var/one.json"
	run 0 status
	out "no sessions"
}
