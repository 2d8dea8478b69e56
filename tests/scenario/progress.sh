# shellcheck shell=sh
# After two seconds, a line on the terminal says what the command waits for, and the time limit; the line disappears at
# the end. There is no line with --json, with -q, or if stderr is no terminal. Dots replace text that is wider than the
# terminal.
TIERS="fake"
NO_CALLS="waits on purpose"
DEVICES="e1000e edu edu edu"
TIMEOUT=300

# Runs vfio-lu on a terminal; $STDOUT gets the output with its escape sequences.
on_terminal() { # EXPECTED-STATUS ARGUMENT...
	scn_status=$1
	shift
	scn_shown="vfio-lu $* (on a terminal)"
	run_cmd "$scn_status" env TERM=xterm script -q -e -c "'$VFIO_LU' $*" "$SCN_TMP/typescript"
}
line() { # PATTERN: the line, which is redrawn, and removed at the end
	out_re "$(printf '\r')([0-9]* of at most [0-9]* s) $1$(printf '\033')\\[K"
	out_re "$(printf '\r\033')\\[K"
}
no_line() {
	out_not "$(printf '\033')[K"
	err_not "$(printf '\033')[K"
}

# Another process has the lock while the command waits.
with_lock() { # COMMAND...
	rm -f "$SCN_TMP/halt"
	FAKE_LOCK=after:$SCN_TMP/halt "$VFIO_LU" bind "$DEV2" >/dev/null 2>&1 </dev/null &
	scn_other=$!
	soon test -e "$SCN_TMP/halt"
	"$@"
	rm "$SCN_TMP/halt"
	wait $scn_other
}

# Prints the width of the widest line.
widest() { tr -d '\r' <"$STDOUT" | awk 'length > n { n = length } END { print n + 0 }'; }
narrow() { # COLUMNS ARGUMENT...
	scn_columns=$1
	shift
	scn_shown="vfio-lu $* ($scn_columns columns)"
	run_cmd 0 env TERM=dumb script -q -e -c "stty cols $scn_columns; '$VFIO_LU' $*" "$SCN_TMP/typescript"
}

phase_1() {
	say "A narrow terminal"
	narrow 70 list "$DEV1"
	out_re "82574L Giga[^ ]*.*\.\.\."
	check_that "it fits: $(widest)" test "$(widest)" = 70
	narrow 40 list "$DEV1"
	out "82574L Gigabit Network Connection"
	narrow 60 help release
	check_that "it fits: $(widest)" test "$(widest)" -le 60
	narrow 200 help release
	check_that "it is not wider than needed: $(widest)" test "$(widest)" -le 80

	say "The lock"
	with_lock on_terminal 5 --timeout 4 bind "$DEV1"
	line "waiting until another vfio-lu command ends"
	with_lock on_terminal 5 --timeout 4 --json bind "$DEV1"
	no_line
	with_lock on_terminal 5 --timeout 4 -q bind "$DEV1"
	no_line
	with_lock run 5 --timeout 4 bind "$DEV1"
	no_line
	say "A short wait has no line"
	on_terminal 0 bind "$DEV1" "$DEV2"
	no_line

	say "A slow device, and a holder that does not answer"
	fake stall "$DEV1" unbind
	on_terminal 5 --timeout 4 unbind "$DEV1"
	line "$DEV1: write $DEV1 to /sys/bus/pci/.*"
	fake go "$DEV1"
	run 0 bind "$DEV1"
	say "Many devices share one line"
	run 0 bind "$DEV3" "$DEV4"
	fake stall "$DEV1" unbind
	on_terminal 0 --timeout 1 unbind "$DEV1" "$DEV2" "$DEV3" "$DEV4" "; :"
	line "3 of 4 done; $DEV1: write .*"
	fake go "$DEV1"
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	holder=$(holder_pid)
	kill -STOP "$holder"
	on_terminal 0 --timeout 4 status
	line "waiting for the holder"
	kill -CONT "$holder"
}
