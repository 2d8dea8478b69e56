# shellcheck shell=sh
# The kernel has no Live Update Orchestrator: every command says so and stops.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e"
KERNEL_ARGS="liveupdate=off"

phase_1() {
	run 4 check "$DEV1"
	out "luo-enabled"
	out "luo-device"
	out_not "kho-enabled"
	run 0 bind "$DEV1"
	run 4 preserve "$DEV1"
	err "liveupdate=off on the command line turns it off"
	run 4 load "$KERNEL"
	run 4 kexec
	run 4 restore
	run 0 status
	out "no sessions"
	run 0 unbind "$DEV1"
}
