# shellcheck shell=sh
# A session stays held during an upgrade, removal and installation of the packages, and the kexec hands it over.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=900

still_held() { # WHAT
	check_that "$1: the same holder" test "$(systemctl show -P MainPID vfio-lu.service)" = "$scn_holder"
	run 0 status
	out "outgoing, held"
	out "$DEV1  preserved; now with vfio-pci"
	klog_not "$DEV1: Device will no longer be preserved"
}

phase_1() {
	udev_is_done
	say "The packages make initramfs-tools update every existing initrd; this one belongs to the tests."
	mv "$INITRD" /var/tmp/initrd
	rm -f /boot/initrd.img-*
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	scn_holder=$(systemctl show -P MainPID vfio-lu.service)
	check_that "systemd runs the holder" test "$scn_holder" -gt 1

	dpkg-deb -R /var/packages/vfio-lu_*.deb "$SCN_TMP/newer"
	sed -i 's/^Version: .*/&+newer/' "$SCN_TMP/newer/DEBIAN/control"
	dpkg-deb -b "$SCN_TMP/newer" "$SCN_TMP/newer.deb" >/dev/null
	run_cmd 0 dpkg -i "$SCN_TMP/newer.deb"
	still_held "upgraded"

	run_cmd 0 dpkg -r vfio-lu
	out "vfio-lu: these sessions stay held"
	out "$DEV1  preserved"
	check_that "the program is gone" test ! -e /usr/sbin/vfio-lu
	check_that "the holder is not" test -d "/proc/$scn_holder"
	run_cmd 0 dpkg -P vfio-lu
	check_that "the manifest of what is held is still there" test -e /var/lib/vfio-lu/vfio-lu.json
	run_cmd 0 dpkg -i /var/packages/vfio-lu_*.deb
	still_held "removed and installed again"
	run 0 load "$KERNEL" --initrd /var/tmp/initrd --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	udev_is_done
	check_that "the unit restored it" systemctl is-active vfio-lu-restore.service
	run 0 status
	out "incoming, restored"
	run 0 finish
	run_cmd 0 dpkg -P vfio-lu
	check_that "no session is left" test ! -e /var/lib/vfio-lu
}
