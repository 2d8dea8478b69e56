# shellcheck shell=sh
# INT, TERM and HUP: the command finishes or undoes its current step, reports the state, and exits with 128+n.
TIERS="fake"
NO_CALLS="stopped at calls of the fake kernel"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=300

# The leak sanitizer does not work under strace.
UNCHECKED="-E ASAN_OPTIONS=detect_leaks=0"

# Sends one signal, at the Nth message to kernel or holder.
stop() { # SIGNAL N COMMAND...
	scn_signal=$1 scn_n=$2
	shift 2
	STATUS=0
	# shellcheck disable=SC2086 # words
	strace $UNCHECKED -o "$SCN_TMP/trace" -e trace=sendmsg,sendto -e "inject=sendmsg,sendto:signal=$scn_signal:when=$scn_n" \
		"$VFIO_LU" "$@" >"$STDOUT" 2>"$STDERR" || STATUS=$?
	scn_last="$scn_signal at $scn_n in vfio-lu $*"
}

# Stops the command at each message that it sends: it reports the result, and the state agrees with the report.
sweep() { # SIGNAL NUMBER SAID COMMAND...
	scn_wanted=$((128 + $2)) scn_said=$3 scn_at=0 scn_told=0
	scn_sig=$1
	shift 3
	while :; do
		scn_at=$((scn_at + 1))
		stop "$scn_sig" $scn_at "$@"
		if [ "$(grep -c '^send' "$SCN_TMP/trace")" -lt $scn_at ]; then
			check_that "no signal, no stop: exit $STATUS" test "$STATUS" = 0
			after
			break
		fi
		[ "$STATUS" = $scn_wanted ] || fail "$scn_last" "exit $STATUS"
		case $(cat "$STDERR" "$STDOUT") in
		# the first message is sent before the program begins
		'') [ $scn_at = 1 ] || fail "$scn_last" "not a word" ;;
		*"stopped by a signal; nothing was changed"*) ;;
		*"stopped by a signal"*)
			scn_told=$((scn_told + 1))
			grep -q "$scn_said" "$STDERR" || fail "$scn_last" "$(cat "$STDERR")"
			;;
		esac
		after
	done
	check_that "$* was stopped at $scn_told of $scn_at places" test $scn_told -gt 0
}

# While it waits: exit 128+n, one JSON object, and nothing is changed.
stop_waiting() { # SIGNAL STATUS COMMAND...
	scn_signal=$1 scn_wanted=$2
	shift 2
	# a shell ignores INT for what it starts in the background
	env --default-signal=INT "$VFIO_LU" --timeout 120 --json "$@" >"$STDOUT" 2>"$STDERR" </dev/null &
	scn_pid=$!
	soon is_blocked $scn_pid
	kill -s "$scn_signal" $scn_pid
	STATUS=0
	wait $scn_pid || STATUS=$?
	scn_last="$scn_signal while vfio-lu $* waits"
	keep_json "$*" "$STDOUT"
	check_that "$scn_last: exit $STATUS" test "$STATUS" = "$scn_wanted"
	out "\"code\": \"stopped\""
	out "\"status\": $scn_wanted"
	err "stopped by a signal"
}
# From then on the signal does not end it.
is_blocked() { # PID
	scn_mask=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$1/status")
	[ $((0x${scn_mask:-0} & 0x4000)) != 0 ]
}

phase_1() {
	say "A command that waits for another one, and one that waits for a holder that hangs"
	FAKE_LOCK=after:$SCN_TMP/other "$VFIO_LU" bind "$DEV1" >/dev/null 2>&1 </dev/null &
	scn_other=$!
	soon test -e "$SCN_TMP/other"
	stop_waiting TERM 143 bind "$DEV2"
	stop_waiting INT 130 preserve "$DEV2"
	err "nothing was changed"
	stop_waiting HUP 129 run -- true
	stop_waiting TERM 143 release --dry-run
	rm "$SCN_TMP/other"
	wait $scn_other
	run 0 preserve "$DEV1"
	scn_holder=$(holder_pid)
	kill -STOP "$scn_holder"
	stop_waiting TERM 143 release
	err "nothing was changed"
	stop_waiting INT 130 bind "$DEV2"
	kill -CONT "$scn_holder"
	run 0 status
	out "$DEV1  preserved"
	run 0 release
	run 0 unbind "$DEV1"

	after() {
		scn_bound=$(driver_of "$DEV1")$(driver_of "$DEV2")
		case $scn_bound in
		'' | vfio-pcivfio-pci) ;;
		*) grep -q "$DEV1\|$DEV2" "$STDERR" "$STDOUT" || fail "$scn_last" "$scn_bound, and not a word" ;;
		esac
		"$VFIO_LU" unbind "$DEV1" "$DEV2" >/dev/null
	}
	sweep SIGINT 2 "stopped by a signal before this: .*; the same command continues where this one stopped" bind "$DEV1" "$DEV2"
	run 0 bind "$DEV1" "$DEV2"

	after() {
		"$VFIO_LU" status >"$SCN_TMP/status"
		if [ -s "$STDOUT" ]; then
			grep -q "outgoing, held" "$SCN_TMP/status" || fail "$scn_last" "said to be preserved, and is not"
		else
			grep -q "no sessions" "$SCN_TMP/status" || fail "$scn_last" "$(cat "$SCN_TMP/status")"
		fi
		"$VFIO_LU" release >/dev/null
	}
	sweep SIGTERM 15 "stopped by a signal before this: .*; its completed steps are undone" preserve "$DEV1" "$DEV2"

	run 0 preserve "$DEV1"
	after() {
		"$VFIO_LU" status >"$SCN_TMP/status"
		grep -q "outgoing, held" "$SCN_TMP/status" || fail "$scn_last" "$(cat "$SCN_TMP/status")"
		grep -q "$DEV1  preserved" "$SCN_TMP/status" || fail "$scn_last" "$DEV1 is not preserved any more"
		"$VFIO_LU" release "$DEV2" >/dev/null
	}
	sweep SIGHUP 1 "stopped by a signal before this: .*; its completed steps are undone" preserve "$DEV2"
	# shellcheck disable=SC2086 # words
	run_cmd 0 env --ignore-signal=HUP strace $UNCHECKED -o "$SCN_TMP/trace" -e inject=sendmsg:signal=HUP:when=3 "$VFIO_LU" preserve "$DEV2"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	after() { :; }
	stop SIGTERM 12 restore
	scn_at=12
	until [ "$STATUS" = 143 ] || [ $scn_at = 1 ]; do
		scn_at=$((scn_at - 1))
		stop SIGTERM $scn_at restore
	done
	run 0 restore
	run 0 finish
	run 0 status
	out "no sessions"
}
