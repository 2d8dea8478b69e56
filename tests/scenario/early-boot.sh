# shellcheck shell=sh
# restore runs in an initrd that also has nvme, which would take the device.
TIERS="vm"
PHASES=2
DEVICES="nvme e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 preserve "$DEV3" --session vm-2
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) vlu.early=1 vfio-lu.session=vfio-lu,vm-2"
	run_jump kexec
}

phase_2() {
	cat /run/early.log
	klog ": pci function $DEV1"
	run 0 status
	for bdf in "$DEV1" "$DEV2" "$DEV3"; do
		out "$bdf  retrieved; now with vfio-pci"
	done
	say "A driver that is loaded now does not get the devices."
	modprobe e1000e
	check_that "e1000e did not" test "$(driver_of "$DEV2")" = vfio-pci
	say "Again, as the unit on the root file system does: nothing is left to do."
	run_cmd 0 vfio-lu-restore
	run 0 finish
	run 0 finish --session vm-2
	say "And again: the session on the command line is finished."
	run_cmd 0 vfio-lu-restore
	out "session vfio-lu  already finished"
	out "session vm-2  already finished"
	run 0 unbind "$DEV1"
	check_that "it is bound to nvme again" test "$(driver_of "$DEV1")" = nvme
}
