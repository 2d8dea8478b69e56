# shellcheck shell=sh
# A driver takes a device after restore has looked and before it acts, as happens while a host boots: restore takes the
# device back, and continues with the other device.
TIERS="fake vm"
NO_CALLS="a write that does not come back at once is not told by the fake kernel"
PHASES=2
DEVICES="nvme e1000e"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	check_that "no driver has it" test -z "$(driver_of "$DEV2")"
	if in_vm; then
		mkdir -p /etc/modprobe.d
		echo "softdep vfio-pci pre: e1000e" >/etc/modprobe.d/local.conf
	else
		fake brings vfio-pci e1000e
		# its first write has not returned when restore looks at the other device
		fake stall "$DEV1" driver_override
		{ sleep 1; fake go "$DEV1"; } &
	fi
	run 0 restore
	out "$DEV1  bound to vfio-pci (was nvme)"
	out "$DEV2  bound to vfio-pci"
	out "$DEV1  retrieved from session vfio-lu"
	out "$DEV2  retrieved from session vfio-lu"
	err "$DEV1: driver nvme used the device in this boot before vfio-pci did"
	run 0 finish
}
