# shellcheck shell=sh
# The journal of a whole live update under the systemd of Debian 12: the records of both kernels are in order, and the
# catalog explains them. The early unit fails if a session is not restored. systemd knows every line of the units.
TIERS="vm"
ROOT="bookworm"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=600
# the kernel warns of what is removed before it is finished
EXPECT_LOG='pci_liveupdate_notify'

phase_1() {
	udev_is_done
	journal_stays
	run_cmd 0 journalctl --update-catalog
	run_cmd 0 systemd-analyze --man=no verify vfio-lu.service vfio-lu-restore.service
	out_empty
	err_empty
	run_cmd 0 systemctl enable vfio-lu-restore.service
	run 0 bind "$DEV1" "$DEV2"
	run 3 bind 0000:7f:00.0
	run 0 preserve "$DEV1" --session vm-1
	run 0 preserve "$DEV2" --session vm-2
	run 0 preserve "$DEV1" --session vm-1 --dry-run
	run 0 status
	recorded_are "bind done,bind done,bind refused,preserve done,preserve done"
	run_cmd 0 journalctl -t vfio-lu -u vfio-lu.service -o cat
	out "session/vm-1: kept"
	check_that "and each thing once" test "$(grep -c "session/vm-1: kept" "$STDOUT")" = 1
	run_cmd 0 journalctl -x -t vfio-lu "VFIO_LU_RESULT=refused"
	out "A step of a live update was refused"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	say "The second device will not exist when the unit looks for it."
	cat >/etc/systemd/system/lose.service <<-END
		[Unit]
		DefaultDependencies=no
		Before=vfio-lu-restore.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'echo 1 >/sys/bus/pci/devices/$DEV2/remove'
		[Install]
		WantedBy=sysinit.target
	END
	run_cmd 0 systemctl enable lose.service
	run_jump kexec
}

phase_2() {
	udev_is_done
	recorded_are "restore done,restore done" -b VFIO_LU_SESSION=vm-1
	check_that "no record says that the second device was restored" test -z "$(recorded -b VFIO_LU_SESSION=vm-2 VFIO_LU_RESULT=done)"
	check_that "but a record has its failure" test -n "$(recorded -b -p err VFIO_LU_SESSION=vm-2)"
	check_that "the unit failed" test "$(systemctl show -P Result vfio-lu-restore.service)" = exit-code
	run_cmd 0 journalctl -b -p err -u vfio-lu-restore.service -o cat
	out_re "session vm-2.* see vfio-lu status"
	# not by unit, because the journal may not know the unit of a process that has ended
	run_cmd 0 journalctl -b -t vfio-lu -o cat
	check_that "each thing once" test "$(grep -c "$DEV1  retrieved" "$STDOUT")" = 1
	run 0 finish --session vm-1
	recorded_are "preserve done,restore done,restore done,finish done,finish done" VFIO_LU_SESSION=vm-1 VFIO_LU_RESULT=done
	# the record of the beginning shutdown may come too late for the journal, which is no failure
	records=$(recorded VFIO_LU_COMMAND=load VFIO_LU_COMMAND=kexec | sed 's/,kexec done$//')
	check_that "the journal: $records" test "$records" = \
		"load warning,load warning,load done,kexec warning,kexec warning,kexec note"
	run_cmd 0 journalctl -t vfio-lu VFIO_LU_COMMAND=kexec -o cat
	out "starting $KERNEL by systemctl kexec, with session vm-1 ($DEV1), session vm-2 ($DEV2); network connections break"
	journalctl >"$SCN_TMP/all"
	check_that "no key of a unit is unknown" test -z "$(grep -i "unknown key\|unknown lvalue" "$SCN_TMP/all")"
	run_cmd 0 journalctl --verify
}
