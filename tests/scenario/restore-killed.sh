# shellcheck shell=sh
# restore killed at many points, and run again: nothing is lost.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu edu"
TIMEOUT=600

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2" "$DEV3"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

killed=0
kill_at() { # SYSCALL N
	STATUS=0
	strace -o "$SCN_TMP/trace" -e "inject=$1:signal=KILL:when=$2" "$VFIO_LU" restore >"$STDOUT" 2>"$STDERR" || STATUS=$?
	if grep -q 'killed by SIGKILL' "$SCN_TMP/trace"; then
		killed=$((killed + 1))
		pass "killed at $1 number $2"
	else
		echo "restore ended before $1 number $2, with $STATUS"
	fi
	run 0 status
	out_not "lost"
}

phase_2() {
	# while it remembers drivers, and binds through its child processes,
	kill_at fsync 1
	kill_at renameat 1
	for n in 3 4; do kill_at write $n; done
	for n in 1 2 3; do kill_at sendmsg $n; done
	# looks for a holder, starts one and makes it retrieve the session,
	for n in 1 2 3; do kill_at sendmsg $n; done
	# retrieves the manifest, the first file, the second, and gives the third to the holder
	kill_at ioctl 1
	kill_at ioctl 2
	kill_at ioctl 3
	kill_at ioctl 3
	kill_at sendmsg 4
	check_that "it was killed at ten points: $killed" test $killed -ge 10
	run 0 restore
	run 0 status
	for bdf in "$DEV1" "$DEV2" "$DEV3"; do
		out "$bdf  retrieved"
	done
	run 0 finish
	klog_not "Unable to finish session"
}
