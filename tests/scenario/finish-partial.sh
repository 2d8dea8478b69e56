# shellcheck shell=sh
# The kernel could not return one of two devices. finish notices this before it binds the other one, which cannot be
# undone, so a VMM can still use the other one.
TIERS="fake"
NO_CALLS="a failure of the kernel's is made up"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	# the first is that of the manifest
	run_cmd 6 env FAKE_FAULT=3:EIO FAKE_FAULT_ONLY="ioctl RETRIEVE_FD" "$VFIO_LU" restore
	err "$DEV2"
	err "1 of 2 files"
	out "$DEV1  retrieved"
	run 0 status
	out "incoming, partly-restored   next: vfio-lu restore"
	for way in "" "--wait --timeout 1" "--discard all"; do
		# shellcheck disable=SC2086 # words
		run 5 finish $way
		err "not retrieved: $DEV2: it could not be retrieved; nothing was bound; first: vfio-lu restore"
	done
	run 3 kexec --force --dry-run
	err "session vfio-lu of the previous kernel is not finished (partly-restored)"
	run 0 run -- "$STANDIN" "bind={$DEV1}"
	run 0 restore
	out "$DEV2  retrieved"
	run 0 finish
	run 0 status
	out "no sessions"
}
