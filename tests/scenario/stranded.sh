# shellcheck shell=sh
# A device that the previous kernel preserved, and that no session lists. If its session was given up, only a kexec or a
# reboot helps, and no command sends the reader to another one. If its session waits and the manifests are lost, restore
# finds it.
TIERS="fake"
NO_CALLS="the fake kernel loses a device when told"
PHASES=3
DISK=none
DEVICES="e1000e edu"

# Only the log names a device that is in no session. Without it, no command says more than the kernel does.
has_log() { [ "${FAKE_LOG:-whole}" = whole ]; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" --session one
	run 0 preserve "$DEV2" --session two
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	say "Two sessions wait, and no manifest says which devices are in them."
	if has_log; then name_restore; fi
	run 0 restore --all
	out "$DEV1  retrieved from session one"
	run 0 finish --all
	run 0 preserve "$DEV1" "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

name_restore() {
	run 0 status
	out "$DEV1  preserved by the previous kernel, in no known session"
	run 3 bind "$DEV1"
	err "$DEV1: the previous kernel preserved it, in a session whose devices are unknown before it is restored; first: vfio-lu restore --all"
	run 3 preserve "$DEV1"
	err "first: vfio-lu restore --all"
}

phase_3() {
	fake vanish "$DEV2"
	run 6 restore
	"$VFIO_LU" run -- "$STANDIN" wait >"$SCN_TMP/said" 2>&1 &
	vmm=$!
	soon sh -c '"$1" status | grep -q "lent to process"' - "$VFIO_LU"
	run 0 release --abandon
	fake power "$DEV1" D0

	run 3 kexec
	err "$DEV1: process $vmm (standin) has it open and it is not preserved, so a kexec would end that process"
	if has_log; then name_no_way; fi
	end_process $vmm
}

name_no_way() {
	say "Given up: nothing brings it back, and each command says so."
	run 3 preserve --pid $vmm
	err "$DEV1: the previous kernel preserved it, but no session that can be restored has it; it cannot be preserved before the next kexec or reboot"
	run 3 kexec
	err "$DEV1: process $vmm (standin) has it open and it is not preserved, so a kexec would end that process; end the process, or let the kexec end it: vfio-lu kexec --force"
	err_not "vfio-lu preserve"
	end_process $vmm
	run 3 preserve "$DEV1"
	err "it cannot be preserved before the next kexec or reboot"
	err_not "restore --all"
	run 3 unbind "$DEV1"
	err "it cannot be bound before the next kexec or reboot"
}
