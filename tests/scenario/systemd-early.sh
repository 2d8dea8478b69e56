# shellcheck shell=sh
# vfio-lu-restore.service on the root file system: restore runs before udev begins to load drivers.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=600

# Prints microseconds since the start of the kernel.
when() { systemctl show -P "$1" "$2"; }

phase_1() {
	udev_is_done
	check_that "the unit is well-formed" systemd-analyze --man=no verify vfio-lu-restore.service
	check_that "the package has enabled it" systemctl is-enabled vfio-lu-restore.service
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	run 0 preserve "$DEV2" --session vm-2
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run_cmd 0 systemctl status --no-pager vfio-lu-restore.service
	check_that "it succeeded" test "$(systemctl show -P Result vfio-lu-restore.service)" = success
	ended=$(when ExecMainExitTimestampMonotonic vfio-lu-restore.service)
	begun=$(when InactiveExitTimestampMonotonic systemd-udev-trigger.service)
	check_that "it was done at $ended, before udev looked for drivers at $begun" \
		test "$ended" -gt 0 -a "$ended" -lt "$begun"
	run 0 status
	out "$DEV1  retrieved; now with vfio-pci"
	out "$DEV2  retrieved; now with vfio-pci"
	out "managed by systemd"
	say "udev has handled all devices, and e1000e did not bind one."
	udev_is_done
	run_cmd 0 modprobe e1000e
	check_that "vfio-pci has it" test "$(driver_of "$DEV1")" = vfio-pci
	klog_not "e1000e $DEV1"
	run 0 finish
	run 0 finish --session vm-2
	run 0 status
	out "no sessions"
}
