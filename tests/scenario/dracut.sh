# shellcheck shell=sh
# The dracut module of the package: in an initrd that dracut makes, restore runs before udev.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="m"
PHASES=2
DEVICES="nvme e1000e"
TIMEOUT=900

image=/var/tmp/initrd.img-dracut

phase_1() {
	udev_is_done
	printf 'compress="gzip -1"\n' >/etc/dracut.conf.d/gzip.conf
	run_cmd 0 dracut -f $image "$RELEASE"
	lsinitrd $image >"$SCN_TMP/files"
	initrd_has "$SCN_TMP/files" sbin/vfio-lu sbin/vfio-lu-restore 'hooks/pre-udev/00-vfio-lu-pre-udev\.sh' 'vfio-pci\.ko'
	jump_to_debian $image
}

phase_2() { restored_early; }
