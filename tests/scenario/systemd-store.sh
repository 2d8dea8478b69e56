# shellcheck shell=sh
# A systemd that supports LUO keeps the session during systemctl kexec, in a session of its own, and gives it back to
# the holder.
TIERS="vm"
ROOT="sid"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=900

phase_1() {
	udev_is_done
	run_cmd 0 systemctl --version
	out_re "^systemd \\(26[1-9]\\|2[7-9][0-9]\\|[3-9][0-9][0-9]\\)"
	say "The administrator restores the session, not the unit."
	run_cmd 0 systemctl disable vfio-lu-restore.service
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 status
	out "managed by systemd"
	check_that "the generator added the settings of this systemd" \
		test "$(systemctl show -P FileDescriptorStorePreserve -P SurviveFinalKillSignal vfio-lu.service | tr '\n' ' ')" = "yes yes "
	holder_returns "outgoing, held" preserved
	klog_not "$DEV1: Device will no longer be preserved"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 kexec --dry-run
	out "systemctl kexec"
	run_jump kexec
}

phase_2() {
	udev_is_done
	run 0 status
	out "incoming, waiting"
	out "process 1 (systemd) has it open"
	run 0 restore
	run 0 status
	out "managed by systemd"
	out "$DEV1  retrieved"
	holder_returns "incoming, restored" retrieved
	run 0 finish
	run 0 status
	out "no sessions"
}
