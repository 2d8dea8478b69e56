# shellcheck shell=sh
# A session for the next kexec is made while one of the previous kernel is not finished. The kernel keeps them in two
# lists (luo_session_create(), luo_session_retrieve()). It refuses a device that is in the first session, and vfio-lu
# refuses its name. The kexec would lose the unfinished session. vfio-lu reports each of these.
TIERS="fake vm"
PHASES=3
DEVICES="e1000e edu edu"
TIMEOUT=400

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" --session first
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 bind "$DEV2" "$DEV3"
	say "Before the first is restored."
	run 3 preserve "$DEV1" --session second
	err "$DEV1"
	err "restore"
	run 0 preserve "$DEV2" --session second
	out "$DEV2  preserved in session second"
	err "session first of the previous kernel is not finished (waiting); vfio-lu kexec refuses until it is; first: vfio-lu restore --session first"
	run 0 status
	out_re "^session  first  *incoming, waiting"
	out_re "^session  second  *outgoing, held"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "session first of the previous kernel is not finished (waiting); the kexec would lose it"

	say "The session is restored and not finished: its device and its name are in use."
	run 0 restore --session first
	out "$DEV1  retrieved"
	run 3 preserve "$DEV1" --session second
	err "$DEV1: already in session first"
	run 3 preserve "$DEV3" --session first
	err "session first of the previous kernel is not finished (restored); first: vfio-lu finish --session first"
	run 0 preserve "$DEV3" --session second
	err "session first of the previous kernel is not finished (restored); vfio-lu kexec refuses until it is; first: vfio-lu finish --session first"
	run 3 kexec
	err "session first of the previous kernel is not finished (restored); the kexec would lose it"
	run 0 status
	out_re "^session  first  *incoming, restored"
	out "$DEV1  retrieved"
	out "$DEV2  preserved"
	out "$DEV3  preserved"

	say "The session is finished: both are free again, and the second session is unchanged."
	run 0 finish --session first
	run 0 preserve "$DEV1" --session first
	err_not "is not finished"
	run_jump kexec
}

phase_3() {
	run 0 restore --session second
	out "$DEV2  retrieved"
	out "$DEV3  retrieved"
	run 0 restore --session first
	out "$DEV1  retrieved"
	run 0 finish --session first
	run 0 finish --session second
	run 0 status
	out "no sessions"
}
