# shellcheck shell=sh
# A real udevd reads the rule of bind --persist: the device is bound at the next boot, before and after a driver has
# taken it. unbind --persist ends this.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="m"
PHASES=3
DEVICES="nvme e1000e edu nvme"
TIMEOUT=1200

# Prints all of udevd's log since this kernel started.
settle() {
	udev_is_done
	printf '%s\n' "$(driver_of "$DEV1") $(driver_of "$DEV2") $(driver_of "$DEV3") $(driver_of "$DEV4")"
}

phase_1() {
	settle
	check_that "without a rule each device has its own driver" test "$(driver_of "$DEV1") $(driver_of "$DEV2")" = "nvme e1000e"
	run 0 bind --persist "$DEV1" "$DEV2" "$DEV3"
	out "$DEV1  to be bound at every boot, by /etc/udev/rules.d/"
	out "$DEV2  to be bound at every boot, by /etc/udev/rules.d/"
	jump_raw
}

phase_2() {
	settle
	check_that "vfio-pci has them" test "$(driver_of "$DEV1") $(driver_of "$DEV2") $(driver_of "$DEV3")" = \
		"vfio-pci vfio-pci vfio-pci"
	check_that "and no other" test "$(driver_of "$DEV4") $(driver_of "$DISK_BDF")" = "nvme nvme"
	run 0 list --no-headings --columns bdf,driver,persist "$DEV1" "$DEV4"
	out_re "$DEV1 *vfio-pci *yes"
	out_re "$DEV4 *nvme *no"
	run 0 check "$DEV1" "$DEV2" "$DEV3"
	# The previous drivers of the devices are not known: matching drivers bind them.
	run 0 unbind --persist "$DEV1" "$DEV2" "$DEV3"
	out "$DEV1  back with nvme"
	out "$DEV2  back with e1000e"
	out "$DEV1  no longer to be bound at boot"
	check_that "no rule is left" test -z "$(ls /etc/udev/rules.d)"
	jump_raw
}

phase_3() {
	settle
	check_that "each device has its own driver again" test "$(driver_of "$DEV1") $(driver_of "$DEV2") $(driver_of "$DEV3")" = \
		"nvme e1000e "
	run 0 list --no-headings --columns bdf,persist "$DEV1"
	out "$DEV1  no"
}
