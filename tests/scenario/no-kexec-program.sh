# shellcheck shell=sh
# Each command that needs the missing kexec program exits with 4 and names its package; nothing is lost.
TIERS="fake"
PHASES=1
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	mv "$SCN_ROOT/bin/kexec" "$SCN_ROOT/bin/away"
	run 4 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	err "install kexec-tools"
	mv "$SCN_ROOT/bin/away" "$SCN_ROOT/bin/kexec"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	mv "$SCN_ROOT/bin/kexec" "$SCN_ROOT/bin/away"
	run 4 kexec
	err "install kexec-tools"
	run 4 kexec --json
	out '"code": "no-program"'
	run 0 status
	out "$DEV1  preserved"
}
