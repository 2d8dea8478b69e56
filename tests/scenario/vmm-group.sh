# shellcheck shell=sh
# A VMM has opened its device through the legacy group: preserve refuses the device and says what to change.
TIERS="vm"
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	start_standin "group=$DEV1" "open=$DEV2"
	run 3 preserve --pid "$standin"
	err "$DEV1: process $standin (standin) has it through its IOMMU group"
	err "-object iommufd,id=i -device vfio-pci,iommufd=i,host=$DEV1"
	run 3 preserve "$DEV1"
	err_not "--pid"
	run 0 status
	out "no sessions"
	# it has opened the other device through the cdev
	run 0 preserve --pid "$standin" "$DEV2"
	run 0 release
	kill -KILL "$standin"
}
