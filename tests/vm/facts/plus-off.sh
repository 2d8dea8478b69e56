# shellcheck shell=sh
# The second: a next kernel without liveupdate=on.
TIERS=vm
PHASES=2
DEVICES="edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1"
	jump_raw "$(next_cmdline) liveupdate=off"
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_lacks "2nd kernel w/o liveupdate=on: devices not marked" "Device was preserved by previous kernel"
	log_has "yet" "luo: Retrieved live update data, liveupdate number: 1"
	load_vfio
	take "$DEV1"
	fact "cdev opens" 0 cdev d1 "$DEV1"
	fact "state lost" ENOENT open luo /dev/liveupdate
}
