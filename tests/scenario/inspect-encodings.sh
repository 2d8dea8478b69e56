# shellcheck shell=sh
# Two encodings of the list of PCI devices are named pci-v2. inspect recognizes each by its content, and agrees with
# the kernel log.
TIERS="vm"
PHASES=4
DEVICES="edu edu+edu"
KERNEL_ARGS="pci_liveupdate.flb=flat32"
TIMEOUT=600

before() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2" "$DEV3"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

after() { # ENCODING DETAILS [NEXT-ENCODING]
	run 0 inspect
	out "  pci-v2            3 files, data at 0x"
	out "  pci-v2, $1: 5 devices, $2"
	grep '  refcount ' "$STDOUT" | tr -s ' ' | sort >"$SCN_TMP/seen"
	printf ' %s refcount %s\n' "$DEV1" 1 "$DEV2" 1 "$DEV3" 1 "$PORT1" 1 "$PORT2" 2 | sort >"$SCN_TMP/known"
	check_that "$1: the devices and their reference counts" diff "$SCN_TMP/known" "$SCN_TMP/seen"
	dmesg | grep -v ' vlu: ' |
		sed -n 's/.* \([0-9a-f:.]*\): Device was preserved by previous kernel across Live Update.*/ \1/p' | sort -u >"$SCN_TMP/logged"
	sed 's/ refcount.*//' "$SCN_TMP/seen" >"$SCN_TMP/seen-devices"
	check_that "$1: the kernel log has the same" diff "$SCN_TMP/logged" "$SCN_TMP/seen-devices"
	run 0 restore
	run 0 finish
	[ -n "${3:-}" ] || return 0
	jump_raw "$(next_cmdline | sed "s/flb=$1/flb=$3/")"
}

phase_1() { before; }
phase_2() { after flat32 "room for " block; }
phase_3() {
	say "The command line is still that of the previous kexec: vfio-lu asks the kernel, and stores the answer."
	run 3 restore
	err "the previous kernel handed over no session vfio-lu"
	before
}
phase_4() { after block "in blocks at 0x"; }
