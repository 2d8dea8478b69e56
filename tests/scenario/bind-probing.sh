# shellcheck shell=sh
# A driver that is being loaded has the device before it can be told to let go of it: bind waits for that.
# More than one of a kind keep it busy for long enough.
TIERS="fake vm"
NO_CALLS="how often it looks is a matter of time"
PHASES=1
DEVICES="e1000e e1000e e1000e e1000e e1000e"

# The driver has the device, and no unbind file yet.
arrive() {
	if in_vm; then
		modprobe e1000e &
		loading=$!
		while [ ! -e "/sys/bus/pci/devices/$DEV1/driver" ]; do :; done
		check_that "the driver cannot let go yet" test ! -e /sys/bus/pci/drivers/e1000e/unbind
	else
		modprobe e1000e
		fake probing "$DEV1"
	fi
}

phase_1() {
	arrive
	if in_vm; then
		run 0 bind "$DEV1"
		wait $loading
	else
		run 5 --timeout 1 bind "$DEV1"
		err "$DEV1: driver e1000e has no unbind file: it was still being loaded after 1 s"
		check_that "it was left with its driver" test "$(driver_of "$DEV1")" = e1000e
		{ sleep 1; fake probed "$DEV1"; } &
		run 0 bind "$DEV1"
	fi
	out "$DEV1  bound to vfio-pci (was e1000e)"
	check_that "it has moved" test "$(driver_of "$DEV1")" = vfio-pci
}
