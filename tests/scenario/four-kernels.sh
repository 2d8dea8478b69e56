# shellcheck shell=sh
# Four kernels in a row with the same devices: their identity, place and config space stay the same, and status shows
# the chain of kernels.
TIERS="fake vm"
PHASES=4
DEVICES="e1000e edu"
TIMEOUT=600

# What must not change: ids, class and place; in config space everything except command, status and the values that the
# kernel assigns.
identity() { # BDF
	dir=$SCN_ROOT/sys/bus/pci/devices/$1
	for attr in vendor device subsystem_vendor subsystem_device class; do
		printf '%s=%s ' $attr "$(cat "$dir/$attr")"
	done
	readlink "$dir"
	if in_vm; then
		dd if="$dir/config" bs=1 count=64 2>/dev/null | od -An -v -tx1 | tr -d ' \n' | cut -c1-8,17-128
		cat "$dir/resource"
	fi
}

same_device() { # N BDF
	if [ "$PHASE" = 1 ]; then
		keep "device$1" "$(identity "$2")"
	else
		check_that "$2 is the same as in the first kernel" test "$(identity "$2")" = "$(kept "device$1")"
	fi
}

onward() {
	same_device 1 "$DEV1"
	same_device 2 "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

arrived() { # NTH
	run 0 status
	out "($1 since cold boot), live update $((PHASE - 1))"
	out "incoming, waiting"
	run 0 restore
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	same_device 1 "$DEV1"
	same_device 2 "$DEV2"
	run 0 finish
	run 0 status
	out "no sessions"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	onward
}
phase_2() { arrived 1st; onward; }
phase_3() { arrived 2nd; onward; }
phase_4() {
	arrived 3rd
	run 0 unbind "$DEV1" "$DEV2"
}
