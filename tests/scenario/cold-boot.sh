# shellcheck shell=sh
# A manifest is on the disk after a cold boot, and the beginning of the kernel log is overwritten: no session waits, no
# driver loses a device, and release removes the manifest.
TIERS="fake"
PHASES=2
DEVICES="e1000e nvme"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	# like a reset: nothing is handed over
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	echo '6,7000,99000000,-;usb 1-1: new high-speed USB device number 2 using xhci_hcd' >"$SCN_ROOT/dev/kmsg"
	run 0 status
	out "incoming, lost   next: vfio-lu release"
	run 3 restore
	err "nothing was handed over to this kernel"
	err "first: vfio-lu release"
	check_that "the disk still has its driver" test "$(driver_of "$DEV2")" = nvme
	run 3 finish
	err "; first: vfio-lu release"

	say "The old manifest prevents nothing: this kernel can preserve devices, and release removes the manifest."
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1" --session new
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 kexec --dry-run
	out_not "session vfio-lu"
	run 0 release
	out "its manifest is removed"
	run 0 status
	out_not "session  vfio-lu"
	run 0 preserve "$DEV1" --session new
	out "already preserved"
}
