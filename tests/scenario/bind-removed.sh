# shellcheck shell=sh
# A device is removed during a bind: the command names it and binds the others. When the device is back, it can be
# bound too.
TIERS="fake vm"
NO_CALLS="who is first depends on the time of day"
PHASES=1
DEVICES="nvme edu nvme edu"

override_of() { cat "${SCN_ROOT:-}/sys/bus/pci/devices/$1/driver_override"; }

phase_1() {
	if in_vm; then
		# Each write is delayed, so that the device disappears during the command.
		run 0 bind "$DEV4"
		printf 'strace -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:delay_enter=3s vfio-lu "$@"\n' >"$SCN_TMP/slow"
		(
			while [ "$(override_of "$DEV3")" != vfio-pci ]; do :; done
			echo 1 >"/sys/bus/pci/devices/$DEV3/remove"
		) &
		scn_shown="vfio-lu bind $DEV1 $DEV2 $DEV3 $DEV4 (and $DEV3 is removed)"
		run_cmd 6 sh "$SCN_TMP/slow" bind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
		wait
	else
		run 0 bind "$DEV4"
		fake vanish-at "$DEV3" driver_override
		run 6 bind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
	fi
	err "$DEV3: it disappeared during the command (removed from the bus?)"
	err_not "could not be undone"
	out "$DEV1  bound to vfio-pci (was nvme)"
	out "$DEV2  bound to vfio-pci (was without a driver)"
	out "$DEV4  already bound to vfio-pci"
	check_that "it is gone" test ! -e "${SCN_ROOT:-}/sys/bus/pci/devices/$DEV3"
	check_that "nothing of it is remembered" test ! -e "${SCN_ROOT:-}/run/vfio-lu/driver-$DEV3"
	run 3 bind "$DEV1" "$DEV3"
	err "$DEV3: no such PCI device"

	if in_vm; then
		echo 1 >/sys/bus/pci/rescan
		run 0 bind "$DEV1" "$DEV2" "$DEV3" "$DEV4"
		out "$DEV3  bound to vfio-pci (was nvme)"
	fi
}
