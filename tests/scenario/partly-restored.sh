# shellcheck shell=sh
# Not every device of a session is there after the kexec, or it is another one. status names run while a VMM can get
# files, and finish as soon as finish can end the session; neither of them gives up memory that came back.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu edu nvme edu edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3" "$DEV4" "$DEV5" "$DEV6"
	start_standin "open=$DEV1" memfd=1
	run 0 preserve --pid $standin --fd "$(said memfd)=ram" --session memory
	end_process $standin
	run 0 preserve "$DEV2" "$DEV3" --session pair
	run 0 preserve "$DEV4" --session alone
	run 0 preserve "$DEV5" "$DEV6" --session bound
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

# Puts another device into the slot.
replace() { echo 0x9999 >"$(readlink -f "$SCN_ROOT/sys/bus/pci/devices/$1")/device"; }

phase_2() {
	say "The device is gone, and the memory is there."
	fake vanish "$DEV1"
	run 6 restore --session memory
	out "ram  retrieved"
	err "1 of 2 files of session memory are retrieved and held"
	err "without the device: vfio-lu run --session memory, and in the end vfio-lu release --abandon --session memory"
	run 0 status
	out "incoming, partly-restored   next: vfio-lu run --session memory -- COMMAND"
	run 5 finish --session memory
	err "only this ends the session: vfio-lu release --abandon --session memory"
	err "first: vfio-lu run --session memory -- COMMAND"
	run 0 run --session memory -- "$STANDIN" "sum={ram}"
	run 0 status
	out "next: vfio-lu run --session memory -- COMMAND"
	run 0 release --abandon --session memory

	say "One of two devices is another one: run gives out the other, and finish ends the session."
	replace "$DEV3"
	run 6 restore --session pair
	run 0 status
	out "incoming, partly-restored   next: vfio-lu finish --session pair"
	run 0 run --session pair -- "$STANDIN" env=LISTEN_FDNAMES
	out "LISTEN_FDNAMES=$(printf %s "$DEV2" | tr : +)"
	run 3 run --session pair -- "$STANDIN" "bind={$DEV3}"
	err "$DEV3: it is not the device that was preserved"
	run 0 finish --session pair

	say "The only device is another one."
	replace "$DEV4"
	run 6 restore --session alone
	run 3 run --session alone -- "$STANDIN" env=LISTEN_FDNAMES
	err "$DEV4: it is not the device that was preserved"
	run 0 status
	out "incoming, partly-restored   next: vfio-lu finish --session alone"
	run 0 finish --session alone

	say "A VMM has bound the only device that is there, so finish is impossible, too."
	fake vanish "$DEV5"
	run 6 restore --session bound
	run 0 run --session bound -- "$STANDIN" "bind={$DEV6}"
	run 3 run --session bound -- "$STANDIN" "bind={$DEV6}"
	err "$DEV6: its file is bound to an iommufd already, which is possible only once, and session bound is not whole; see vfio-lu status"
	err_not "vfio-lu finish"
	run 5 finish --session bound
	err "nothing was bound; first: vfio-lu release --session bound --abandon"
	run 0 status
	out "next: vfio-lu release --session bound --abandon"
	run 0 release --session bound --abandon
	run 0 status
	out "no sessions"
}
