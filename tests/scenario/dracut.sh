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
	for file in sbin/vfio-lu sbin/vfio-lu-restore 'hooks/pre-udev/00-vfio-lu-pre-udev\.sh' 'vfio-pci\.ko'; do
		check_that "it has $file" grep -q "$file" "$SCN_TMP/files"
	done
	for library in $(ldd /usr/local/sbin/vfio-lu | sed -n 's,.*=> .*/\([^ ]*\) .*,\1,p'); do
		check_that "it has $library" grep -q "/$library" "$SCN_TMP/files"
	done

	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	# This time Debian boots by itself, so what the machine's own init did is to be found on the disk.
	sed -i "s/^export PHASE=.*/export PHASE='2'/" /tests/environment
	sed -i '2i stty -F /dev/ttyS1 raw -echo' /tests/service
	uuid=$(blkid -s UUID -o value "$(findmnt -n -o SOURCE /)")
	run 0 load "$KERNEL" --initrd $image --cmdline "$(next_cmdline) root=UUID=$uuid rw"
	run_jump kexec
}

phase_2() {
	run 0 status
	cp "$STDOUT" "$SCN_TMP/status"
	for bdf in "$DEV1" "$DEV2"; do
		out "$bdf  retrieved; now with vfio-pci"
	done
	say "It was the initial RAM disk that did it: nvme, which is built in, had its device, e1000e never."
	check_that "the holder is older than systemd's udev" test "$(sed -n 's/^holder *process \([0-9]*\).*/\1/p' "$SCN_TMP/status")" -lt "$(pgrep -o systemd-udevd)"
	run_cmd 0 modprobe e1000e
	klog_not "e1000e $DEV2"
	run 0 finish
	run 0 status
	out "no sessions"
}
