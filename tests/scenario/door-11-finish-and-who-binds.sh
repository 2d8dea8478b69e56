# shellcheck shell=sh
# Door 11: finish needs every file retrieved and bound, a file can be bound only once, and the next kexec drops files
# that nobody retrieved.
TIERS="vm"
PHASES=4
DEVICES="e1000e edu"
TIMEOUT=600

jump_ours() {
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	jump_ours
}

phase_2() {
	say "vfio-lu: kexec and finish refuse while a session waits."
	run 3 finish
	err "not restored yet; first: vfio-lu restore"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "session vfio-lu of the previous kernel is not finished (waiting); the kexec would lose it"
	say "vfio-lu: restore does not bind, so that a VMM can; finish binds the devices that no VMM took."
	run 0 restore
	run 3 kexec
	err "is not finished (restored); the kexec would lose it"
	run_cmd 0 leave vfio-lu "$DEV1"
	run 0 finish
	run 0 finish
	out "already finished"
	run 0 preserve "$DEV1" --session one
	run 0 preserve "$DEV2" --session two
	jump_ours
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	say "Raw."
	holder 0
	load_vfio
	take "$DEV1"
	run 0 status --json
	token=$(jq -r 'first(.sessions[].devices[]).token' "$STDOUT")
	must open luo /dev/liveupdate
	must session s luo one
	fact "raw: finish before it is retrieved" EBUSY finish s
	must retrieve d1 s "$token"
	fact "raw: finish before it is bound" EBUSY finish s
	must open i /dev/iommu
	must bind d1 i
	fact "raw: it is bound once, even to the same iommufd" EINVAL bind d1 i
	fact "raw: now it can be finished" 0 finish s
	for handle in s d1 luo i; do must close $handle; done
	say "Raw: the second session stays waiting."
	jump_raw
}

phase_4() {
	run 0 status
	out "session  two   incoming, lost"
	out_re "the previous kernel handed over none of its devices\\|made for another live update"
	run 3 restore --session two
	run 0 release --session two
	run 3 finish --session one
	err_re "the previous kernel handed over none of its devices\\|made for another live update"
	run 0 release --session one
	run 0 status
	out "no sessions"
}
