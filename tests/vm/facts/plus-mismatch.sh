# shellcheck shell=sh
# The third: a next kernel that knows the PCI FLB by another name.
TIERS=vm
PHASES=2
DEVICES="edu"
KERNEL_ARGS="pci_liveupdate.flb=block"
EXPECT_LOG='refcount_'

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	preserve_all vm1 "$DEV1"
	jump_raw "$(next_cmdline | sed 's/pci_liveupdate.flb=block//')"
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	log_lacks "PCI FLB name mismatch: the newest form says nothing" "No incoming FLB matched"
	log_lacks "no mark" "Device was preserved by previous kernel"
	load_vfio
	take "$DEV1"
	fact "no EBUSY protection" 0 cdev d1 "$DEV1"
	must close d1
	restore_all vm1 "$DEV1"
	fact "FINISH 0" 0 finish s
	log_has "with refcount WARN" "refcount_t: underflow"
}
