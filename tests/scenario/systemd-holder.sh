# shellcheck shell=sh
# The systemd of Debian 12 does not support LUO: the holder itself survives systemctl kexec.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=600

phase_1() {
	udev_is_done
	run_cmd 0 systemctl --version
	out "systemd 252"
	say "The administrator restores the session, not the unit."
	run_cmd 0 systemctl disable vfio-lu-restore.service
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 status
	out "managed by systemd"
	holder_returns "outgoing, held" preserved
	klog_not "$DEV1: Device will no longer be preserved"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 kexec --dry-run
	out "kexec: systemctl kexec"
	run_jump kexec
}

phase_2() {
	udev_is_done
	run 0 status
	out "incoming, waiting"
	out "$DEV1  preserved by the previous kernel"
	run 0 restore
	out "$DEV1  bound to vfio-pci"
	holder_returns "incoming, restored" retrieved
	run 0 finish
	run 0 status
	out "no sessions"
}
