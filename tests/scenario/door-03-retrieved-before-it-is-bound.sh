# shellcheck shell=sh
# Door 3: retrieving a file before its device is bound to vfio-pci fails, and the kernel never tries again.
TIERS="vm"
PHASES=3
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	say "vfio-lu: all devices are bound before the first file is retrieved."
	modprobe e1000e
	check_that "another driver has the first" test "$(driver_of "$DEV1")" = e1000e
	check_that "none has the second" test -z "$(driver_of "$DEV2")"
	run 0 restore --dry-run
	check_that "the files come last" test "$(tail -n 1 "$STDOUT")" = \
		"retrieve the files of session vfio-lu and give them to the holder"
	run 0 restore
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	run 0 finish
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	say "Raw: the session retrieved with the devices unbound."
	holder 0
	load_vfio
	must open luo /dev/liveupdate
	must session s luo vfio-lu
	run 0 status --json
	token=$(jq -r 'first(.sessions[].devices[]).token' "$STDOUT")
	fact "raw: ENODEV" ENODEV retrieve d1 s "$token"
	take "$DEV1" "$DEV2"
	fact "raw: also once it is bound" ENODEV retrieve d1 s "$token"
	fact "raw: the session cannot be finished" EBUSY finish s
	must close luo

	say "vfio-lu finds that the session was retrieved, and says so."
	run 3 restore
	err "session vfio-lu was retrieved already"
}
