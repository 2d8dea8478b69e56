# shellcheck shell=sh
# Finding e, the way out: vfio-pci built into the kernel.
TIERS=vm
PHASES=2
FLAVOUR=y
DEVICES="edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1"
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	fact "With =y fine: the first open" 0 open luo /dev/liveupdate
	must close luo
	restore_all vm1 "$DEV1"
	fact "and the rest" 0 finish s
}
