# shellcheck shell=sh
# Door 6: the kernel refuses a kexec if one device has interrupts enabled or sleeps. Devices that it froze before are
# unusable.
TIERS="vm"
PHASES=2
DEVICES="edu e1000e edu"
TIMEOUT=240

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	run 0 bind "$DEV1" "$DEV2" "$DEV3"

	say "Raw: DEV2 has MSI enabled at the kexec; DEV1 is frozen before it."
	open_all "$DEV1" "$DEV2"
	must open luo /dev/liveupdate
	must create s luo raw
	must preserve s d1 1
	must preserve s d2 2
	must close luo
	load_raw
	must irq d2 1 on
	fact "raw: the kernel refuses to jump" EINVAL kexec
	fact "raw: the device frozen before it answers EIO" EIO device d1 info
	for handle in s d1 d2 i; do must close $handle; done
	run 0 unbind "$DEV1"
	run 0 bind "$DEV1"

	say "vfio-lu: a VMM died and left MSI enabled; the holder still has its file."
	run 0 preserve "$DEV1" "$DEV2" "$DEV3"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_cmd 0 leave vfio-lu "$DEV2" msi
	run 0 kexec --dry-run
	out "$DEV2: disable its interrupts through its file in session vfio-lu"
	out "kexec: kexec -e (process 1 is not systemd)"

	say "vfio-lu: a program still has the file; kexec refuses."
	leave vfio-lu "$DEV2" stay &
	user=$!
	check_that "it has the file" soon has_open "$user" vfio
	run 3 kexec
	err "$DEV2: in use: process $user (leave) has its vfio file open"
	kill $user
	wait $user

	say "vfio-lu: DEV2 sleeps. kexec notices this before any device is frozen."
	run_cmd 0 leave vfio-lu "$DEV2" d3
	run 3 kexec
	err "$DEV2: it is in D3hot, and the kernel refuses a kexec unless it is in D0"
	run_cmd 0 leave vfio-lu "$DEV1" alive
	run_cmd 0 leave vfio-lu "$DEV2" d0 msi

	say "vfio-lu: DEV2 falls asleep after the last check. The kernel refuses the kexec."
	mv /bin/kexec /bin/kexec.real
	printf '#!/bin/sh\n[ "$1" != -e ] || leave vfio-lu %s d3\nexec kexec.real "$@"\n' "$DEV2" >/bin/kexec
	chmod 755 /bin/kexec
	run 1 kexec
	err "$DEV2: Freeze failed! Device not in D0 state."
	err "all sessions are still held, frozen devices were bound again: $DEV1"
	mv /bin/kexec.real /bin/kexec
	for bdf in "$DEV1" "$DEV2" "$DEV3"; do
		run_cmd 0 leave vfio-lu "$bdf" alive
	done
	run 0 status
	out "$DEV1  preserved"
	out "$DEV2  preserved"
	out "$DEV3  preserved"

	say "Without the cause, the same command succeeds. MSI is still enabled, so kexec disables it."
	run_cmd 0 leave vfio-lu "$DEV2" d0 msi
	run_jump kexec
}

phase_2() {
	run 0 restore
	for bdf in "$DEV1" "$DEV2" "$DEV3"; do
		out "$bdf  retrieved"
	done
	run 0 finish
}
