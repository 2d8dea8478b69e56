# shellcheck shell=sh
# A VMM takes the retrieved file from the holder, binds it and reads the device through it.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1"
	keep vendor "$(cat "/sys/bus/pci/devices/$DEV1/vendor")"
	keep device "$(cat "/sys/bus/pci/devices/$DEV1/device")"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run_cmd 1 vmm vfio-lu "$DEV1"
	err "no holder"
	run 0 restore
	run_cmd 0 vmm vfio-lu "$DEV1"
	out "vendor $(kept vendor) device $(kept device)"

	# The kernel binds a file once, whoever asks.
	run_cmd 1 vmm vfio-lu "$DEV1"
	err "Invalid argument"
	run 0 finish
	run 0 status
	out "no sessions"
	check_that "the disk kept its driver" test "$(driver_of "$DISK_BDF")" = nvme
	check_that "the other device was left alone" test -z "$(driver_of "$DEV2")"
}
