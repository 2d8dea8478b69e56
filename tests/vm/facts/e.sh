# shellcheck shell=sh
# Finding e: /dev/liveupdate is opened before vfio-pci is loaded.
TIERS=vm
PHASES=3
FLAVOUR=m
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
	fact "open before vfio-pci registered: EIO" EIO open luo /dev/liveupdate
	log_has "because" "luo: No registered handler for compatible 'vfio-pci-v1'"
	log_has "and so" "luo: Failed to deserialize files for session [vm1] -2"
	load_vfio
	take "$DEV1"
	fact "for ever: Loading vfio-pci later does not help" EIO open luo /dev/liveupdate
	fact "Devices stay cdev-EBUSY" EBUSY cdev d1 "$DEV1"
	jump_raw
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1"
	fact "Another kexec clears all" 0 open luo /dev/liveupdate
	fact "Another kexec clears all" 0 cdev d1 "$DEV1"
	fact "the state is lost, of course" ENOENT session s luo vm1
}
