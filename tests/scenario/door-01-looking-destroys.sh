# shellcheck shell=sh
# Door 1: opening and retrieving a session to look at it destroys the session. The read-only commands of vfio-lu do
# neither.
TIERS="vm"
PHASES=3
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	say "vfio-lu: vfio-pci is not loaded yet. Its read-only commands can be repeated and change nothing."
	for n in 1 2 3; do
		run 0 list
		run 3 check "$DEV1"
		run 0 status
		out "waiting"
	done
	check_that "vfio-pci is not loaded" test ! -e /sys/bus/pci/drivers/vfio-pci
	run 0 restore
	run 0 finish
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	say "Raw: the session is retrieved, read and closed."
	holder 0
	load_vfio
	take "$DEV1"
	must open luo /dev/liveupdate
	must session s luo vfio-lu
	fact "raw: closing it says nothing" 0 close s
	fact "raw: it cannot be had a second time" EINVAL session s luo vfio-lu
	fact "raw: and its device is of no use" EBUSY cdev d1 "$DEV1"
	must close luo

	say "vfio-lu reports the loss."
	run 0 status
	out "incoming, lost"
	out "retrieved, and its holder ended before it was finished"
	run 3 restore
	err "session vfio-lu cannot be restored: it was retrieved"
	run 3 finish
	err "cannot be finished"
	run 0 release
	run 0 status
	out "$DEV1  preserved by the previous kernel, in no known session"
	out "no sessions"
}
