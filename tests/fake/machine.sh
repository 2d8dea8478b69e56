#!/bin/sh
# Builds a fake machine and starts its kernel, or ends it.
# usage: machine.sh start DIR [DEVICE...]	prints the kernel's process id
#        machine.sh stop DIR
# DEVICE is a word of a scenario's DEVICES; tests/vm/run.sh gives devices with the same words the same addresses.
# From the environment: DISK=none, FLAVOUR=m|y, KERNEL_ARGS, as a scenario sets them; RELEASE;
# FAKE_LOG=absent|reworded|wrapped|unreadable: the state of the log of each kernel that a kexec started.
# Needs $BUILD/fake-kernel and $BUILD/plant (default: in the directory in which the Makefile builds them).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${BUILD:=$here/../../build/tests}" "${DISK:=}" "${FLAVOUR:=m}" "${KERNEL_ARGS:=}" "${RELEASE:=7.3.4-fake}" "${FAKE_LOG:=whole}"

usage() { sed -n 's/^# usage: //p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
what=$1 dir=$2
shift 2

stop() {
	[ -f "$dir/pid" ] || return 0
	pid=$(cat "$dir/pid")
	rm -f "$dir/pid"
	kill "$pid" 2>/dev/null || return 0
	n=0
	while [ -S "$dir/kernel" ] && [ $n -lt 250 ]; do
		n=$((n + 1))
		sleep 0.02
	done
}

tree() {
	cat <<END
d run
d tmp
d dev
d var/lib
d boot
d etc
f proc/cmdline "console=ttyS0 kho=on liveupdate=on vlu.phase=1${KERNEL_ARGS:+ $KERNEL_ARGS}\n"
f proc/sys/kernel/osrelease "$RELEASE\n"
f proc/sys/kernel/version "#1 SMP\n"
f proc/sys/kernel/kexec_load_disabled "0\n"
f proc/self/mountinfo "1 1 0:2 / / rw - rootfs rootfs rw\n28 1 259:2 / /disk rw,relatime - ext4 /dev/nvme0n1 rw\n29 1 259:2 /boot /boot rw,relatime - ext4 /dev/nvme0n1 rw\n30 1 259:2 /lib /var/lib rw,relatime - ext4 /dev/nvme0n1 rw\n"
f proc/mounts "rootfs / rootfs rw 0 0\n/dev/nvme0n1 /disk ext4 rw,relatime 0 0\n/dev/nvme0n1 /boot ext4 rw,relatime 0 0\n/dev/nvme0n1 /var/lib ext4 rw,relatime 0 0\n"
f proc/swaps "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
f proc/filesystems "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n\text4\n"
f proc/modules ""
f sys/kernel/security/lockdown "[none] integrity confidentiality\n"
d sys/kernel/boot_params
d sys/class/net
f bin/kexec ""
k boot/vmlinuz-$RELEASE "$RELEASE (me@here) #1 SMP\nkho-v4\x00luo-v5\x00memfd-v2\x00vfio-pci-v1\x00pci-v2\x00\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\nCONFIG_IOMMUFD=y\nCONFIG_VFIO_DEVICE_CDEV=y\nCONFIG_VFIO_PCI=$FLAVOUR\nCONFIG_VFIO_PCI_LIVEUPDATE=y\nCONFIG_PCI_LIVEUPDATE=y\nCONFIG_INTEL_IOMMU=y\nCONFIG_INTEL_IOMMU_DEFAULT_ON=y\n"
f initrd/usr/lib/modules/$RELEASE/kernel/drivers/vfio/pci/vfio-pci.ko "\x7fELF\x00vfio-pci-v1\x00\x00"
f initrd/conf/modules "vfio-pci\n"
c boot/initrd.img-$RELEASE initrd
r initrd
z proc/config.gz "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_DEBUGFS=y\nCONFIG_LIVEUPDATE=y\nCONFIG_LIVEUPDATE_MEMFD=y\nCONFIG_IOMMUFD=y\nCONFIG_VFIO=$FLAVOUR\nCONFIG_VFIO_GROUP=y\nCONFIG_VFIO_DEVICE_CDEV=y\nCONFIG_VFIO_PCI=$FLAVOUR\nCONFIG_VFIO_PCI_CORE=$FLAVOUR\nCONFIG_VFIO_PCI_LIVEUPDATE=y\nCONFIG_PCI_LIVEUPDATE=y\nCONFIG_BLK_DEV_NVME=y\nCONFIG_E1000E=m\nCONFIG_IKCONFIG_PROC=y\n"
p sys/devices/pci0000:00/0000:00:00.0 8086:29c0 060000 0
p sys/devices/pci0000:00/0000:00:1d.0 1b36:0010 010802 $(($# + 1))
f sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1/dev "259:2\n"
l sys/dev/block/259:2 ../../devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1
l sys/class/block/nvme0n1 ../../devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1
p sys/devices/pci0000:00/0000:00:1f.0 8086:2918 060100 $(($# + 2))
p sys/devices/pci0000:00/0000:00:1f.2 8086:2922 010601 $(($# + 2))
p sys/devices/pci0000:00/0000:00:1f.3 8086:2930 0c0500 $(($# + 2))
END
	if [ "$FLAVOUR" = y ]; then
		printf '%s\n' "f lib/modules/$RELEASE/modules.builtin \"kernel/drivers/vfio/pci/vfio-pci.ko\n\""
		printf '%s\n' "f lib/modules/$RELEASE/modules.dep \"\""
	else
		printf '%s\n' "f lib/modules/$RELEASE/modules.builtin \"kernel/drivers/nvme/host/nvme.ko\n\""
		printf '%s\n' "f lib/modules/$RELEASE/modules.dep \"kernel/drivers/vfio/pci/vfio-pci.ko:\n\""
		printf '%s\n' "f lib/modules/$RELEASE/kernel/drivers/vfio/pci/vfio-pci.ko \"\""
	fi
	# The kernel scans the bus of the ports first, and then the buses behind them.
	slot=0 groups=$(($# + 2))
	for words; do
		slot=$((slot + 1)) function=0
		port=$(printf 'sys/devices/pci0000:00/0000:00:%02x.0' $slot)
		echo "p $port 1b36:000c 060400 $slot"
		group=$((groups + slot))
		while [ -n "$words" ]; do
			word=${words%%+*}
			case $words in *+*) words=${words#*+} ;; *) words='' ;; esac
			bdf=$(printf '0000:%02x:00.%d' $slot $function)
			case $word in
			edu) id="1234:11e8 00ff00" ;;
			pci-testdev) id="1b36:0005 00ff00" ;;
			e1000e) id="8086:10d3 020000" ;;
			nvme | nvme-sriov) id="1b36:0010 010802" ;;
			virtio-net) id="1af4:1041 020000" ;;
			vmd) id="8086:467f 010400" ;;
			*) echo "machine.sh: DEVICES: $word?" >&2; exit 1 ;;
			esac
			echo "p $port/$bdf $id $group"
			case $word in
			e1000e | nvme | nvme-sriov) printf '%s\n' "f $port/$bdf/reset_method \"flr bus\n\"" ;;
			*) printf '%s\n' "f $port/$bdf/reset_method \"bus\n\"" ;;
			esac
			# a host bridge below it, with a disk, like that of an Intel VMD; QEMU has no such device
			[ "$word" != vmd ] || {
				echo "p $port/$bdf/pci10000:e0/10000:e1:00.0 1b36:0010 010802 $((group + 64))"
				printf '%s\n' "f $port/$bdf/pci10000:e0/10000:e1:00.0/reset_method \"flr bus\n\""
			}
			function=$((function + 1))
		done
	done
}

# The facts that the kernel knows and its tree does not show. Drivers are in the order in which they register.
machine() {
	echo "release $RELEASE"
	[ "$DISK" != none ] || echo "disk none"
	[ "$FAKE_LOG" = whole ] || echo "log $FAKE_LOG"
	echo "driver pcieport builtin class:0604"
	echo "driver nvme builtin class:0108"
	if [ "$FLAVOUR" = y ]; then
		echo "driver vfio-pci builtin override-only"
	else
		echo "driver vfio-pci module override-only"
	fi
	# The machine of the vm tier has no udev, so this one has none either.
	echo "driver e1000e module 8086:10d3"
	echo "driver virtio-pci builtin 1af4:1041"
	slot=0
	for words; do
		slot=$((slot + 1)) function=0
		while [ -n "$words" ]; do
			case ${words%%+*} in
			e1000e | nvme | nvme-sriov) printf 'pm 0000:%02x:00.%d\n' $slot $function ;;
			esac
			case $words in *+*) words=${words#*+} ;; *) words='' ;; esac
			function=$((function + 1))
		done
	done
}

case $what in
start)
	rm -rf "$dir/root"
	mkdir -p "$dir"
	machine "$@" >"$dir/machine"
	tree "$@" | "$BUILD/plant" "$dir/root" -
	rm -f "$dir/kernel" "$dir/calls"
	# Like a kernel, it may end at any moment: memory that it then holds is no leak. Errors still count.
	ASAN_OPTIONS=detect_leaks=0 "$BUILD/fake-kernel" "$dir" </dev/null >"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	n=0
	until [ -S "$dir/kernel" ]; do
		n=$((n + 1))
		if [ $n = 100 ] || ! kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
			cat "$dir/log" >&2
			echo "machine.sh: the kernel does not start" >&2
			exit 1
		fi
		sleep 0.05
	done
	cat "$dir/pid"
	;;
stop) stop ;;
*) usage ;;
esac
