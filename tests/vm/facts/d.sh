# shellcheck shell=sh
# Finding d: why a kexec fails, and the state of the devices afterwards.
TIERS=vm
PHASES=2
DEVICES="edu e1000e edu edu edu"

refused() { # TEXT LOG
	dmesg -c >/dev/null
	fact "$1: reboot(KEXEC) -1 EINVAL" EINVAL kexec
	log_has "$1" "$2"
	log_has "$1" 'luo: Freeze failed for token[0x2] handler[vfio-pci-v1] err[-22]'
}

usable() { # DEVICE
	for operation in info region read write; do
		fact "usable after a failed jump" 0 device "$1" $operation
	done
}

poisoned() { # DEVICE TEXT
	for operation in info region read write mmap; do
		fact "$2" EIO device "$1" $operation
	done
	fact "but VFIO_DEVICE_FEATURE answers ENOTTY" ENOTTY device "$1" feature
}

master() { # BDF BIT TEXT
	same "$3" $((0x$(od -An -tx1 -j4 -N1 "/sys/bus/pci/devices/$1/config" | tr -d ' ') & 4)) "$2"
}

# shellcheck disable=SC2154 # the names come from elsewhere
phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV2" "$DEV3" "$DEV4" "$DEV5"
	open_all "$DEV1" "$DEV2" "$DEV3" "$DEV4" "$DEV5"
	must open luo /dev/liveupdate
	must create s luo vm1
	must preserve s d1 1
	must preserve s d4 4
	must preserve s d2 2
	must preserve s d3 3
	load_raw

	# Seen from outside the device: a frozen device does no DMA.
	must device d1 master
	master "$DEV1" 4 "a device may do DMA before"
	irqs="Freeze failed! Interrupts are still enabled."
	must irq d2 0 on
	refused "INTx enabled" "vfio-pci $DEV2: $irqs"
	must irq d2 0 off
	must irq d2 1 on
	refused "MSI enabled" "vfio-pci $DEV2: $irqs"
	must irq d2 1 off
	must irq d2 2 on
	refused "MSI-X enabled" "vfio-pci $DEV2: $irqs"
	run_cmd 255 kexec -e
	cat "$STDERR" >>"$STDOUT"
	out "kexec failed: Invalid argument"
	must irq d2 2 off
	must power d2 3
	refused "D3" "vfio-pci $DEV2: Freeze failed! Device not in D0 state."
	must power d2 0

	master "$DEV1" 0 "freeze turns bus mastering off"
	usable d2
	usable d3
	poisoned d1 "devices frozen BEFORE it (preserve order) give EIO on every ioctl/read"
	poisoned d4 "devices frozen BEFORE it (preserve order) give EIO on every ioctl/read"
	if [ "$(cat /sys/kernel/kexec_loaded)" = 1 ]; then pass "Image stays loaded"; else fail "Image stays loaded"; fi
	fact "session survives" vm1 name s
	fact "create still works" 0 create s2 luo vm2
	fact "preserve still works" 0 preserve s2 d5 5

	must close s
	must close d1
	must cdev d1 "$DEV1"
	must bind d1 i
	poisoned d1 "also after close+open+bind"
	must close d4
	untake "$DEV4"
	take "$DEV4"
	must cdev d4 "$DEV4"
	must bind d4 i
	usable d4

	must create s luo vm1
	must preserve s d1 1
	must preserve s d2 2
	# Neither of these is an interrupt of the device.
	must irq d2 3 on
	must irq d2 4 on
	must preserve s d4 4
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	pass "retry after irq off works; ERR/REQ eventfds do not count"
	load_vfio
	take "$DEV4" "$DEV5"
	restore_all vm1 "$DEV1" "$DEV2"
	fact "They still pass the next kexec" 0 device d1 info
	must retrieve d4 s 4
	must bind d4 i
	usable d1
	usable d2
	usable d4
	fact "FINISH" 0 finish s
	must session s2 luo vm2
	must retrieve d5 s2 5
	must bind d5 i
	fact "the session made after the failure, too" 0 finish s2
}
