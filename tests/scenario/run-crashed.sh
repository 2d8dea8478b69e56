# shellcheck shell=sh
# If a VMM ends right after its start, it has bound nothing: the next VMM can get the devices and the memory, and status
# does not name a command that would free the memory. If a VMM has bound the devices and has ended, status names that
# command.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	start_standin "open=$DEV1" memfd=1
	run 0 preserve --pid $standin --fd "$(said memfd)=ram" --session vm
	run 0 preserve "$DEV2"
	end_process $standin
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 restore --all
	run 1 run --session vm -- false
	run 0 status
	out "next: vfio-lu run --session vm -- COMMAND"
	out_not "--discard"
	run 3 finish --session vm
	err "give it to a VMM: vfio-lu run --session vm, or free it: vfio-lu finish --discard ram --session vm"
	run 0 run --session vm -- "$STANDIN" "sum={ram}" "bind={$DEV1}"

	say "That one bound the device and has ended, which the next run finds out."
	run 0 run --session vm -- true
	err "$DEV1: its file is bound to an iommufd already"
	run 0 status
	out "next: vfio-lu finish --session vm --discard ram"
	run 0 finish --session vm --discard ram --dry-run
	out "ram: give up its memory, which no process has"
	run 0 finish --session vm --discard ram
	out "ram  discarded"

	say "Given up: nothing is left, and nothing was finished."
	run 0 release --abandon --dry-run
	out "$DEV2: give it up: it cannot be opened before the next kexec or reboot"
	run 0 release --abandon
	run 0 status
	out "no sessions"
	run 3 finish
	err "session vfio-lu was given up in this boot; there is nothing to finish"
}
