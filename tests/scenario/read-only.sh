# shellcheck shell=sh
# list, check, status and inspect change nothing: strace sees no write into /sys or /dev, no ioctl, and no open of a
# device node that acts on it.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu"

# Prints lines that the trace must not have. Writes to the program's own output are allowed.
acts() {
	grep -E 'ioctl\(' "$SCN_TMP/trace"
	grep -E 'open(at|at2)?\(.*(/dev/(liveupdate|vfio|iommu)|O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)' "$SCN_TMP/trace"
	grep -E '(write|pwrite64|writev|sendfile)\(' "$SCN_TMP/trace" | grep -vE '\((1|2),'
	grep -E '(execve|mkdir.*|unlink.*|rename.*|finit_module|init_module|kexec_.*load|reboot)\(' "$SCN_TMP/trace" |
		grep -v 'execve("[^"]*vfio-lu"'
}

looks() { # WHEN
	for command in list "check $DEV1" "status --json" inspect "inspect --raw luo-out"; do
		# shellcheck disable=SC2086 # words
		strace -f --seccomp-bpf -o "$SCN_TMP/trace" \
			-e trace=ioctl,open,openat,openat2,write,pwrite64,writev,sendfile,execve,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,finit_module,init_module,kexec_load,kexec_file_load,reboot \
			vfio-lu $command >"$SCN_TMP/printed" 2>&1
		check_that "$1: $command was traced" grep -q 'openat2.*/sys' "$SCN_TMP/trace"
		acts >"$SCN_TMP/acts"
		if [ -s "$SCN_TMP/acts" ]; then
			fail "$1: $command only looks" "$(head -n 1 "$SCN_TMP/acts")"
		else
			pass "$1: $command only looks"
		fi
	done
}

phase_1() {
	# The search finds changes: a command that changes something has such lines.
	strace -f -o "$SCN_TMP/trace" -e trace=openat2,write vfio-lu bind "$DEV2" >"$SCN_TMP/printed" 2>&1
	acts >"$SCN_TMP/acts"
	check_that "bind changes something" grep -q driver_override "$SCN_TMP/acts"
	looks "unbound"
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	looks "preserved"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	looks "incoming"
	# If one of them had opened /dev/liveupdate, restore would now fail, because vfio-pci is not loaded yet.
	run 0 restore
	looks "restored"
	run 0 finish
}
