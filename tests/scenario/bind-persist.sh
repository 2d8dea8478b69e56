# shellcheck shell=sh
# bind --persist binds a device at every boot, by driverctl or udev; unbind --persist ends this.
TIERS="fake vm"
PHASES=1
DEVICES="nvme edu nvme"

phase_1() {
	etc=${SCN_ROOT:-}/etc
	run 4 bind --persist "$DEV1"
	err "there is neither driverctl nor /etc/udev/rules.d"
	check_that "it was not bound either" test "$(driver_of "$DEV1")" = nvme

	mkdir -p "$etc/udev/rules.d"
	rule=/etc/udev/rules.d/05-vfio-lu-$DEV1.rules
	run 0 bind --dry-run --persist "$DEV1"
	out "$DEV1: give it to vfio-pci at every boot, by $rule"
	check_that "nothing was written" test -z "$(ls "$etc/udev/rules.d")"
	run 0 bind --persist "$DEV1" "$DEV2"
	out "$DEV1  bound to vfio-pci (was nvme)"
	out "$DEV1  to be bound at every boot, by $rule"
	check_that "the rule is about this one" grep -q "KERNEL==\"$DEV1\".*ATTR{driver_override}=\"vfio-pci\"" "${SCN_ROOT:-}$rule"
	check_that "others may read it" test "$(stat -c %a "${SCN_ROOT:-}$rule")" = 644
	run 0 bind --persist "$DEV1"
	out "$DEV1  already bound to vfio-pci"
	out "$DEV1  already bound at every boot"
	run 0 list --no-headings --columns bdf,persist "$DEV1" "$DEV3"
	out "$DEV1  yes"
	out "$DEV3  no"

	# The device is back with its driver, but will be bound again at the next boot: unbind says so.
	run 0 unbind "$DEV1"
	out "$DEV1  back with nvme"
	err "$DEV1: $rule gives it to vfio-pci again at the next boot"
	check_that "the rule is there" test -e "${SCN_ROOT:-}$rule"
	run 0 unbind --persist "$DEV1" "$DEV2"
	out "$DEV1  already unbound from vfio-pci"
	out "$DEV1  no longer to be bound at boot"
	out "$DEV2  without a driver, as it was before bind"
	check_that "no rule is left" test -z "$(ls "$etc/udev/rules.d")"

	# driverctl, if it is there
	mkdir -p "$etc/driverctl.d" "${SCN_ROOT:-}/usr/lib/udev/rules.d"
	: >"${SCN_ROOT:-}/usr/lib/udev/rules.d/05-driverctl.rules"
	run 0 bind --persist "$DEV3"
	out "$DEV3  to be bound at every boot, by /etc/driverctl.d/pci-$DEV3"
	check_that "in the form of driverctl" test "$(cat "$etc/driverctl.d/pci-$DEV3")" = vfio-pci
	run 0 list --json "$DEV3"
	out '"persist": true'
	run 0 unbind --persist "$DEV3"
	check_that "none of its files is left" test -z "$(ls "$etc/driverctl.d")"
	echo uio_pci_generic >"$etc/driverctl.d/pci-$DEV3"
	run 3 bind --persist "$DEV3"
	err "gives it to uio_pci_generic at every boot"
	check_that "it was not bound either" test "$(driver_of "$DEV3")" = nvme

	# If the rule cannot be written, nothing is changed.
	rm "$etc/driverctl.d/pci-$DEV3"
	rmdir "$etc/driverctl.d"
	: >"$etc/driverctl.d"
	run 1 bind --persist "$DEV3"
	err "cannot read /etc/driverctl.d/pci-$DEV3: Not a directory"
	check_that "it was not bound" test "$(driver_of "$DEV3")" = nvme
}
