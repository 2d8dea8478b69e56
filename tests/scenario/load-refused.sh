# shellcheck shell=sh
# load looks at what it loads as check --next-kernel does, and refuses what would lose the devices over there.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e"

loaded() { cat "$SCN_ROOT/sys/kernel/kexec_loaded" "$SCN_ROOT/sys/kernel/kexec/loaded" 2>/dev/null | head -n 1; }

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 3 load "$INITRD"
	err "the next kernel: $INITRD is no kernel image (next-image); fix: name the file"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) intel_iommu=off"
	err "intel_iommu=off turns the IOMMU off, and vfio-pci cannot work without (next-cmdline); fix: leave intel_iommu=off out"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) intel_iommu=off" --dry-run
	check_that "nothing is loaded" test "$(loaded)" = 0
	run 3 kexec
	err "no kernel is loaded"

	say "A refusal leaves alone what is loaded."
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 load "$INITRD"
	check_that "it is still loaded" test "$(loaded)" = 1
	run 0 kexec --dry-run
	out "turn its interrupts off"
	run 0 release
}
