# shellcheck shell=sh
# An Intel display: the check fails, and the kernel refuses to preserve the device.
# proof: not-intel-display fail
TIERS="vm"
DEVICES="bochs-display"
KERNEL_ARGS="pci_liveupdate.intel_display=1"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	if [ "$(cat "/sys/bus/pci/devices/$DEV1/vendor")" != 0x8086 ]; then
		skip "an Intel display" "this kernel cannot make one of QEMU's"
		return
	fi
	take "$DEV1"
	run 3 check "$DEV1"
	out "not-intel-display  an Intel display: the kernel preserves none"
	run 3 preserve "$DEV1"
	err "an Intel display"
	must open i /dev/iommu
	must cdev d1 "$DEV1"
	must bind d1 i
	must open luo /dev/liveupdate
	must create s luo vm1
	fact "not-intel-display: the kernel preserves no file of it" ENOENT preserve s d1 1
}
