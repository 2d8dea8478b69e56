# shellcheck shell=sh
# A driver that is being loaded has the device before its unbind file exists: bind waits for the file.
TIERS="fake vm"
NO_CALLS="how often it looks is a matter of time"
PHASES=1
DEVICES="e1000e e1000e"

# The driver has the device, and no unbind file until the next one is let go.
arrive() {
	if in_vm; then
		# The kernel holds the second one as long as its unbind from vfio-pci waits, and e1000e cannot get past it.
		run 0 bind "$DEV2"
		hide "/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$DEV2/vfio-dev")" >"$SCN_TMP/hidden" &
		hider=$!
		soon test -s "$SCN_TMP/hidden"
		echo >"/sys/bus/pci/devices/$DEV2/driver_override"
		sh -c "echo $DEV2 >/sys/bus/pci/drivers/vfio-pci/unbind" &
		check_that "an unbind waits" soon in_log "blocked until released by user"
		modprobe e1000e &
		check_that "the driver has the device" soon test -e "/sys/bus/pci/devices/$DEV1/driver"
		check_that "and cannot let go yet" test ! -e /sys/bus/pci/drivers/e1000e/unbind
	else
		modprobe e1000e
		fake probing "$DEV1"
	fi
}

goes_on() {
	if in_vm; then
		kill -9 $hider
	else
		fake probed "$DEV1"
	fi
}

phase_1() {
	arrive
	run 5 --timeout 1 bind "$DEV1"
	err "$DEV1: driver e1000e has no unbind file after 1 s; if it is still being loaded, repeat the command"
	check_that "it was left with its driver" test "$(driver_of "$DEV1")" = e1000e
	{ sleep 1; goes_on; } &
	run 0 bind "$DEV1"
	out "$DEV1  bound to vfio-pci (was e1000e)"
	check_that "it has moved" test "$(driver_of "$DEV1")" = vfio-pci
}
