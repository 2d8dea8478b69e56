# shellcheck shell=sh
# A VMM bound its device and died. The file can never be bound again, so run gives it to no other process and says why.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 restore
	run 0 run -- "$STANDIN" "bind={$DEV1}"
	run 3 run -- "$STANDIN" "bind={$DEV1}"
	err "$DEV1: its file is bound to an iommufd already, which is possible only once"
	run 3 run --again -- "$STANDIN" "bind={$DEV1}"
	err "$DEV1"
	# a command that names no file gets the others
	run 0 run -- "$STANDIN" env=LISTEN_FDNAMES
	out "LISTEN_FDNAMES=$(printf %s "$DEV2" | tr : +)"
	run 0 status
	out "$DEV1  bound to an iommufd"
	out "$DEV2  retrieved"
	run 0 run -- "$STANDIN" "bind={$DEV2}"
	run 3 run -- "$STANDIN" wait
	err "its file is bound to an iommufd"
	run 0 finish
	run 0 status
	out "no sessions"
}
