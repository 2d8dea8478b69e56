# shellcheck shell=sh
# The journal has a record of each action, refusal and warning of a live update, in order. It has none of read-only
# commands, dry runs and wrong usage.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu"

# Prints the new records, without those of the holder, whose order may vary.
recorded() {
	scn_last="the journal"
	journal=${SCN_ROOT%/root}/journal
	grep -v 'VFIO_LU_COMMAND=hold' "$journal" >"$SCN_TMP/journal"
	tail -n "+$(cat "$journal.seen" 2>/dev/null || echo 1)" "$SCN_TMP/journal" >"$STDOUT"
	echo $(($(wc -l <"$SCN_TMP/journal") + 1)) >"$journal.seen"
	cat "$STDOUT"
	check_that "$1 records, not $(wc -l <"$STDOUT")" test "$(wc -l <"$STDOUT")" = "$1"
}

# Checks one record: its priority, command, session, address, result, and the beginning of its message; "" for none
record() {
	out_re "^PRIORITY=$1	MESSAGE=$6.*	MESSAGE_ID=[0-9a-f]\\{32\\}	VFIO_LU_COMMAND=$2${3:+	VFIO_LU_SESSION=$3}${4:+	VFIO_LU_BDF=$4}	VFIO_LU_RESULT=$5\\(	VFIO_LU_CODE=[a-z-]*\\)\\?\$"
}

phase_1() {
	run 0 list
	run 0 status
	run 0 bind --dry-run "$DEV1"
	run 3 preserve --dry-run "$DEV1"
	run 2 bind nonsense
	check_that "read-only commands, dry runs and wrong usage leave no record" test ! -e "${SCN_ROOT%/root}/journal"

	run 0 bind "$DEV1" "$DEV2"
	recorded 2
	record 6 bind "" "$DEV1" "done" "$DEV1  bound to vfio-pci"
	record 6 bind "" "$DEV2" "done" "$DEV2  bound to vfio-pci"
	run 3 kexec
	recorded 1
	record 4 kexec "" "" refused "nothing is preserved"
	run 0 preserve --session vm-1 "$DEV1"
	run 0 preserve --session vm-1 "$DEV1" -q
	recorded 2
	record 6 preserve vm-1 "$DEV1" "done" "$DEV1  preserved in session vm-1"
	record 6 preserve vm-1 "$DEV1" "done" "$DEV1  already preserved in session vm-1"
	run 3 unbind "$DEV1"
	recorded 1
	record 4 unbind vm-1 "$DEV1" refused "$DEV1: "
	run 1 load /boot/none
	recorded 1
	record 3 load "" "" failed "/boot/none: "
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	recorded 2
	record 4 load "" "" warning "the next kernel: this pair of kernels was not rehearsed"
	record 6 load "" "" "done" "loaded $KERNEL"
	run_jump kexec
}

phase_2() {
	# kexec does not repeat the warnings of load if nothing has changed
	recorded 1
	record 5 kexec vm-1 "$DEV1" note "starting $KERNEL by kexec -e, with session vm-1 ($DEV1); network connections break"
	echo broken >"$SCN_ROOT/var/lib/vfio-lu/vm-1.json"
	run 0 restore --session vm-1
	recorded 3
	record 4 restore vm-1 "" warning "[^	]*vm-1.json"
	record 6 restore vm-1 "$DEV1" "done" "$DEV1  bound to vfio-pci"
	record 6 restore vm-1 "$DEV1" "done" "$DEV1  retrieved from session vm-1"
	run 127 run --session vm-1 -- nothing-like-this
	recorded 2
	record 6 run vm-1 "$DEV1" "done" "$DEV1  given to process [0-9]*, nothing-like-this"
	record 3 run vm-1 "" failed "nothing-like-this: "
	run 0 finish --session vm-1
	recorded 2
	record 6 finish vm-1 "$DEV1" "done" "$DEV1  finished"
	record 6 finish vm-1 "" "done" "session vm-1  finished"

	say "The records of the holder"
	scn_last="the journal"
	grep 'VFIO_LU_COMMAND=hold' "$journal" >"$STDOUT"
	cat "$STDOUT"
	record 5 hold vm-1 "" note "session/vm-1: kept"
	record 5 hold vm-1 "$DEV1" note "device/vm-1/$DEV1: kept"
	record 5 hold vm-1 "" note "session/vm-1: retrieved and kept"
	record 5 hold vm-1 "" note "session/vm-1: closed"
}
