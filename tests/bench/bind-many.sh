# shellcheck shell=sh disable=SC2034,SC2154
# The part of tests/bench/bind.sh that runs in the virtual machine: binds 32 NVMe functions, each alone in its group,
# to vfio-pci in one call, in one call each, and in a shell loop without checks and records.
TIERS="vm"
PHASES=1
TIMEOUT=1800
QEMU_ARGS=''
for n in $(seq 0 31); do
	# The ports are functions of a few slots, because the bus has too few slots; each port isolates its device.
	QEMU_ARGS="$QEMU_ARGS -device pcie-root-port,id=many$n,bus=pcie.0,addr=$((n / 8 + 1)).$((n % 8)),multifunction=on,chassis=$((n + 1))"
	QEMU_ARGS="$QEMU_ARGS -device nvme,serial=many-$n,bus=many$n"
done

now() { awk '{ print int($1 * 100) }' /proc/uptime; }
took() { # COMMAND...: hundredths of a second
	scn_start=$(now)
	"$@" >/dev/null 2>"$SCN_TMP/err" || fail "$1" "$(head -n 3 "$SCN_TMP/err")"
	scn_took=$(($(now) - scn_start))
}
back() { # shellcheck disable=SC2086 # words
	vfio-lu unbind $ALL >/dev/null
	check_that "all are back" test "$(has_nvme)" = 32
}
has_nvme() { for bdf in $ALL; do driver_of "$bdf"; done | grep -c nvme; }
has_vfio() { for bdf in $ALL; do driver_of "$bdf"; done | grep -c vfio-pci; }

# shellcheck disable=SC2086
one_call() { vfio-lu bind $ALL; }
each_call() { for bdf in $ALL; do vfio-lu bind "$bdf" || return; done; }
echo_loop() {
	for bdf in $ALL; do
		echo vfio-pci >"/sys/bus/pci/devices/$bdf/driver_override"
		echo "$bdf" >"/sys/bus/pci/devices/$bdf/driver/unbind"
		echo "$bdf" >/sys/bus/pci/drivers_probe
	done
}

phase_1() {
	ALL=''
	for dir in /sys/bus/pci/drivers/nvme/0000:*; do
		[ "${dir##*/}" = "$DISK_BDF" ] || ALL="$ALL ${dir##*/}"
	done
	check_that "32 devices" test "$(echo $ALL | wc -w)" = 32
	check_that "all can be reset by FLR" \
		test "$(for bdf in $ALL; do cat "/sys/bus/pci/devices/$bdf/reset_method"; done | grep -c flr)" = 32
	modprobe vfio-pci
	# The loop checks nothing. The first call of a program reads it from the disk.
	run 0 bind --dry-run $ALL
	for way in one_call each_call echo_loop one_call each_call echo_loop; do
		took $way
		check_that "$way: all are bound" test "$(has_vfio)" = 32
		echo "bench $way $scn_took"
		back
	done
}
