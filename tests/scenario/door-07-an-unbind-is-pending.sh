# shellcheck shell=sh
# Door 7: an unbind of a preserved device never returns, and a kexec meanwhile hangs the machine.
TIERS="vm"
PHASES=1
DEVICES="edu edu"
TIMEOUT=240

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"

	say "vfio-lu refuses to unbind a preserved device."
	run 3 unbind "$DEV1"
	err "an unbind would hang"

	say "vfio-lu: another program unbinds it; kexec refuses."
	sh -c "echo $DEV1 >/sys/bus/pci/drivers/vfio-pci/unbind" &
	unbind=$!
	check_that "the unbind waits" soon in_log "$DEV1: No device request channel registered, blocked until released by user"
	run 4 kexec
	err "task $unbind (sh) is unbinding or removing a device"
	run 0 release
	wait $unbind
	pass "with the session released the unbind ends"

	say "Raw: the kexec is made anyway."
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	open_all "$DEV2"
	must open luo /dev/liveupdate
	must create s luo raw
	must preserve s d1 1
	sh -c "echo $DEV2 >/sys/bus/pci/drivers/vfio-pci/unbind" &
	soon in_log "$DEV2: No device request channel registered, blocked until released by user"
	kexec -e &
	jump=$!
	soon file_has "/proc/$jump/status" '^State:.*D'
	sleep 10
	check_that "raw: the machine hangs in the kexec" grep -q '^State:.*D' "/proc/$jump/status"
	reset_at_the_end
}
