# shellcheck shell=sh
# The module for dracut, as the README says: in what dracut makes, restore runs before udev.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="m"
PHASES=2
DEVICES="nvme e1000e"
TIMEOUT=900

image=/var/tmp/initrd.img-dracut

phase_1() {
	ln -s /usr/local/libexec/vfio-lu/dracut /usr/lib/dracut/modules.d/90vfio-lu
	# One without systemd: its early code opens /dev/liveupdate in newer ones.
	run_cmd 0 dracut --force --no-hostonly --gzip --kver "$RELEASE" --modules "base kernel-modules rootfs-block udev-rules vfio-lu" $image
	lsinitrd $image >"$SCN_TMP/files"
	initrd_has "$SCN_TMP/files" sbin/vfio-lu sbin/vfio-lu-restore 'hooks/pre-udev/00-vfio-lu-pre-udev\.sh' 'vfio-pci\.ko'
	jump_to_debian $image
}

phase_2() { restored_early; }
