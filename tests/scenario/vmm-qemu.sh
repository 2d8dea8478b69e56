# shellcheck shell=sh
# A live update of a device of a real QEMU: preserve takes its file while the guest runs, and after the kexec another
# QEMU starts with the file. Its guest sees the same device at the same address. One QEMU ends through its monitor, the
# other is killed; both leave interrupts enabled.
TIERS="vm"
ROOT="sid"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=1500

# A guest that runs only its firmware, which scans PCI. Its monitor is a pipe: descriptor 5 for the first, 6 for the
# second.
guest() { # WHO WORD...: the words before QEMU's own, and the device's last
	who=$1
	shift
	mkfifo "$SCN_TMP/monitor$who"
	"$@" <"$SCN_TMP/monitor$who" >"$SCN_TMP/answers$who" 2>&1 &
	eval "qemu$who=\$!"
	case $who in
	1) exec 5>"$SCN_TMP/monitor1" ;;
	2) exec 6>"$SCN_TMP/monitor2" ;;
	esac
}

qemu="qemu-system-x86_64 -nodefaults -no-user-config -machine pc,accel=tcg -m 64 -display none -monitor stdio -object iommufd,id=i"

monitor() { # WHO TEXT
	case $1 in
	1) echo "$2" >&5 ;;
	2) echo "$2" >&6 ;;
	esac
}

# The result of the guest's firmware: the place of the device, its ids, and the address of its first register.
seen_by_guest() { # WHO VENDOR:DEVICE
	tries=0
	while [ $tries -lt 600 ]; do
		: >"$SCN_TMP/answers$1"
		monitor "$1" "info pci"
		sleep 1
		tr -d '\r' <"$SCN_TMP/answers$1" | grep -a -B 1 -A 4 "PCI device $2" >"$SCN_TMP/seen" || :
		if grep -q 'BAR0: 32 bit memory at 0x[0-9a-f]* ' "$SCN_TMP/seen" && ! grep -q 'BAR0.* 0xffffffffffffffff ' "$SCN_TMP/seen"; then
			grep -a -o 'Bus.*function [0-9]*\|PCI device [^ ]*\|BAR0: 32 bit memory' "$SCN_TMP/seen" | tr '\n' ' '
			return
		fi
		tries=$((tries + 1))
	done
	tail -n 20 "$SCN_TMP/answers$1" >&2
	echo nothing
}

no_session() { ! "$VFIO_LU" status | grep -q "session  $1"; }

ids() { # BDF
	printf '%s:%s\n' "$(sed s/0x// "/sys/bus/pci/devices/$1/vendor")" "$(sed s/0x// "/sys/bus/pci/devices/$1/device")"
}

phase_1() {
	udev_is_done
	run 0 bind "$DEV1" "$DEV2"
	for who in 1 2; do
		# shellcheck disable=SC2086 # words
		guest $who $qemu -device "vfio-pci,id=v0,iommufd=i,host=$(dev $who)"
	done
	for who in 1 2; do
		keep "seen$who" "$(seen_by_guest $who "$(ids "$(dev $who)")")"
		check_that "guest $who sees a device: $(kept "seen$who")" test "$(kept "seen$who")" != nothing
	done

	run 3 preserve "$DEV1"
	err "vfio-lu preserve --pid $qemu1"
	run 3 preserve "$DEV1" --pid "$qemu2"
	err "does not have it open"
	run 0 preserve --session vm1 --pid "$qemu1"
	out "$DEV1  preserved in session vm1, taken from process $qemu1 (qemu-system-x86)"
	run 0 preserve --session vm2 --pid "$qemu2" "$DEV2"
	run 0 status -v
	out "iommufd=i,host=$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "in use"

	monitor 1 quit
	wait "$qemu1" || :
	kill -KILL "$qemu2"
	wait "$qemu2" || :
	run_jump kexec
}

phase_2() {
	udev_is_done
	for who in 1 2; do
		run 0 restore --session vm$who
		# shellcheck disable=SC2086 # words
		guest $who "$VFIO_LU" run --session vm$who --finish --timeout 400 -- $qemu \
			-device "vfio-pci,id=v0,iommufd=i,fd={$(dev $who)}"
	done
	for who in 1 2; do
		seen=$(seen_by_guest $who "$(ids "$(dev $who)")")
		check_that "guest $who sees the same device at the same place: $seen" test "$seen" = "$(kept "seen$who")"
		soon no_session "vm$who"
	done
	run 0 status
	out "no sessions"
	klog "vfio-pci $DEV1: Device is finished participating in Live Update"
	klog "vfio-pci $DEV2: Device is finished participating in Live Update"

	# It is an ordinary VMM with an ordinary device, and takes part in the next live update.
	run 0 preserve --session vm1 --pid "$qemu1"
	monitor 1 quit
	wait "$qemu1" || :
	kill -KILL "$qemu2"
	wait "$qemu2" || :
	run 0 release --session vm1
	check_that "the disk kept its driver" test "$(driver_of "$DISK_BDF")" = nvme
}
