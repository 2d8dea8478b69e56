# shellcheck shell=sh
# The first of the findings without a letter: an image loaded by the old system call.
TIERS=vm
PHASES=2
DEVICES="edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1"
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	printf '\n$ kexec -e\n'
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	is_not "kexec -c -l: ALL state silently lost (no debug/kho/in)" test -e /sys/kernel/debug/kho/in
	log_lacks "nothing came over" "KHO: found kexec handover data."
	load_vfio
	take "$DEV1"
	fact "the device is an ordinary one" 0 cdev d1 "$DEV1"
	must open luo /dev/liveupdate
	fact "the session is gone" ENOENT session s luo vm1
}
