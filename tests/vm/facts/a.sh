# shellcheck shell=sh
# Finding a: the steps that preserve a device, and what the kernel preserves with the device.
TIERS=vm
PHASES=2
DEVICES="edu edu pci-testdev"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV2" "$DEV3"
	must open luo /dev/liveupdate
	must open i /dev/iommu
	must create s luo vm1

	must cdev d1 "$DEV1"
	fact "open(cdev) alone: PRESERVE_FD = ENOENT" ENOENT preserve s d1 1
	must bind d1 i
	fact "after VFIO_DEVICE_BIND_IOMMUFD: 0" 0 preserve s d1 1
	log_has "the device is registered" "$DEV1: Device will be preserved across next Live Update"
	log_has "upstream bridges are preserved with it" "$PORT1: Device will be preserved across next Live Update"

	must cdev d2 "$DEV2"
	must bind d2 i
	must attach d2 i
	fact "attach to an IOAS is harmless" 0 preserve s d2 2

	must cdev d3 "$DEV3"
	must bind d3 i
	must cdev unbound "$DEV3"
	fact "an UNBOUND fd of a device that another fd has bound is accepted" 0 preserve s unbound 3
	fact "then the bound one = EBUSY" EBUSY preserve s d3 4
	log_has "and the kernel says why" "$DEV3: Device is already preserved"

	must close s
	log_has "closing the session un-preserves" "$DEV1: Device will no longer be preserved across next Live Update"
	log_has "and the bridge too" "$PORT1: Device will no longer be preserved across next Live Update"

	must create s luo vm1
	must preserve s d1 1
	must preserve s unbound 3
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_has "the next kernel marks the device" "$DEV1: Device was preserved by previous kernel across Live Update"
	log_has "and its bridge" "$PORT1: Device was preserved by previous kernel across Live Update"
	log_lacks "not one that was given up" "$DEV2: Device was preserved by previous kernel across Live Update"
	load_vfio
	take "$DEV3"
	restore_all vm1 "$DEV1"
	must retrieve d3 s 3
	must bind d3 i
	fact "FINISH" 0 finish s
	log_has "finish makes the device ordinary" "$DEV1: Device is finished participating in Live Update"
	log_has "and its bridge" "$PORT1: Device is finished participating in Live Update"
}
