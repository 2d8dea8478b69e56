# shellcheck shell=sh
# A driver that is being loaded has the device before its unbind file exists: bind waits for the file.
TIERS="fake vm"
NO_CALLS="how often it looks is a matter of time"
PHASES=1
DEVICES="e1000e e1000e"

# The driver has the device, but no unbind file until its next probe ends.
arrive() {
	if in_vm; then
		# While the unbind of the second device from vfio-pci waits, the kernel holds its lock, and e1000e
		# waits for this lock.
		run 0 bind "$DEV2"
		hide "/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$DEV2/vfio-dev")" >"$SCN_TMP/hidden" &
		hider=$!
		soon test -s "$SCN_TMP/hidden"
		echo >"/sys/bus/pci/devices/$DEV2/driver_override"
		sh -c "echo $DEV2 >/sys/bus/pci/drivers/vfio-pci/unbind" &
		check_that "an unbind waits" soon in_log "blocked until released by user"
		modprobe e1000e &
		check_that "the driver has the device" soon test -e "/sys/bus/pci/devices/$DEV1/driver"
		check_that "and has no unbind file yet" test ! -e /sys/bus/pci/drivers/e1000e/unbind
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
	check_that "it is bound to vfio-pci" test "$(driver_of "$DEV1")" = vfio-pci
}
