# shellcheck shell=sh
# kexec considers every held session and every device that a process uses, not only the promised devices.
TIERS="fake"
NO_CALLS="preserve is killed at a call that the VM has not"
PHASES=1
DEVICES="e1000e edu edu"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" --session a
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"

	say "preserve is killed after everything is preserved and before it writes the promise."
	FAKE_CALLS="$SCN_TMP/calls" "$VFIO_LU" preserve "$DEV2" --session b >/dev/null
	"$VFIO_LU" release --session b >/dev/null
	n=$(sed -n 's/^calls //p' "$SCN_TMP/calls")
	scn_left=''
	while [ -z "$scn_left" ] && [ "$n" -gt 1 ]; do
		n=$((n - 1))
		FAKE_KILL=$n "$VFIO_LU" preserve "$DEV2" --session b >/dev/null 2>&1
		scn_left=$("$VFIO_LU" status | grep 'session  b .*incomplete')
		[ -n "$scn_left" ] || "$VFIO_LU" release --session b >/dev/null 2>&1
	done
	check_that "it was killed in between" test -n "$scn_left"
	run 0 status
	out "no manifest lists it, after an interrupted preserve"
	out "next: vfio-lu preserve --session b $DEV2"
	out "session b is incomplete; then vfio-lu kexec"
	fake irq "$DEV2" msi
	run 3 kexec
	err "session b is incomplete"
	err "$DEV2: no manifest lists it"
	run 0 preserve "$DEV2" --session b
	run 0 kexec --dry-run
	out "$DEV2: disable its interrupts through its file in session b"
	out "vfio-lu.session=a,b"

	say "A VM with a device that is in no session would end with this kernel."
	start_standin "open=$DEV3"
	run 3 kexec --dry-run
	err "$DEV3: process $standin (standin) has it open and it is not preserved, so a kexec would end that process"
	err "vfio-lu preserve --pid $standin"
	run 3 kexec
	run 0 kexec --force --dry-run
	err "$DEV3: process $standin (standin) has it open"
	out "kexec: kexec -e"
	end_process $standin
	run 0 kexec --dry-run
	err_not "$DEV3"
}
