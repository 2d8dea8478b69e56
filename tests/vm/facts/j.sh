# shellcheck shell=sh
# Finding j: the messages in the kernel log, with and without a handover.
TIERS=vm
PHASES=3

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	log_lacks "a cold boot" "KHO: found kexec handover data."
	log_lacks "a cold boot" "luo: Retrieved live update data"
	log_lacks "a cold boot" "No incoming FLB matched"
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	log_has "appear even when nothing was preserved" "KHO: found kexec handover data."
	log_has "appear even when nothing was preserved" "luo: Retrieved live update data, liveupdate number: 1"
	log_lacks "nothing was preserved" "Device was preserved by previous kernel"
	log_lacks "and the newest form says nothing of it" "No incoming FLB matched"
	jump_raw "$(next_cmdline) liveupdate=off"
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	log_has "and even with liveupdate off" "KHO: found kexec handover data."
	log_has "and even with liveupdate off" "luo: Retrieved live update data, liveupdate number: 2"
	holder 0
	fact "although there is no device then" ENOENT open luo /dev/liveupdate
}
