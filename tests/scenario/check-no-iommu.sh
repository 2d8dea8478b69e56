# shellcheck shell=sh
# Without an IOMMU there is no group, and vfio-pci takes nothing, as check says.
# proof: iommu-group fail
TIERS="vm"
PHASES=1
DEVICES="edu"
KERNEL_ARGS="intel_iommu=off"

phase_1() {
	run 3 check "$DEV1"
	out "iommu-group"
	out "in no IOMMU group"
	run 1 bind "$DEV1"
	check_that "vfio-pci did not take it" test -z "$(driver_of "$DEV1")"
}
