# shellcheck shell=sh
# Door 10: in the next kernel, the ordinary driver takes the device before restore runs.
TIERS="vm"
PHASES=3
DEVICES="nvme edu"

taken() {
	check_that "nvme took the preserved device" soon taken_by nvme "$DEV1"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	say "vfio-lu warns in advance and continues: restore takes the device back."
	run 0 check --next-kernel "$KERNEL" --next-initrd "$INITRD" "$DEV1"
	out_re "next-driver-match *nvme takes $DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	err "nvme takes $DEV1"
	run_jump kexec
}

phase_2() {
	taken
	run 0 status
	out "$DEV1  preserved by the previous kernel; now with nvme"
	run 0 restore
	out "$DEV1  retrieved"
	err "$DEV1: driver nvme used the device in this boot before vfio-pci did"
	run 0 finish
	# nvme had it, and unbind gives it back
	run 0 unbind "$DEV1"
	check_that "it is bound to nvme again" test "$(driver_of "$DEV1")" = nvme
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	taken
	say "Raw: retrieved while nvme has it."
	run 0 status --json
	token=$(jq -r 'first(.sessions[].devices[]).token' "$STDOUT")
	holder 0
	load_vfio
	must open luo /dev/liveupdate
	must session s luo vfio-lu
	fact "raw: ENODEV" ENODEV retrieve d1 s "$token"
	take "$DEV1"
	fact "raw: and so for ever" ENODEV retrieve d1 s "$token"
	fact "raw: the session cannot be finished" EBUSY finish s
}
