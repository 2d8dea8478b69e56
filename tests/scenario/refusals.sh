# shellcheck shell=sh
# Wrong usage, wrong devices, missing rights: each has its own exit status, and nothing is changed.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e"

phase_1() {
	for bdf in 01:00 0000:01:00.8 0000:01:20.0 "$DEV1 " 0000-01-00.0 ""; do
		run 2 bind "$bdf"
		err "is not a PCI address"
	done
	run 2 frobnicate
	run 2 bind
	run 2 preserve "$DEV1" --session systemd
	run 2 preserve "$DEV1" --session ../x
	run 3 check 0000:7f:00.0
	out "0000:7f:00.0"
	run 3 bind 0000:7f:00.0
	err "0000:7f:00.0: no such PCI device"
	run 3 preserve "$PORT1"
	err "a bridge"
	run 3 kexec
	err "nothing is preserved"
	run 1 load /nowhere/vmlinuz
	err "/nowhere/vmlinuz"
	run 3 restore
	err "nothing to restore"
	run 0 finish
	out "session vfio-lu  does not exist: nothing to finish"
	run 2 load ""
	err "argument KERNEL is empty"
	run 2 run ""
	err "argument COMMAND... is empty"

	# If the output cannot be written, the command fails.
	for words in list "check --json" status "bind --dry-run $DEV1" --version "help bind" "hold --help"; do
		STATUS=0
		# shellcheck disable=SC2086 # words
		"$VFIO_LU" $words >/dev/full 2>"$STDERR" || STATUS=$?
		check_that "vfio-lu $words >/dev/full: exit 1" test $STATUS = 1
		err "cannot write to standard output: No space left on device"
	done

	run_as_nobody 1 bind "$DEV1"
	err "root"
	run_as_nobody 0 list
	out "$DEV1"
	run_as_nobody 0 status
	out "no sessions that this user can see"
	run_as_nobody 3 check "$DEV1"
	out "driver-vfio-pci"
	check_that "nothing was bound" test -z "$(driver_of "$DEV1")"

	say "Every user sees that a device is preserved, but not every user sees by which program."
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	# whether the kernel log can be read or not
	if in_vm; then echo 0 >/proc/sys/kernel/dmesg_restrict; fi
	run 0 check "$DEV1"
	run_as_nobody 0 check "$DEV1" -v
	out_re "not-already-preserved  unknown: preserved already; only root can see by which program"
	out_re "not-in-use .*unknown: only root can see whether a process has it open"
	run 0 release
}
