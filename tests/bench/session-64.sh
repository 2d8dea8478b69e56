# shellcheck shell=sh disable=SC2034,SC2154
# The part of tests/bench/session.sh that runs in the virtual machine: 64 devices in one session, then in 16 sessions
# of four. Measures each command and its ioctls. Each device has a slot and an IOMMU group of its own, since functions
# of one slot would be opened and closed in turn.
TIERS="vm"
PHASES=4
TIMEOUT=1800
DEVICES=$(for n in $(seq 64); do printf 'nvme '; done)

all() { for n in $(seq 64); do dev "$n"; done; }
four() { all | sed -n "$((4 * $1 - 3)),$((4 * $1))p"; }
now() { awk '{ print int($1 * 100) }' /proc/uptime; }

# "bench took NAME HUNDREDTHS"
took() { # NAME ARGUMENT...
	took_name=$1
	shift
	took_start=$(now)
	"$VFIO_LU" "$@" >"$STDOUT" 2>"$STDERR" || fail "$took_name" "exit $?: $(head -n 3 "$STDERR")"
	echo "bench took $took_name $(($(now) - took_start))"
}

# "bench ioctls NAME NUMBER SECONDS": from another run, because tracing takes time, and without threads, so that each
# ioctl runs alone.
ioctls() { # NAME ARGUMENT...
	ioctls_name=$1
	shift
	strace -T -e trace=ioctl,clone3 -e inject=clone3:error=EAGAIN -o "$SCN_TMP/trace" "$VFIO_LU" "$@" >"$STDOUT" 2>"$STDERR" ||
		fail "$ioctls_name" "exit $?: $(head -n 3 "$STDERR")"
	sed -n 's/^ioctl.*<\([0-9.]*\)>$/\1/p' "$SCN_TMP/trace" |
		awk -v what="$ioctls_name" '{ n++; s += $1 } END { print "bench ioctls", what, n, s }'
}

jump() {
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_1() {
	# The first call of a program reads it from the disk.
	run 0 list "$DEV1"
	# shellcheck disable=SC2046 # words
	took bind-64 bind $(all)
	run 0 preserve "$DEV1" --session first
	run 0 release --session first
	for n in 1 2 3; do
		# shellcheck disable=SC2046
		took preserve-64 preserve $(all)
		check_that "64 are preserved" test "$(grep -c '  preserved' "$STDOUT")" = 64
		"$VFIO_LU" release >/dev/null
	done
	# shellcheck disable=SC2046
	ioctls preserve-64 preserve $(all)
	jump
}

phase_2() {
	run 0 list "$DEV1"
	took restore-64 restore
	check_that "64 are retrieved" test "$(grep -c '  retrieved' "$STDOUT")" = 64
	took finish-64 finish
	# shellcheck disable=SC2046
	took preserve-64 preserve $(all)
	jump
}

phase_3() {
	run 0 list "$DEV1"
	ioctls restore-64 restore
	ioctls finish-64 finish
	for n in $(seq 8); do
		# shellcheck disable=SC2046
		took preserve-4 preserve --session "s$n" $(four "$n")
	done
	for n in $(seq 9 16); do
		# shellcheck disable=SC2046
		ioctls preserve-4 preserve --session "s$n" $(four "$n")
	done
	jump
}

phase_4() {
	run 0 list "$DEV1"
	for n in $(seq 8); do took restore-4 restore --session "s$n"; done
	for n in $(seq 9 16); do ioctls restore-4 restore --session "s$n"; done
	for n in $(seq 8); do took finish-4 finish --session "s$n"; done
	for n in $(seq 9 16); do ioctls finish-4 finish --session "s$n"; done
	run 0 status
	out "no sessions"
}
