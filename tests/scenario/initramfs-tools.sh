# shellcheck shell=sh
# The hook and the script for initramfs-tools, as the README says: in what update-initramfs makes, restore runs before udev.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="m"
PHASES=2
DEVICES="nvme e1000e"
TIMEOUT=900

image=/boot/initrd.img-vfio-lu

phase_1() {
	ln -s /usr/local/libexec/vfio-lu/initramfs-tools/hook /etc/initramfs-tools/hooks/vfio-lu
	ln -s /usr/local/libexec/vfio-lu/initramfs-tools/init-top /etc/initramfs-tools/scripts/init-top/00-vfio-lu
	echo COMPRESS=gzip >/etc/initramfs-tools/conf.d/gzip
	run_cmd 0 mkinitramfs -o $image "$RELEASE"
	lsinitramfs $image >"$SCN_TMP/files"
	initrd_has "$SCN_TMP/files" sbin/vfio-lu sbin/vfio-lu-restore scripts/init-top/00-vfio-lu 'lib.*/libkmod\.so\.2' 'vfio-pci\.ko'
	unmkinitramfs $image "$SCN_TMP/unpacked"
	find "$SCN_TMP/unpacked" -path '*init-top/ORDER' -exec cat {} + >"$SCN_TMP/order"
	check_that "before udev" test "$(sed -n 's,^/scripts/init-top/\([^ ]*\).*,\1,p' "$SCN_TMP/order" | grep -x -e 00-vfio-lu -e udev | tr '\n' ' ')" = "00-vfio-lu udev "
	jump_to_debian $image
}

phase_2() { restored_early; }
