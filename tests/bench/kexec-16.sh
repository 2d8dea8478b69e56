# shellcheck shell=sh disable=SC2034,SC2154
# The part of tests/bench/kexec.sh that runs in the virtual machine: two kexecs with 16 devices. Records the moments of
# the first, and the unavoidable kernel calls of the second.
TIERS="vm"
PHASES=3
TIMEOUT=1800
DEVICES=$(for n in $(seq 16); do printf 'nvme '; done)

all() { for n in $(seq 16); do dev "$n"; done; }
moment() { echo "vlu: ticks $1 $(ticks)" >/dev/kmsg; }

preserved() {
	# ticks tells when vfio-lu has done its part (ticks.c)
	[ -e /bin/kexec.real ] || { mv /bin/kexec /bin/kexec.real && cp /bin/ticks /bin/kexec; }
	# shellcheck disable=SC2046 # words
	run 0 preserve $(all)
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
}

timed_kexec() {
	moment called
	"$VFIO_LU" kexec
}

# strace writes one file for each process; -y shows the files behind descriptors.
traced() { # NAME ARGUMENT...
	traced_dir=$KEPT/$1
	shift
	mkdir -p "$traced_dir"
	strace -ff -ttt -T -y --seccomp-bpf -e trace=ioctl,write,sync,kexec_file_load,init_module,finit_module \
		-o "$traced_dir/trace" "$VFIO_LU" "$@"
}
traced_kexec() { traced before kexec; }

# "bench call NAME START SECONDS WHAT"
calls() { # NAME
	cat "$KEPT/$1"/trace.* | sed -n "
		s/^\([0-9.]*\) \(ioctl\|sync\|kexec_file_load\|init_module\|finit_module\)(.*<\([0-9.]*\)>\$/bench call $1 \1 \3 \2/p
		s/^\([0-9.]*\) write([0-9]*<\/sys\/.*<\([0-9.]*\)>\$/bench call $1 \1 \2 write/p"
}

phase_1() {
	# shellcheck disable=SC2046
	run 0 bind $(all)
	preserved
	run_jump_by timed_kexec
}

phase_2() {
	moment arrived
	"$VFIO_LU" restore >"$STDOUT" 2>"$STDERR" || fail restore "exit $?: $(head -n 3 "$STDERR")"
	moment restored
	check_that "16 are retrieved" test "$(grep -c '  retrieved' "$STDOUT")" = 16
	run 0 finish
	preserved
	run_jump_by traced_kexec
}

phase_3() {
	# strace would wait for a holder whose start it traced
	"$VFIO_LU" hold >/dev/null 2>&1 &
	check_that "a holder runs" soon test -S /run/vfio-lu/holder
	traced after restore >"$STDOUT" 2>"$STDERR" || fail restore "exit $?: $(head -n 3 "$STDERR")"
	calls before
	calls after
	check_that "16 are retrieved" test "$(grep -c '  retrieved' "$STDOUT")" = 16
	run 0 finish
}
