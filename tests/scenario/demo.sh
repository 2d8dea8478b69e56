# shellcheck shell=sh
# The main job, from a device that is not bound yet to the third kernel.
TIERS="fake vm"
PHASES=3
DEVICES="e1000e edu"
TIMEOUT=300

phase_1() {
	say "The machine: an Intel NIC behind a root port, and an NVMe disk with its ordinary driver."
	run 0 list
	out "$DEV1"

	say "Can the NIC take part in a live update? Not yet."
	run 3 check "$DEV1"
	out "driver-vfio-pci"
	out "fix: vfio-lu bind $DEV1"

	say "Run the command that check names, and check again."
	run 0 bind "$DEV1"
	out "bound to vfio-pci"
	run 0 check "$DEV1"
	out "preservable"

	say "Put its file into a live update session and keep the session."
	run 0 preserve "$DEV1"
	out "preserved in session vfio-lu"
	run 0 status
	out "held"
	out "$DEV1  preserved"

	say "Load the next kernel so that state is handed over, and start it."
	run 0 load "$KERNEL" --initrd "$INITRD" --append "vlu.phase=$((PHASE + 1))"
	out "with handover"
	run_jump kexec
}

phase_2() {
	say "The next kernel. No driver has touched the device yet."
	run 0 status
	out "waiting"
	out "$DEV1  preserved"
	klog "$DEV1: Device was preserved by previous kernel across Live Update"

	say "Bind it, retrieve its file, keep it."
	run 0 restore
	out "retrieved"
	run 0 status
	out "restored"
	out "$DEV1  retrieved"

	say "No VMM takes it here, so finish binds it and ends the live update."
	run 0 finish
	out "finished"
	run 0 status
	out "no sessions"
	klog "$DEV1: Device is finished participating in Live Update"
	check_that "the disk kept its driver" test "$(driver_of "$DISK_BDF")" = nvme

	say "The same device once more, for a third kernel."
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --append "vlu.phase=$((PHASE + 1))"
	run_jump kexec
}

phase_3() {
	say "The third kernel."
	run 0 restore
	run 0 finish
	run 0 status
	out "no sessions"
	run 0 unbind "$DEV1"
}
