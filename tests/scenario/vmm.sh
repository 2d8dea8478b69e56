# shellcheck shell=sh
# A program that uses only the library preserves a device and its own memory, and ends. In the next kernel it restores
# both, binds the device to another iommufd, and reads the device and the memory.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	keep vendor "$(cat "/sys/bus/pci/devices/$DEV1/vendor")"
	keep device "$(cat "/sys/bus/pci/devices/$DEV1/device")"
	run_cmd 0 vmm preserve vm1 "$DEV1"
	out "vendor $(kept vendor) device $(kept device)"
	out "$DEV1  preserved in session vm1"
	# one context looks at the machine before and after
	out "before preserve: session unknown, nothing was handed over"
	out "after preserve: session held, nothing was handed over"
	run 0 status
	out "session  vm1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run_cmd 1 vmm restore nobody
	err "nobody"
	run_cmd 0 vmm restore vm1
	out "vendor $(kept vendor) device $(kept device)"
	out "ram: written before the kexec"
	out "before restore: session waiting, devices were handed over"
	out "after restore: session restored, devices were handed over"
	out "after finish: session unknown, nothing was handed over"

	run 0 status
	out "no sessions"
	check_that "the disk kept its driver" test "$(driver_of "$DISK_BDF")" = nvme
	check_that "the other device was left alone" test -z "$(driver_of "$DEV2")"
}
