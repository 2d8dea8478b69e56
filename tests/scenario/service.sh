# shellcheck shell=sh
# Where systemd runs and the unit is installed, the holder is started as a service, and systemd does the kexec.
TIERS="fake"
PHASES=1
DEVICES="e1000e"

phase_1() {
	mkdir -p "$SCN_ROOT/run/systemd/system" "$SCN_ROOT/usr/lib/systemd/system"
	run 0 bind "$DEV1"
	# without the unit, the holder is started as usual
	run 0 preserve "$DEV1"
	run 0 release
	: >"$SCN_ROOT/usr/lib/systemd/system/vfio-lu.service"
	run 0 preserve "$DEV1"
	check_that "systemctl started it" grep -q '^start vfio-lu.service' "$SCN_ROOT/run/systemd/started"
	run 0 status
	out "$DEV1  preserved"

	# systemctl may fail although the kexec has begun, because the shutdown ends its bus first.
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	: >"$SCN_ROOT/run/systemd/stopping"
	run 0 kexec
	out "systemd stops its services, and starts the next kernel"
	err_not "the kexec failed"
	rm "$SCN_ROOT/run/systemd/stopping"
	run 0 release
}
