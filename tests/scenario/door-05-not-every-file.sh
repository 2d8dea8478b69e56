# shellcheck shell=sh
# Door 5: the kernel preserves only the file of a cdev that is bound to an iommufd.
TIERS="vm"
PHASES=1
DEVICES="edu virtio-net nvme-sriov"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	say "Raw."
	holder 0
	load_vfio
	modprobe virtio-vfio-pci
	take "$DEV1" "$DEV3"
	TAKE=virtio_vfio_pci take "$DEV2"
	must open luo /dev/liveupdate
	must open i /dev/iommu
	must create s luo raw
	must cdev d1 "$DEV1"
	fact "raw: open alone is not enough" ENOENT preserve s d1 1
	must close d1
	must group g "$DEV1"
	fact "raw: nor is a group's file" ENOENT preserve s g 1
	for handle in g container group; do must close $handle; done
	must cdev v "$DEV2"
	must bind v i
	fact "raw: nor that of a variant of vfio-pci" ENOENT preserve s v 1
	for handle in v s luo i; do must close $handle; done

	say "vfio-lu opens, binds and preserves in this order, and refuses other files."
	run 0 preserve "$DEV1"
	run 3 preserve "$DEV2"
	err "bound to virtio_vfio_pci, not to vfio-pci"
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	must open i /dev/iommu
	must cdev pf "$DEV3"
	must bind pf i
	echo 1 >"/sys/bus/pci/devices/$DEV3/sriov_numvfs"
	vf=$(readlink "/sys/bus/pci/devices/$DEV3/virtfn0")
	vf=${vf##*/}
	run 3 preserve "$vf"
	err "not-vf"
	run 3 preserve "$PORT1"
	err "a bridge"
	run 0 status
	out "$DEV1  preserved"
	out_not "$DEV2"
	run 0 release
}
