# shellcheck shell=sh
# The example script live-update takes a host through live updates. If it cannot continue, it stops with the exit
# status of the failed command, in a state that status describes.
TIERS="fake vm"
PHASES=3
DEVICES="e1000e edu"
TIMEOUT=300
NO_CALLS="a holder is killed, and VMMs are waited for"
# the kernel warns of what is removed before it is finished
EXPECT_LOG='pci_liveupdate_notify'

# A VMM that writes its process id to a file.
vmm() { # SECONDS STATUS WORD...: the words of the stand-in
	scn_seconds=$1 scn_wanted=$2
	shift 2
	run_cmd "$scn_wanted" live-update -t "$scn_seconds" after sh -c "echo \$\$ >$SCN_TMP/vmm; exec $STANDIN $*"
}
end_vmm() {
	kill "$(cat "$SCN_TMP/vmm")"
	check_that "the VMM ends" soon gone "$(cat "$SCN_TMP/vmm")"
}

phase_1() {
	say "1. A device is in use: nothing is changed."
	run 0 bind "$DEV1"
	start_standin "open=$DEV1"
	run_cmd 3 live-update before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
	out "$DEV1 not-in-use: process $standin (standin) has its vfio file open"
	out "stopped at check: not ready (exit status 3)"
	out "no sessions"
	check_that "$DEV2 was left alone" test "$(driver_of "$DEV2")" != vfio-pci
	kill $standin
	check_that "it ends" soon gone $standin

	say "2. The next kernel is not ready: nothing is changed."
	run_cmd 3 live-update -c "$(next_cmdline) liveupdate=off" before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
	out "next-cmdline: liveupdate=off turns it off"
	out "stopped at check: not ready (exit status 3)"
	out "no sessions"
	run_cmd 3 live-update before "$KERNEL" "$INITRD" 0000:7f:00.0
	out "0000:7f:00.0 exists: no such PCI device"
	run_cmd 3 live-update kexec
	out "stopped at kexec: nothing-preserved (exit status 3)"
	run_cmd 2 live-update before "$KERNEL" "$INITRD"

	say "3. The holder is killed after the first part: its sessions are lost, and running the first part again preserves them again."
	run_cmd 0 live-update -c "$(next_cmdline)" before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
	out "$DEV2  preserved in session vfio-lu"
	out "loaded $KERNEL"
	kill -9 "$(holder_pid)"
	run_cmd 3 live-update kexec
	out "stopped at kexec: lost (exit status 3)"
	out "outgoing, lost   next: vfio-lu preserve $DEV1 $DEV2"
	run_cmd 0 live-update -c "$(next_cmdline)" before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
	if in_vm; then
		say "The kernel refuses the kexec: everything is still held, and the same command is the next one."
		mv /bin/kexec /bin/kexec.real
		printf '#!/bin/sh\n[ "$1" != -e ] || exit 1\nexec kexec.real "$@"\n' >/bin/kexec
		chmod 755 /bin/kexec
		run_cmd 1 live-update kexec
		out "stopped at kexec: kexec-failed (exit status 1)"
		out "outgoing, held   next: vfio-lu kexec"
		mv /bin/kexec.real /bin/kexec
	fi
	run_jump_by live-update kexec
}

phase_2() {
	say "4. A VMM never binds its device: it keeps running, the session stays restored, and another VMM can get the device."
	vmm 3 5 wait
	out "stopped at run: not-bound (exit status 5)"
	out "incoming, restored   next: vfio-lu finish --wait"
	out "lent to process $(cat "$SCN_TMP/vmm") (standin)"
	end_vmm
	run_cmd 127 live-update after no-such-program
	out "stopped at run: COMMAND ended without binding the devices (exit status 127)"
	out "incoming, restored"
	vmm 60 0 "bind={$DEV1},{iommufd}" "bind={$DEV2},{iommufd}" wait
	out "session vfio-lu  finished"
	run 0 status --check
	out "no sessions"
	run_cmd 0 live-update after
	out "session vfio-lu  already finished"
	end_vmm

	say "The next VMM."
	run_cmd 0 live-update -c "$(next_cmdline)" before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
	run_jump_by live-update kexec
}

phase_3() {
	say "5. A device does not exist any more."
	if in_vm; then echo 1 >"/sys/bus/pci/devices/$DEV2/remove"; else fake vanish "$DEV2"; fi
	run_cmd 6 live-update after
	out "stopped at restore: not-restored (exit status 6)"
	out "incoming, partly-restored   next:"
	out "$DEV1  retrieved"
	out "$DEV2  missing"
	run 6 status --check
}
