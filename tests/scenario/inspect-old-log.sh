# shellcheck shell=sh
# The beginning of the kernel log is overwritten: status reads from memory which devices were handed over and are not
# finished.
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
	run 0 restore
	run 0 inspect
	out_re "^pci-in  *kernel"
	run 0 finish
}
