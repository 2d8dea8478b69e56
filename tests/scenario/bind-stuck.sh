# shellcheck shell=sh
# A driver does not return from an unbind: the other devices are bound, the message names this device, and the command
# ends.
TIERS="fake vm"
NO_CALLS="a call that does not come back is not told"
PHASES=1
DEVICES="nvme edu nvme edu"

# No process has the device open, but its unbind waits.
stall() { # BDF
	if in_vm; then
		hide "/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$1/vfio-dev")" >"$SCN_TMP/hidden" &
		hider=$!
		soon test -s "$SCN_TMP/hidden"
	else
		fake stall "$1" unbind
	fi
}

release() { # BDF
	if in_vm; then
		kill -9 $hider
	else
		fake go "$1"
	fi
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
	stall "$DEV3"
	run 5 --timeout 10 unbind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
	err "$DEV3: write $DEV3 to /sys/bus/pci/devices/$DEV3/driver/unbind: the kernel did not return within 10 s"
	check_that "no other device is named" test "$(wc -l <"$STDERR")" = 1
	out "$DEV1  back with nvme"
	out "$DEV2  without a driver"
	out "$DEV4  without a driver"
	out_not "$DEV3"
	check_that "the first one went back" test "$(driver_of "$DEV1")" = nvme

	writer=$(sed -n 's/.*process \([0-9]*\) still waits.*/\1/p' "$STDERR")
	check_that "the process that waits is there" kill -0 "$writer"
	# The stuck device does not stop the others.
	run 0 bind "$DEV1"
	run 0 unbind "$DEV1"
	if in_vm; then
		# proof: no-pending-unbind fail
		run 4 check "$DEV2"
		out "no-pending-unbind"
	fi

	release "$DEV3"
	check_that "it ends" soon gone "$writer"
	run 0 unbind "$DEV3"
	out "$DEV3  back with nvme"
	check_that "and the same command bound the others" test "$(driver_of "$DEV3")" = nvme
}
