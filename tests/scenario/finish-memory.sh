# shellcheck shell=sh
# finish frees memory that no VMM has taken only with --discard, and checks everything before it binds the first
# device.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	say "A device outside the session does not take the memory with it."
	start_standin memfd=1
	run 0 preserve --session RAM --pid $standin --fd "$(said memfd)=ram"
	run 0 release --session RAM "$DEV2"
	out "$DEV2  already outside session RAM"
	run 0 status
	out_re "^session  RAM  *outgoing, held"
	run 0 release --session RAM
	out "ram  no longer preserved"
	end_process $standin

	start_standin "open=$DEV1" memfd=1
	run 0 preserve --pid $standin --fd "$(said memfd)=ram"
	end_process $standin
	run 0 preserve "$DEV2" --session other
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}


phase_2() {
	run 0 restore
	run 0 status
	out "next: vfio-lu run -- COMMAND"
	run 3 finish --dry-run
	err "no process has ram"
	run 3 finish
	err "session vfio-lu: no process has ram, and finish would free the memory"
	err "vfio-lu finish --discard ram"
	klog_not "$DEV1: Device is finished participating"
	run 2 finish --discard rom
	err "session vfio-lu has no file rom"
	run 3 finish --wait --timeout 1

	say "No device was bound: a VMM can get all files."
	run 0 run -- "$STANDIN" "sum={ram}"
	run 0 status
	out "next: vfio-lu run -- COMMAND"
	say "The first VMM has ended and so no longer has the memory; the next one keeps running."
	run 3 finish
	err "no process has ram, and finish would free the memory"

	say "Of several sessions, the refusal that waiting does not cure decides the exit status."
	run 0 restore --session other
	say "--all discards a file in the session that has it."
	run 0 finish --all --discard ram --dry-run
	out "ram: give up its memory"
	out "finish LUO session vfio-lu"
	out "finish LUO session other"
	"$VFIO_LU" run --session other -- "$STANDIN" wait >/dev/null 2>&1 &
	vmm=$!
	lent() { "$VFIO_LU" status | grep -q "$DEV2 .*process $vmm"; }
	check_that "the other session is lent" soon lent
	run 5 finish --session other
	run 3 finish --all --discard rom
	err "no process has ram"
	run 3 finish --all
	err "no process has ram"
	err "process $vmm (standin) has it"
	end_process $vmm

	"$VFIO_LU" run -- "$STANDIN" "bind={$DEV1}" "sum={ram}" wait >"$SCN_TMP/said" 2>&1 &
	vmm=$!
	check_that "it has its memory" soon file_has "$SCN_TMP/said" ^sum
	run 0 finish
	end_process $vmm
	run 0 status
	out_not "session  vfio-lu"

	say "The name of a file of a session that is finished already is no obstacle."
	run 0 finish --all --discard ram
	run 0 status
	out "no sessions"
}
