# shellcheck shell=sh
# The hook and the script of the package for initramfs-tools: in an initrd that update-initramfs makes, restore runs
# before udev.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="m"
PHASES=2
DEVICES="nvme e1000e"
TIMEOUT=900

phase_1() {
	udev_is_done
	say "mkinitramfs reads the kernel's configuration for the compression; without one, the kexec shows that the kernel unpacks it."
	[ -f "/boot/config-$RELEASE" ] || echo CONFIG_RD_GZIP=y >"/boot/config-$RELEASE"
	printf 'COMPRESS=gzip\nCOMPRESSLEVEL=1\n' >/etc/initramfs-tools/conf.d/gzip
	run_cmd 0 update-initramfs -u -k "$RELEASE"
	lsinitramfs "$INITRD" >"$SCN_TMP/files"
	initrd_has "$SCN_TMP/files" sbin/vfio-lu sbin/vfio-lu-restore scripts/init-top/00-vfio-lu 'lib.*/libkmod\.so\.2' 'vfio-pci\.ko'
	unmkinitramfs "$INITRD" "$SCN_TMP/unpacked"
	find "$SCN_TMP/unpacked" -path '*init-top/ORDER' -exec cat {} + >"$SCN_TMP/order"
	check_that "before udev" test "$(sed -n 's,^/scripts/init-top/\([^ ]*\).*,\1,p' "$SCN_TMP/order" | grep -x -e 00-vfio-lu -e udev | tr '\n' ' ')" = "00-vfio-lu udev "
	jump_to_debian "$INITRD"
}

phase_2() { restored_early; }
