# shellcheck shell=sh
# Finding h: an incoming device before a process has retrieved it.
TIERS=vm
PHASES=2
DEVICES="edu nvme edu e1000e"
EXPECT_LOG='WARNING: .*pci_liveupdate_notify'

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1" "$DEV2" "$DEV3" "$DEV4"
	jump_raw
}

has_driver() { # TEXT DRIVER BDF
	if [ "$(driver_of "$3")" = "$2" ]; then pass "$1"; else fail "$1" "driver '$(driver_of "$3")'"; fi
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	# Its driver probes beside us.
	soon taken_by nvme "$DEV2"
	has_driver "default driver = normal match: nvme took its preserved device" nvme "$DEV2"
	has_driver "edu: none" "" "$DEV1"
	has_driver "e1000e(=m): none" "" "$DEV4"
	if [ "$(cat "/sys/bus/pci/devices/$DEV1/driver_override")" = "(null)" ]; then
		pass "driver_override is (null)"
	else
		fail "driver_override is (null)"
	fi
	load_vfio
	take "$DEV1"
	fact "cdev open EBUSY" EBUSY cdev d1 "$DEV1"
	fact "VFIO_GROUP_GET_DEVICE_FD EBUSY" EBUSY group d1 "$DEV1"
	must close container
	must close group
	untake "$DEV1"
	has_driver "Unbind from vfio-pci of an incoming device is NOT refused" "" "$DEV1"
	modprobe e1000e
	has_driver "e1000e takes its preserved device too" e1000e "$DEV4"

	take "$DEV1" "$DEV2" "$DEV4"
	must open luo /dev/liveupdate
	must session s luo vm1
	must open i /dev/iommu
	for n in 1 2 4; do
		fact "after another driver had used the device: retrieve" 0 retrieve d$n s $n
		fact "and bind" 0 bind d$n i
	done

	log_lacks "no warning so far" "Destroying incoming-preserved device!"
	echo 1 >"/sys/bus/pci/devices/$DEV3/remove"
	log_has "sysfs remove: WARNING" "pci $DEV3: Destroying incoming-preserved device!"
	fact "its file has no device any more" ENODEV retrieve d3 s 3
}
