# shellcheck shell=sh
# The disk with the manifest is lost in the kexec: restore uses the manifest inside the session.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"
DISK=none

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 status
	out "waiting"
	out "$DEV1  preserved"
	out "$DEV2  preserved"
	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	out "$DEV2  retrieved from session vfio-lu"
	run 0 restore
	out "$DEV1  already retrieved"
	run 3 kexec
	err "not finished"
	run 3 unbind "$DEV1"
	err "vfio-lu finish"
	run 0 finish --dry-run
	out "finish LUO session vfio-lu"
	run 0 status
	out "$DEV1  retrieved"
	run 0 finish
	run 0 finish
	out "already finished"
	run 0 unbind "$DEV1" "$DEV2"
}
