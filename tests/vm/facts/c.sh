# shellcheck shell=sh
# Finding c: an unbind of a preserved device waits until the session is closed.
TIERS=vm
PHASES=2
DEVICES="edu edu edu"

pending() { [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status"; }

# exec: the process that writes has the pid that the checks look at.
write_to() { exec sh -c "echo $1 >$2"; }

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1" "$DEV2"

	# Only a module has a state.
	if [ ! -e /sys/module/vfio_pci/initstate ]; then
		skip "rmmod vfio_pci: EAGAIN" "built in"
	elif rmmod vfio_pci 2>&1 | grep -q 'Resource temporarily unavailable'; then
		pass "rmmod vfio_pci: EAGAIN"
	else
		fail "rmmod vfio_pci: EAGAIN" "$(rmmod vfio_pci 2>&1)"
	fi

	write_to "$DEV1" /sys/bus/pci/drivers/vfio-pci/unbind &
	unbind=$!
	is "unbind of a preserved device BLOCKS, with a message" \
		soon in_log "$DEV1: No device request channel registered, blocked until released by user"
	is "it is there" pending $unbind
	kill -9 $unbind
	is "SIGKILL does not end it, and the kernel says so" \
		soon in_log "Device is currently in use, task \"sh\" ($unbind) blocked until device is released"
	is "it is there" pending $unbind
	must close d1
	sleep 2
	is "it goes on when only the user fd is closed" pending $unbind
	log_lacks "close(user fd) keeps the device preserved" "$DEV1: Device will no longer be preserved"

	write_to 1 "/sys/bus/pci/devices/$DEV2/remove" &
	remove=$!
	sleep 2
	is "sysfs remove of a preserved device BLOCKS" pending $remove
	must close s
	log_has "close(session): unpreserved at once" "$DEV1: Device will no longer be preserved"
	is "the unbind ends when session AND user fd are closed" soon gone $unbind
	is "the remove goes on, a user fd is still open" pending $remove
	must close d2
	is "and ends when that is closed too" soon gone $remove

	holder 1
	WHO=1
	take "$DEV3"
	must open i /dev/iommu
	must cdev d "$DEV3"
	must bind d i
	WHO=0
	must close luo
	WHO=1
	must open luo /dev/liveupdate
	must create s luo vm3
	must preserve s d 1
	kill_holder 1
	WHO=0
	is "kill holder: unpreserved at once" soon in_log "$DEV3: Device will no longer be preserved"
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_lacks "kexec -e after holder exit works but nothing is preserved" "Device was preserved by previous kernel"
	must open luo /dev/liveupdate
	fact "and its session is gone" ENOENT session s luo vm3
}
