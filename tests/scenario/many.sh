# shellcheck shell=sh
# 64 devices in one session, then in 16 sessions of 4, through two kexecs: all are restored.
TIERS="vm"
PHASES=3
# the four functions of a slot are one IOMMU group, which can be bound to one iommufd only
DEVICES="edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu edu+edu+edu+edu"
TIMEOUT=900

all() {
	all_n=0
	while [ $all_n -lt 64 ]; do
		all_n=$((all_n + 1))
		dev $all_n
	done
}

# The devices of the Nth session of four: a slot.
four() { all | sed -n "$((4 * $1 - 3)),$((4 * $1))p"; }

# Runs vfio-lu and says how long it took.
timed() { # NAME ARGUMENT...
	timed_name=$1
	shift
	start=$(cut -d' ' -f1 /proc/uptime)
	# shellcheck disable=SC2086
	"$VFIO_LU" "$@" >"$STDOUT" 2>"$STDERR" || { fail "$timed_name" "exit $?: $(head -n 3 "$STDERR")"; return; }
	end=$(cut -d' ' -f1 /proc/uptime)
	pass "$timed_name"
	echo "TIME $timed_name $(echo "$start $end" | awk '{ print $2 - $1 }') s"
}

phase_1() {
	# shellcheck disable=SC2046 # words
	timed "bind 64" bind $(all)
	# shellcheck disable=SC2046
	timed "preserve 64" preserve $(all)
	run 0 status
	check_that "64 preserved" test "$(grep -c '  preserved' "$STDOUT")" = 64
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	# Data written now must survive the kexec.
	check_that "the disk is synced at once" mount -o remount,sync /disk
	printf '#!/bin/sh\nexec strace -f -qq -e trace=execve -o %s vfio-lu "$@"\n' "$KEPT/execs" >/tmp/traced
	chmod 755 /tmp/traced
	mkdir -p "$KEPT"
	VFIO_LU=/tmp/traced
	run_jump kexec
}

phase_2() {
	cat "$KEPT/execs"
	check_that "kexec executes two programs: load again, then start" test "$(grep -c 'execve(.* = 0' "$KEPT/execs")" = 3
	timed "restore 64" restore
	check_that "64 retrieved" test "$(grep -c '  retrieved' "$STDOUT")" = 64
	timed "finish 64" finish
	n=0
	while [ $n -lt 16 ]; do
		n=$((n + 1))
		# shellcheck disable=SC2046
		timed "preserve 4 of session $n" preserve --session "s$n" $(four $n)
	done
	run 0 status
	check_that "64 preserved" test "$(grep -c '  preserved' "$STDOUT")" = 64
	check_that "in 16 sessions" test "$(grep -c '^session  s[0-9]* *outgoing, held' "$STDOUT")" = 16
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	n=0
	while [ $n -lt 16 ]; do
		n=$((n + 1))
		timed "restore session $n" restore --session "s$n"
	done
	run 0 status
	check_that "64 retrieved" test "$(grep -c '  retrieved' "$STDOUT")" = 64
	n=0
	while [ $n -lt 16 ]; do
		n=$((n + 1))
		timed "finish session $n" finish --session "s$n"
	done
	run 0 status
	out "no sessions"
}
