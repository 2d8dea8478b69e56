# shellcheck shell=sh
# The cells of tests/matrix whose result the kernel decides, on a real kernel: "cell STANDING COMMAND EXIT
# NEXT-STANDING ARGUMENT...".
# tests/fake/matrix.sh checks that both have the same results.
TIERS="vm"
PHASES=3
DEVICES="nvme e1000e edu"
TIMEOUT=300

standing() {
	"$VFIO_LU" status 2>/dev/null | sed -n 's/^session .*\(outgoing\|incoming\), \([a-z-]*\).*/\2/p; s/^no sessions/none/p'
}

cell() { # STANDING COMMAND EXIT NEXT-STANDING ARGUMENT...
	scn_cell="$1 x $2" scn_next=$4
	check_that "$scn_cell: the standing before" test "$(standing)" = "${1%%.*}"
	scn_want_cell=$3
	shift 4
	run "$scn_want_cell" "$@"
	check_that "$scn_cell: then $scn_next" test "$(standing)" = "$scn_next"
}

kill_holder() {
	scn_pid=$(holder_pid)
	kill -9 "$scn_pid"
	scn_n=0
	while "$VFIO_LU" status | grep -q '^holder' && [ $scn_n -lt 100 ]; do
		scn_n=$((scn_n + 1))
		sleep 0.1 2>/dev/null || usleep 100000
	done
}

jump() {
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	cell none restore 3 none restore
	cell none preserve-same 0 held preserve "$DEV1" "$DEV2"
	cell held unbind 3 held unbind "$DEV1"
	cell held kexec 3 held kexec
	cell held restore 3 held restore
	cell held finish 3 held finish
	cell held release-one 0 held release "$DEV2"
	cell held preserve-other 0 held preserve "$DEV3"
	cell held release 0 none release
	run 0 preserve "$DEV1" "$DEV2"
	kill_holder
	cell lost.outgoing kexec 3 lost kexec
	cell lost.outgoing preserve-other 3 lost preserve "$DEV3"
	cell lost.outgoing preserve-same 0 held preserve "$DEV1" "$DEV2"
	jump
}

phase_2() {
	run 0 bind "$DEV3"
	cell waiting preserve-same 3 waiting preserve "$DEV1" "$DEV2"
	cell waiting preserve-other 3 waiting preserve "$DEV3"
	cell waiting release 3 waiting release
	cell waiting kexec 3 waiting kexec
	cell waiting finish 3 waiting finish
	cell waiting restore 0 restored restore
	cell restored restore 0 restored restore
	cell restored preserve-same 3 restored preserve "$DEV1" "$DEV2"
	cell restored unbind 3 restored unbind "$DEV1"
	cell restored kexec 3 restored kexec
	cell restored finish 0 none finish
	run 0 preserve "$DEV1" "$DEV2"
	jump
}

phase_3() {
	run 0 restore
	kill_holder
	cell lost.leaked restore 3 lost restore
	cell lost.leaked finish 3 lost finish
	cell lost.leaked unbind 3 lost unbind "$DEV1"
	cell lost.leaked preserve-same 3 lost preserve "$DEV1" "$DEV2"
	cell lost.leaked release-abandon 0 none release --abandon
}
