# shellcheck shell=sh
# The beginning of the kernel's log is overwritten: then memory tells which devices came over and are not finished.
# And without debugfs, log or anything else but memory, as in a dump: a search finds what debugfs shows.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

forget() {
	line=$(printf '%0200d' 0) n=0
	while [ $n -lt 4000 ]; do
		echo "<7>$line"
		n=$((n + 1))
	done >/dev/kmsg
}

phase_2() {
	klog "$DEV1: Device was preserved by previous kernel across Live Update"
	forget
	klog_not "$DEV1: Device was preserved by previous kernel across Live Update"
	run 0 status
	out "$DEV1  preserved by the previous kernel"
	out "bridge   $PORT1  preserved by the previous kernel, above a device"
	out_not "$DEV2"
	run 0 inspect
	out_re "^pci-in  *kernel"
	out "its beginning has been overwritten"
	sed -n '/^luo-out/,/^flbs-out/s/^  //p' "$STDOUT" | head -n 2 >"$SCN_TMP/luo"
	tree=$(sed -n 's/^  tree at \(0x[0-9a-f]*\),.*/\1/p' "$STDOUT")
	# copies of it, each at the beginning of a page, as any process may have them
	mkdir "$SCN_TMP/copies"
	n=0
	while [ $n -lt 24 ]; do
		n=$((n + 1))
		cat /sys/kernel/debug/kho/in/fdt >"$SCN_TMP/copies/$n"
	done
	run 0 inspect --vmcore /proc/kcore
	out_re "^kho-in  *kernel  /proc/kcore at $tree\$"
	out_re "^kho-out  *stale  */proc/kcore at 0x"
	out_re "^luo-in  *stale  */proc/kcore at 0x"
	out "  LUO               32 bytes at 0x"
	sed -n '/^luo-out/,/^flbs-out/s/^  //p' "$STDOUT" | head -n 2 >"$SCN_TMP/luo-found"
	check_that "a search finds the LUO of debugfs" diff "$SCN_TMP/luo" "$SCN_TMP/luo-found"
	out "  $DEV1      refcount 1"
	run 0 restore
	run 0 inspect
	out_re "^pci-in  *kernel"
	run 0 finish
	# a kernel that is loaded names what it will be handed
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 inspect --vmcore /proc/kcore
	out_re "^kho-in  *kernel  /proc/kcore at $tree\$"
	out_re "^kho-out  *kernel  /proc/kcore at 0x"
	out_re "^luo-out  *kernel  /proc/kcore at 0x"
}
