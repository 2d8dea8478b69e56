# shellcheck shell=sh
# bind selects devices by patterns, slots and groups: each device once, no bridge, in the order of the arguments.
TIERS="fake vm"
PHASES=1
DEVICES="edu+edu+edu edu e1000e"

group_of() {
	scn_link=$(readlink "${SCN_ROOT:-}/sys/bus/pci/devices/$1/iommu_group")
	echo "${scn_link##*/}"
}

# The devices that a dry run would bind, in its order.
would() { # WANTED ARGUMENT...
	scn_wanted=$1
	shift
	run 0 bind --dry-run "$@"
	scn_got=$(sed -n 's/^\(....:..:..\..\): verify that its driver.*/\1/p' "$STDOUT" | tr '\n' ' ')
	check_that "bind $*: $scn_wanted" test "$scn_got" = "$scn_wanted "
}

phase_1() {
	would "$DEV1 $DEV2 $DEV3" 0000:01:00.*
	would "$DEV1 $DEV2 $DEV3" 01:00.*
	would "$DEV1 $DEV2 $DEV3" 0000:01:*
	would "$DEV1 $DEV2 $DEV3" 01:*.*
	would "$DEV3" 01:*.2
	would "$DEV4 $DEV1 $DEV2 $DEV3" "$DEV4" "$DEV2" --all-functions
	would "$DEV5 $DEV4" "$DEV5" "$DEV4" 0000:02:*
	would "$DEV1 $DEV2 $DEV3" --group "$(group_of "$DEV3")"
	would "$DEV4 $DEV5" --group "$(group_of "$DEV4")" --group "$(group_of "$DEV5")"

	# A pattern that matches a bridge does not select it.
	run 3 bind 0000:00:01.*
	err "$PORT1: a bridge, left out"
	err "no function except bridges matches this pattern"
	run 3 bind "$PORT1"
	err "$PORT1: a bridge; name the device behind it"
	run 3 bind 0000:7f:*
	err "0000:7f:*: no function except bridges matches this pattern"
	run 3 bind --group 999
	err "there is no IOMMU group 999"
	for word in 0000:*:00.0 "*" "*:*" 01:0*.0 01:00.?; do
		run 2 bind "$word"
		err "is not a PCI address"
	done
	run 2 bind --all-functions
	run 2 bind --group x "$DEV1"

	run 0 bind --json --all-functions "$DEV2" "$DEV4"
	out "\"$DEV2  bound to vfio-pci (was without a driver)\""
	for n in 1 2 3 4; do check_that "$(dev $n) has vfio-pci" test "$(driver_of "$(dev $n)")" = vfio-pci; done
	check_that "$DEV5 was left alone" test -z "$(driver_of "$DEV5")"
	run 0 bind 01:* 02:*
	out "$DEV3  already bound to vfio-pci"
	run 0 unbind 0000:01:* "$DEV4"
	check_that "in address order" test "$(cut -c1-12 "$STDOUT" | tr '\n' ' ')" = "$DEV1 $DEV2 $DEV3 $DEV4 "
	for n in 1 2 3 4; do check_that "$(dev $n) has no driver again" test -z "$(driver_of "$(dev $n)")"; done
}
