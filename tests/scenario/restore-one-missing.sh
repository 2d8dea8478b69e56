# shellcheck shell=sh
# One of three devices does not exist after the kexec: the others are restored, each command names the missing one, and
# the live update can end without it.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu edu"
# the kernel warns of what is removed before it is finished
EXPECT_LOG='pci_liveupdate_notify'

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2" "$DEV3"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

vanish() {
	if in_vm; then echo 1 >"/sys/bus/pci/devices/$1/remove"; else fake vanish "$1"; fi
}

phase_2() {
	vanish "$DEV2"
	run 0 status
	out "$DEV2  missing; no driver; the previous kernel preserved it, but it does not exist now"
	out "incoming, waiting   next: vfio-lu restore"
	run 6 restore
	err "$DEV2"
	err "$DEV2: no such PCI device any more: the previous kernel preserved it; 2 of 3 files of session vfio-lu are retrieved and held"
	err "fix: echo 1 >/sys/bus/pci/rescan, then vfio-lu restore --session vfio-lu again"
	err "in the end vfio-lu release --abandon --session vfio-lu"
	out "$DEV1  retrieved"
	out "$DEV3  retrieved"
	run 6 restore
	err "$DEV2"
	run 0 status
	out "incoming, partly-restored"
	out "$DEV1  retrieved"
	out "$DEV2  missing"
	out "$DEV3  retrieved"
	run 0 run -- "$STANDIN" "bind={$DEV1}"

	say "The session cannot be finished without the third device, and finish notices this before it binds one."
	run 5 finish
	err "$DEV2"
	run 0 run -- "$STANDIN" "bind={$DEV3}"
	run 3 kexec --dry-run
	err "session vfio-lu of the previous kernel is not finished (partly-restored)"
	run 3 release
	err "vfio-lu release --abandon"
	run 2 release --abandon "$DEV1"
	err "--abandon gives up the whole session, and takes no BDF"
	run 0 release --abandon --dry-run
	out "give up the rest of session vfio-lu"
	run 0 release --abandon
	out "$DEV1  given up: it cannot be opened before the next kexec or reboot"
	run 0 status
	out "no sessions"
}
