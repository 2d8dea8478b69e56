# shellcheck shell=sh
# A device that may refuse the kexec is preserved before the others: so its refusal makes no other device unusable.
TIERS="fake vm"
PHASES=1
DEVICES="edu e1000e edu"

# Prints the devices in the order in which they would be preserved.
order() { sed -n 's/^\(.*\): preserve its file at token.*/\1/p' "$STDOUT" | tr '\n' ' '; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2" --dry-run
	check_that "in the order named" test "$(order)" = "$DEV1 $DEV2 "
	run 0 preserve "$DEV1" "$DEV2" "$DEV3"

	say "DEV2 has its interrupts enabled: when the session is created again, DEV2 comes first."
	if in_vm; then
		run_cmd 0 leave vfio-lu "$DEV2" msi
	else
		printf '            CPU0\n 24:  0  IR-PCI-MSI-%s  0-edge  vfio-msi[0](%s)\n' "$DEV2" "$DEV2" >"$SCN_ROOT/proc/interrupts"
	fi
	run 0 release "$DEV3" --dry-run
	out "create LUO session vfio-lu again, without its files"
	check_that "in the order of risk" test "$(order)" = "$DEV2 $DEV1 "

	say "The message says what this means for the others."
	run 0 release "$DEV3" --json
	out "\"$DEV1  stays in session vfio-lu, which was created again: for a moment it was not preserved; its file stayed open\""
	out "\"$DEV3  no longer preserved; its file is closed\""
	run 0 status
	out "$DEV1  preserved"
	out "$DEV2  preserved"
	out_not "$DEV3"

	if in_vm; then
		load_raw
		say "Raw: the kernel refuses at DEV2, before it has frozen another."
		run_cmd 255 kexec -e
		klog "Freeze failed! Interrupts are still enabled."
		run_cmd 0 leave vfio-lu "$DEV1" alive
	fi
	run 0 release
	run 0 unbind "$DEV1" "$DEV2" "$DEV3"
}
