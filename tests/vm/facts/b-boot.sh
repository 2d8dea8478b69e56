# shellcheck shell=sh
# Finding b, the command line: kho=on and liveupdate=on only work together.
TIERS=vm
PHASES=3
KERNEL_ARGS="kho=off"

nothing() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	fact "$1: no /dev/liveupdate (open ENOENT)" ENOENT open luo /dev/liveupdate
}

phase_1() {
	nothing "liveupdate=on only"
	log_has "liveupdate=on w/o kho" "luo: Disabling liveupdate because KHO is disabled"
	jump_raw "$(next_cmdline | sed 's/kho=off/liveupdate=off/')"
}

phase_2() {
	nothing "kho=on only"
	jump_raw "$(next_cmdline) kho=off"
}

phase_3() {
	nothing "neither"
}
