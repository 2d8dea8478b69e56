# shellcheck shell=sh
# A waiting session is found without a manifest and without the kernel log. It is not lost by a preserve that uses its
# name, by another session, or by a kexec, which is refused. A session that the killed holder held is reported as lost.
# Each refusal gives its reason and the next command.
TIERS="fake vm"
NO_CALLS="the rings of the two logs wrap in different ways"
PHASES=2
DEVICES="e1000e edu edu"
EXPECT_LOG='noise of an ordinary day'
TIMEOUT=400

# The beginning of the log is overwritten.
wrap_log() {
	if in_vm; then
		awk 'BEGIN { for (i = 0; i < 900; i++) printf "<7>noise of an ordinary day %0900d\n", i }' >"$SCN_TMP/noise"
		while read -r scn_line; do echo "$scn_line"; done <"$SCN_TMP/noise" >/dev/kmsg
	else
		echo '6,7000,99000000,-;noise of an ordinary day' >"$SCN_ROOT/dev/kmsg"
	fi
	[ "$TIER" != vm ] || klog_not "was preserved by previous kernel"
}

kill_holder() {
	scn_pid=$(holder_pid)
	kill -9 "$scn_pid"
	while kill -0 "$scn_pid" 2>/dev/null; do sleep 0.1; done
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	say "A second session, and an image of another program: kexec names the session and replaces the image."
	run 0 preserve "$DEV2" --session second
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	run 0 kexec --dry-run
	out "load $KERNEL with kexec_file_load once more, in place of whatever is loaded now"
	out "vfio-lu.session=second,vfio-lu"
	run_jump kexec
}

phase_2() {
	wrap_log
	rm -rf "$SCN_ROOT/var/lib/vfio-lu"
	run 0 status
	out_re "^session  vfio-lu  *incoming, waiting  *next: vfio-lu restore"
	out_re "^session  second  *incoming, waiting  *next: vfio-lu restore --session second"

	run 0 bind "$DEV3"
	run 3 preserve "$DEV3"
	err "session vfio-lu of the previous kernel is not finished (waiting); first: vfio-lu restore"
	run 0 preserve "$DEV3" --session third
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "session vfio-lu of the previous kernel is not finished (waiting); the kexec would lose it; first: vfio-lu restore"
	err "session second of the previous kernel is not finished (waiting)"
	run 3 release
	err "first: vfio-lu restore"
	run 3 finish
	err "first: vfio-lu restore"

	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	out_not "$DEV2"
	run 0 status
	out_re "^session  second  *incoming, waiting"
	run 0 finish
	run 3 kexec
	err_not "session vfio-lu"
	err "session second of the previous kernel is not finished (waiting)"
	run 0 restore --session second
	out "$DEV2  retrieved from session second"
	run 0 finish --session second
	run 0 kexec --dry-run
	out "vfio-lu.session=third"

	say "Without a manifest, a device that is in the session stays in it."
	rm "$SCN_ROOT/run/vfio-lu/third.json" "$SCN_ROOT/var/lib/vfio-lu/third.json"
	run 0 status
	out "no manifest lists it"
	run 0 preserve "$DEV1" --session third
	out "$DEV3  stays in session third; no manifest had listed it"
	run 0 status
	out "$DEV1  preserved"
	out "$DEV3  preserved"
	out_re "^session  third  *outgoing, held"

	say "The holder is killed, and no service manager restarts it."
	kill_holder
	run 0 status
	out_re "^session  third  *outgoing, lost"
	run 3 kexec
	err "session third is lost"
	run 3 release "$DEV1" --session third
	err "$DEV3: it was preserved in session third"
	run 3 kexec --dry-run
	run 3 preserve "$DEV1" --session third
	err "no process holds $DEV3"
	err "vfio-lu release --session third"
	run 0 preserve "$DEV1" "$DEV3" --session third
	run 0 kexec --dry-run
	out "vfio-lu.session=third"
	run 0 release --session third
	run 0 status
	out "no sessions"
}
