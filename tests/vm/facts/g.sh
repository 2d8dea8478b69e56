# shellcheck shell=sh
# Finding g: when FINISH succeeds, and what a retrieved file can do.
TIERS=vm
PHASES=3
DEVICES="edu edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1" "$DEV2"
	fact "cdev path before" "/dev/vfio/devices/vfio*" link d1
	fact "fdinfo has vfio-device-syspath" "/sys/devices/*/$DEV1" fdinfo d1 vfio-device-syspath
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_has "the count of updates" "luo: Retrieved live update data, liveupdate number: 1"
	load_vfio
	take "$DEV1" "$DEV2"
	must open luo /dev/liveupdate
	must open i /dev/iommu
	must session s luo vm1
	fact "FINISH: EBUSY if any vfio fd un-retrieved" EBUSY finish s
	must retrieve d1 s 1
	fact "anon_inode after" "anon_inode:?vfio-device-liveupdate?" link d1
	fact "fdinfo has vfio-device-syspath in both" "/sys/devices/*/$DEV1" fdinfo d1 vfio-device-syspath
	fact "Unbound retrieved fd: VFIO ioctls EINVAL" EINVAL device d1 info
	fact "Unbound retrieved fd: read EINVAL" EINVAL device d1 read
	fact "RETRIEVE_FD twice: new fd" 0 retrieve again s 1
	fact "same file" yes same d1 again
	fact "RETRIEVE and BIND go together" 0 bind d1 i
	fact "BIND_IOMMUFD is EINVAL the second time" EINVAL bind d1 i
	must open i2 /dev/iommu
	fact "with another iommufd too" EINVAL bind again i2
	fact "bound it is an ordinary device file" 0 device again info
	fact "FINISH: EBUSY if any vfio fd un-retrieved" EBUSY finish s
	must retrieve d2 s 2
	fact "FINISH: EBUSY if retrieved-but-not-bound" EBUSY finish s
	must bind d2 i
	must close d2
	must create t luo vm2
	fact "Re-preserve before finish EBUSY" EBUSY preserve t d1 1
	fact "success only when every device is bound (user fd may already be closed)" 0 finish s
	fact "2nd FINISH: 0" 0 finish s
	fact "RETRIEVE_FD after finish ENOENT" ENOENT retrieve x s 1
	fact "after finish OK (chain works)" 0 preserve t d1 1
	jump_raw
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_has "the count of updates" "luo: Retrieved live update data, liveupdate number: 2"
	log_lacks "a finished device is not preserved by itself" "$DEV2: Device was preserved"
	restore_all vm2 "$DEV1"
	fact "chain works" 0 finish s
}
