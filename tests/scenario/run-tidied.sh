# shellcheck shell=sh
# /run/vfio-lu is deleted, so the holder cannot be asked. Its files are not lost: no command calls them lost or gives
# them up, and each names the next command. An empty manifest proves nothing either.
TIERS="fake"
PHASES=3
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	pid=$(holder_pid)
	rm -rf "$SCN_ROOT/run/vfio-lu"
	run 0 status
	out_re "^session  vfio-lu  *outgoing, unknown$"
	out "  next: process $pid has the session and cannot be asked: end that process"
	for command in release "release $DEV1" "preserve $DEV2"; do
		# shellcheck disable=SC2086
		run 3 $command
		err "session vfio-lu: process $pid (vfio-lu) has it open, and it cannot be asked; first: end that process (kill -KILL)"
	done
	run 3 unbind "$DEV1"
	check_that "its manifest still exists" test -s "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	kill -9 "$pid"
	check_that "the process ends" soon gone "$pid"
	run 0 status
	out_re "^session  vfio-lu  *outgoing, lost  *next: vfio-lu preserve $DEV1"
	run 0 preserve "$DEV1"
	: >"$SCN_ROOT/run/vfio-lu/vfio-lu.json"
	run 0 status
	out "$DEV1  preserved"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	: >"$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	run 0 status
	out_re "^session  vfio-lu  *incoming, waiting"
	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	run 3 preserve "$DEV2"
	err "session vfio-lu of the previous kernel is not finished (restored)"
	run 0 finish
	run 0 status
	out "no sessions"

	say "Files that are no manifests: no session can have the names of the first two."
	run 0 preserve "$DEV1"
	var=$SCN_ROOT/var/lib/vfio-lu
	for name in "vfio-lu (copy)" systemd vfio-lu-old; do cp "$var/vfio-lu.json" "$var/$name.json"; done
	run 0 status
	out_not "copy"
	out_not "systemd.json"
	out_re "^session  vfio-lu-old  *incoming, unknown  *next: vfio-lu restore --session vfio-lu-old"
	run 3 restore --session vfio-lu-old
	run 0 status
	out_re "^session  vfio-lu-old  *incoming, lost  *next: vfio-lu release --session vfio-lu-old --abandon"
	run 0 release --session vfio-lu-old --abandon
	check_that "its file is removed" test ! -e "$var/vfio-lu-old.json"
	rm "$var/vfio-lu.json"
	mkfifo "$var/vfio-lu.json"
	say "No command waits for a writer of a FIFO."
	run 0 status
	out_re "^session  vfio-lu  *outgoing, held"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	run 0 status
	out_re "^session  vfio-lu  *incoming, waiting"
	out "manifest invalid"
	run 0 restore
	run 0 finish
	run 0 status
	out "no sessions"
}
