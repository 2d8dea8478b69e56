# shellcheck shell=sh
# Finding f: sessions that are retrieved and closed, or never retrieved.
TIERS=vm
PHASES=3
DEVICES="edu edu edu edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV2" "$DEV3"
	open_all "$DEV1" "$DEV2" "$DEV3"
	must open luo /dev/liveupdate
	for n in 1 2 3; do
		must create s$n luo vm$n
		must preserve s$n d$n 1
	done
	must memfd m hello
	must create sm luo mem
	must preserve sm m 1
	must create se luo empty
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV2" "$DEV4"
	must open luo /dev/liveupdate
	must session s luo vm1
	fact "retrieve session + close without finish: close returns 0" 0 close s
	log_has "the kernel notices" "luo: Unable to finish session [vm1] on release"
	fact "state leaked: RETRIEVE_SESSION EINVAL for ever" EINVAL session s luo vm1
	fact "devices EBUSY until next kexec/reboot" EBUSY cdev d1 "$DEV1"

	must session s luo mem
	must retrieve m s 1
	fact "a memfd comes over" hello content m
	must close m
	must close s
	fact "memfd-only session: close finishes, then ENOENT" ENOENT session s luo mem
	must session s luo empty
	must close s
	fact "empty session: close finishes, then ENOENT" ENOENT session s luo empty

	must close luo
	holder 1
	WHO=1
	restore_all vm2 "$DEV2"
	kill_holder 1
	WHO=0
	is "Holder killed after retrieve+bind of ALL fds: implicit finish (OK)" \
		soon in_log "$DEV2: Device is finished participating in Live Update"
	fact "the device is free" 0 cdev d2 "$DEV2"

	must open luo /dev/liveupdate
	must open i /dev/iommu
	must cdev d4 "$DEV4"
	must bind d4 i
	must create s luo vm4
	fact "other devices can be preserved meanwhile" 0 preserve s d4 1
	jump_raw
}

phase_3() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV3"
	restore_all vm4 "$DEV4"
	fact "preserved meanwhile" 0 finish s
	fact "Never-retrieved sessions are silently dropped at the next kexec" ENOENT session s luo vm3
	fact "and their devices free" 0 cdev d3 "$DEV3"
	fact "as are those of a leaked one" 0 cdev d1 "$DEV1"
}
