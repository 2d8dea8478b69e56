# shellcheck shell=sh
# A preserved device sleeps, so the kernel would refuse the kexec. vfio-lu notices this before it changes anything, and
# its fix wakes the device without a loss: it names the session, and keeps the memory in it.
TIERS="fake"
PHASES=1
DEVICES="e1000e e1000e e1000e"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	start_standin "open=$DEV1" memfd=1
	run 0 preserve --pid $standin --fd "$(said memfd)=ram"
	end_process $standin
	run 0 preserve "$DEV2" --session pair
	run 0 preserve "$DEV3" --session pair
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"

	say "Its session has another device, and a name."
	fake power "$DEV2" D3hot
	run 3 kexec --dry-run
	err "$DEV2: it is in D3hot, and the kernel refuses a kexec unless it is in D0"
	err "fix: vfio-lu release --session pair $DEV2, then vfio-lu preserve --session pair $DEV2, which wakes it"
	run 0 release --session pair "$DEV2"
	run 0 preserve --session pair "$DEV2"
	run 0 kexec --dry-run

	say "It is the last device of a session with memory, which stays in the session."
	run 0 release --session pair
	fake power "$DEV1" D3hot
	run 3 kexec
	err "fix: vfio-lu release --session vfio-lu $DEV1, then vfio-lu preserve --session vfio-lu $DEV1"
	run 0 release "$DEV1"
	out "ram  stays in session vfio-lu"
	run 0 preserve "$DEV1"
	run 0 status
	out "$DEV1  preserved"
	out "ram           preserved"
	run 0 kexec --dry-run
}
