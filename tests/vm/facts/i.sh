# shellcheck shell=sh
# Finding i, with the PCI FLB as "pci" (the newest): the data in debugfs, and the data in memory.
TIERS=vm
PHASES=2
DEVICES="edu edu+edu"

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	flb_before
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	flb_after pci pci
}
