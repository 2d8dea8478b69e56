# shellcheck shell=sh
# A systemd that knows LUO carries the session over systemctl kexec in its own, and gives it back to the holder.
TIERS="vm"
ROOT="sid"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=900

holder_pid() { "$VFIO_LU" status | sed -n 's/^holder *process \([0-9]*\).*/\1/p'; }

# What systemd keeps for the holder is there when it comes up again: after its own new start, and after the holder's end.
put_right() { # STATE OF-DEVICE
	before=$(holder_pid)
	run_cmd 0 systemctl daemon-reexec
	check_that "the holder outlives daemon-reexec" test "$(holder_pid)" = "$before"
	kill -9 "$before"
	n=0
	until { now=$(holder_pid) && [ -n "$now" ] && [ "$now" != "$before" ]; } || [ $n = 100 ]; do
		n=$((n + 1))
		sleep 0.2
	done
	check_that "a new holder came for the one that was killed" test -n "$now" -a "$now" != "$before"
	run 0 status
	out "managed by systemd"
	out "$1"
	out "$DEV1  $2"
}

phase_1() {
	run_cmd 0 systemctl --version
	out_re "^systemd \\(26[1-9]\\|2[7-9][0-9]\\|[3-9][0-9][0-9]\\)"
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 status
	out "managed by systemd"
	put_right "outgoing, held" preserved
	klog_not "$DEV1: Device will no longer be preserved"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 kexec --dry-run
	out "systemctl kexec"
	run_jump kexec
}

phase_2() {
	run 0 status
	out "incoming, waiting"
	out "process 1 (systemd) has it open"
	run 0 restore
	run 0 status
	out "managed by systemd"
	out "$DEV1  retrieved"
	put_right "incoming, restored" retrieved
	run 0 finish
	run 0 status
	out "no sessions"
}
