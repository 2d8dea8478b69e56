# shellcheck shell=sh
# Finding c, its worst case: a kexec while an unbind waits for a preserved device.
TIERS=vm
PHASES=1
DEVICES="edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1"
	load_raw
	sh -c "echo $DEV1 >/sys/bus/pci/drivers/vfio-pci/unbind" &
	soon in_log "$DEV1: No device request channel registered, blocked until released by user"
	kexec -e &
	jump=$!
	soon file_has "/proc/$jump/status" '^State:.*D'
	sleep 10
	if grep -q '^State:.*D' "/proc/$jump/status"; then
		pass "A pending unbind makes kexec -e hang for ever (D state)"
	else
		fail "A pending unbind makes kexec -e hang for ever (D state)" "$(grep State "/proc/$jump/status")"
	fi
	fact "after freeze" EIO device d1 info
	reset_at_the_end
}
