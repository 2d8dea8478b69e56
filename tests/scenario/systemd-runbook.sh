# shellcheck shell=sh
# The example script live-update under the systemd of Debian 12: systemd restarts a killed holder, systemctl makes the
# kexec, the early unit restores the session, and the journal has the records of both kernels in order.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=600

before() { # STATUS
	run_cmd "$1" live-update -c "$(next_cmdline)" before "$KERNEL" "$INITRD" "$DEV1" "$DEV2"
}

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
	PATH=$PATH:/usr/share/vfio-lu/examples
	udev_is_done
	journal_stays
	say "A device is in use: nothing is changed, and nothing is recorded."
	run 0 bind "$DEV1"
	start_standin "open=$DEV1"
	before 3
	out "$DEV1 not-in-use: process $standin (standin) has its vfio file open"
	out "stopped at check: not ready (exit status 3)"
	kill $standin
	check_that "it ends" soon gone $standin
	recorded_are "bind done"

	say "The holder is killed: systemd has its files, and running the first part again finds everything done."
	before 0
	out "$DEV2  preserved in session vfio-lu"
	holder=$(holder_pid)
	kill -9 "$holder"
	check_that "systemd started a new holder" soon scn_another_than "$holder"
	before 0
	out "$DEV2  already preserved in session vfio-lu"
	run 0 kexec --dry-run
	out "kexec: systemctl kexec"
	run_jump_by live-update kexec
}

phase_2() {
	PATH=$PATH:/usr/share/vfio-lu/examples
	udev_is_done
	say "The early unit has restored the session. A VMM never binds its device: it keeps running, and another VMM can get the device."
	vmm 3 5 wait
	out "$DEV1  already retrieved"
	out "stopped at run: not-bound (exit status 5)"
	out "incoming, restored   next: vfio-lu finish --wait"
	end_vmm
	vmm 60 0 "bind={$DEV1},{iommufd}" "bind={$DEV2},{iommufd}" wait
	out "session vfio-lu  finished"
	end_vmm
	run 0 status --check
	out "no sessions"

	say "The records of both kernels. The number of early calls of finish depends on timing, and so does"
	say "the record of the beginning shutdown."
	records=$(recorded VFIO_LU_RESULT=done VFIO_LU_RESULT=note | tr ',' '\n' | uniq | grep -v '^kexec done' | tr '\n' ',')
	once="bind done,preserve done,load done"
	check_that "the journal: $records" test "$records" = \
		"$once,$once,kexec note,restore done,run done,restore done,run done,finish done,"
	check_that "finish was too early" test -n "$(recorded VFIO_LU_RESULT=busy VFIO_LU_COMMAND=finish)"
	check_that "no record says that a kexec failed" test -z "$(recorded VFIO_LU_CODE=kexec-failed)"
	check_that "over two boots" test "$(journalctl -t vfio-lu -o json | grep -o '"_BOOT_ID" *: *"[^"]*"' | sort -u | wc -l)" = 2
}
