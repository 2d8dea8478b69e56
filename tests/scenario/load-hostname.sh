# shellcheck shell=sh
# load refuses a file that is not an initrd, and the earlier image stays loaded.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	echo host >"$SCN_ROOT/etc/hostname"
	run 3 load "$KERNEL" --initrd /etc/hostname --cmdline "$(next_cmdline)"
	err "/etc/hostname is not an initrd: at byte 0 it is neither cpio nor compressed (next-initrd)"
	: >"$SCN_ROOT/etc/hostname"
	run 3 load "$KERNEL" --initrd /etc/hostname --cmdline "$(next_cmdline)"
	err "/etc/hostname is not an initrd: it is empty"
	run 0 status
	out_not "the next kernel is loaded"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 load "$KERNEL" --initrd /etc/hostname --cmdline "$(next_cmdline)"
	run 0 kexec --dry-run
	run 0 release
}
