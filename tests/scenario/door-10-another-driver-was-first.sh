# shellcheck shell=sh
# Door 10: in the new kernel the ordinary driver takes the device before anybody asked.
TIERS="vm"
PHASES=3
DEVICES="nvme edu"

taken() {
	scn_n=0
	until [ "$(driver_of "$DEV1")" = nvme ] || [ $scn_n = 50 ]; do scn_n=$((scn_n + 1)); usleep 100000; done
	check_that "nvme took the preserved device" test "$(driver_of "$DEV1")" = nvme
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	say "vfio-lu foretells it."
	run 3 check --next-kernel "$KERNEL" --next-initrd "$INITRD" "$DEV1"
	out "next-driver-match"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	taken
	run 0 status
	out "$DEV1  preserved by the previous kernel; now with nvme"
	run 0 restore
	out "$DEV1  retrieved"
	run 0 finish
	# nvme had it, and unbind gives it back
	run 0 unbind "$DEV1"
	check_that "it goes back to nvme" test "$(driver_of "$DEV1")" = nvme
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
	token=$(vfio-lu status --json | tr ',' '\n' | sed -n 's/.*"token": *"\(0x[0-9a-f]*\)".*/\1/p' | head -n 1)
	holder 0
	load_vfio
	must open luo /dev/liveupdate
	must session s luo vfio-lu
	fact "raw: ENODEV" ENODEV retrieve d1 s "$token"
	take "$DEV1"
	fact "raw: and so for ever" ENODEV retrieve d1 s "$token"
	fact "raw: the session cannot be finished" EBUSY finish s
}
