# shellcheck shell=sh
# Without an IOMMU there is no group, and vfio-pci binds no device, as check reports.
# proof: iommu-group fail
# proof: iommu-on fail
TIERS="vm"
PHASES=1
DEVICES="edu"
KERNEL_ARGS="intel_iommu=off"

phase_1() {
	run 4 check "$DEV1"
	out "iommu-on"
	out "iommu-group"
	out "in no IOMMU group"
	run 1 bind "$DEV1"
	check_that "vfio-pci did not bind it" test -z "$(driver_of "$DEV1")"
}
