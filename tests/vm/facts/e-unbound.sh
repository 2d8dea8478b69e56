# shellcheck shell=sh
# Finding e, second half: vfio-pci is loaded, but does not have the device.
TIERS=vm
PHASES=2
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
	load_vfio
	must open luo /dev/liveupdate
	must session s luo vm1
	fact "loaded but not bound: RETRIEVE_FD ENODEV" ENODEV retrieve d1 s 1
	take "$DEV1"
	fact "STICKY (same after binding)" ENODEV retrieve d1 s 1
	fact "FINISH EBUSY for ever, session unfinishable" EBUSY finish s
	fact "and the device stays EBUSY" EBUSY cdev d1 "$DEV1"
}
