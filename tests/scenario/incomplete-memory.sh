# shellcheck shell=sh
# A session has memory of a VMM, and a command was killed: the next command of status completes the session, and does
# not free the memory. If a device has disappeared, the next command gives up that device only.
TIERS="fake"
NO_CALLS="a command is killed in the middle"
PHASES=1
DEVICES="e1000e edu"

# The next command of the session, as status and kexec name it
leads_on() { # WORD...
	run 0 status
	out "ram           preserved"
	out "outgoing, incomplete   next: vfio-lu $*"
	run 3 kexec
	err "first: vfio-lu $*"
	run 0 "$@"
	run 0 status
	out "outgoing, held"
	out "ram           preserved"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	start_standin "open=$DEV1" memfd=1 memfd=1
	set -- --pid $standin --fd "$(said memfd | head -n 1)=ram"
	say "preserve is killed while the VMM runs."
	FAKE_FAULT=1:KILL FAKE_FAULT_ONLY="replace /run" "$VFIO_LU" preserve "$@" >/dev/null 2>&1
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	leads_on preserve --pid $standin

	say "A file that an interrupted preserve left open is preserved: its VMM may have ended."
	FAKE_FAULT=1:KILL FAKE_FAULT_ONLY="open /dev/liveupdate" "$VFIO_LU" preserve --pid $standin --fd "$(said memfd | tail -n 1)=twice" \
		>/dev/null 2>&1
	run 0 status
	out_re "^  twice .*an interrupted preserve left it open"
	leads_on preserve --pid $standin
	out_re "^  twice  *preserved"
	end_process $standin

	say "preserve is killed before it makes the session again."
	FAKE_FAULT=1:KILL FAKE_FAULT_ONLY="open /dev/liveupdate" "$VFIO_LU" preserve "$DEV2" >/dev/null 2>&1
	leads_on preserve "$DEV1" "$DEV2"
	cp "$SCN_ROOT/run/vfio-lu/vfio-lu.json" "$SCN_TMP/promise"

	say "release is killed after it has closed the session."
	FAKE_FAULT=1:KILL FAKE_FAULT_ONLY="send put session/vfio-lu" "$VFIO_LU" release "$DEV2" >/dev/null 2>&1
	run 0 status
	out "next: vfio-lu preserve $DEV1 $DEV2"
	run 0 preserve "$DEV1" "$DEV2"

	say "A promised device is not held any more, and has disappeared."
	run 0 release "$DEV2"
	cp "$SCN_TMP/promise" "$SCN_ROOT/run/vfio-lu/vfio-lu.json"
	fake vanish "$DEV2"
	leads_on release "$DEV2"

	say "Nothing is held any more: its memory cannot be preserved again."
	pid=$(holder_pid)
	kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	run 0 status
	out "outgoing, lost   next: vfio-lu release"
	run 0 release
	run 0 status
	out "no sessions"
}
