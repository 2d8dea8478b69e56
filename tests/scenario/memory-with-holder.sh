# shellcheck shell=sh
# The holder ends after all devices are bound: the kernel finishes the session and frees the memory that no VMM has
# taken, and status and finish say so.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	start_standin "open=$DEV1" memfd=1
	run 0 preserve --pid $standin --fd "$(said memfd)=ram"
	end_process $standin
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 restore
	run 0 run -- "$STANDIN" "bind={$DEV1}"
	scn_holder=$(holder_pid)
	kill -KILL "$scn_holder"
	check_that "the holder has ended" soon gone "$scn_holder"
	# without the log, only the kernel can say so
	[ "${FAKE_LOG:-whole}" = whole ] || run 3 restore
	run 0 status
	out "and freed the memory that no process had taken"
	run 0 finish
	out "session vfio-lu  already finished: its holder ended"
	out "freed the memory"
	run 0 status
	out "no sessions"
}
