# shellcheck shell=sh
# Two devices have the same ids: bind and unbind change only the device that is named.
TIERS="fake vm"
PHASES=1
DEVICES="nvme nvme edu edu nvme"

override_of() { cat "${SCN_ROOT:-}/sys/bus/pci/devices/$1/driver_override"; }

phase_1() {
	run 0 bind "$DEV2" "$DEV4"
	out "$DEV2  bound to vfio-pci (was nvme)"
	check_that "its twins kept their driver" test "$(driver_of "$DEV1") $(driver_of "$DEV5")" = "nvme nvme"
	check_that "nor was one without a driver bound" test -z "$(driver_of "$DEV3")"
	check_that "no override was set for them" test "$(override_of "$DEV1") $(override_of "$DEV3")" = "(null) (null)"

	run 0 unbind "$DEV2" "$DEV4"
	out "$DEV2  back with nvme"
	out "$DEV4  without a driver, as it was before bind"
	check_that "no override is left" test "$(override_of "$DEV2") $(override_of "$DEV4")" = "(null) (null)"
	run 0 unbind "$DEV2"
	out "already unbound from vfio-pci (driver: nvme)"
}
