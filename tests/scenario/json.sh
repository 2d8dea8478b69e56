# shellcheck shell=sh
# A whole live update with --json: each command prints one object, with codes and fixes, and status agrees.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu pci-testdev"

json() { check_that "$scn_last: $1" jq -e "$1" "$STDOUT"; }
failed_of() { json ".error.code == \"$1\" and .error.status == $STATUS and (.warnings | type) == \"array\""; }

# Executes a printed command of vfio-lu.
execute() { # EXPRESSION: gives the words
	scn_words=$(jq -r "$1 | @sh" "$STDOUT")
	eval "set -- $scn_words"
	check_that "it is a command: $*" test "${1:-}" = vfio-lu
	shift
	run 0 "$@"
}

# The moments of the first session in status, in order; the clocks of each kernel run forward.
moments_are() { # MOMENT:BDF...
	scn_moments=$(jq -r '.sessions[0].moments | map("\(.moment):\(.bdf)") | join(" ")' "$STDOUT")
	check_that "the moments are $scn_moments" test "$scn_moments" = "$*"
	json '[.sessions[0].moments[].time] | . == sort'
}

phase_1() {
	run 2 --json
	failed_of usage
	run 2 --json lits
	json '.error.message | endswith("did you mean '\''list'\''?")'
	run 2 bind --json
	json '.results == [] and .error.code == "usage"'
	run 2 status --json --sesion vfio-lu
	json '.error.message | endswith("did you mean '\''--session'\''?")'
	run 2 load --json --session vfio-lu
	json '.error.message == "this command has no option --session"'
	# an option before the command is wrong, and the answer has the keys of the command all the same
	run 2 --json --session vfio-lu status
	json '.error.message == "--session belongs after the command" and .sessions == []'
	run 2 --color red list --json
	json '.devices == [] and .error.message == "--color: '\''red'\'' is not one of auto|always|never"'
	# a value was forgotten, and the next option is no value
	run 2 finish --discard --json
	json '.error.message | startswith("--discard needs NAME, and '\''--json'\'' is an option")'
	run 2 --json STATUS
	json '.error.message | endswith("did you mean '\''status'\''?")'
	run_cmd 0 "$VFIO_LU" help --json
	out "Commands:"
	run_cmd 0 "$VFIO_LU" help --json status
	out "Usage: vfio-lu [OPTION...] status"
	run 2 check --json 1:0.0
	json '.devices == [] and (.error.message | endswith("did you mean 01:00.0?"))'
	run 2 restore --json --session a --session b
	json '.error.message == "--session was given twice"'
	run 3 status --watch --session nope
	err "there is no session nope"
	run 2 status --watch --json
	failed_of usage
	run 3 list --json 0000:7f:00.0 0000:7f:00.1
	json '.devices == [] and (.warnings | length) == 1 and .warnings[0].code == "no-device"'
	json '.warnings[0].bdf == "0000:7f:00.0" and .error.bdf == "0000:7f:00.1"'
	failed_of no-device
	run 3 check --json 0000:7f:00.0
	json '.error == null and .verdict == "not-preservable" and
		(.devices[0] | .bdf == "0000:7f:00.0" and .checks[0].id == "exists" and .checks[0].result == "fail")'
	run 3 bind --json 0000:7f:00.0
	failed_of no-device
	json '.error.bdf == "0000:7f:00.0" and .error.session == null'

	run 3 check --json "$DEV1"
	json '.error == null and .verdict == "not-preservable"'
	execute '.devices[0].checks[] | select(.id == "driver-vfio-pci") | .fix_argv'
	run 0 check --json "$DEV1"
	run 0 bind --json "$DEV1" "$DEV2" "$DEV3"
	json ".results[] | select(.bdf == \"$DEV1\") | .action == \"bind\" and .result == \"already\" and .session == null"
	json ".results[] | select(.bdf == \"$DEV2\") | .action == \"bind\" and .result == \"done\""

	run 3 kexec --json
	failed_of nothing-preserved
	run 0 status --json --check
	json '.sessions == [] and .loaded == null and .complete and (.kernel.boot_id | length) == 36'
	run 0 preserve --json "$DEV1" -n
	json '.steps | length > 3 and all(.result == "planned" and .action == "preserve" and .session == "vfio-lu")'
	json ".steps | any(.bdf == \"$DEV1\")"
	run 0 preserve --json "$DEV1"
	json ".results == [{bdf: \"$DEV1\", session: \"vfio-lu\", action: \"preserve\", result: \"done\",
		text: \"$DEV1  preserved in session vfio-lu\"}]"
	run 0 preserve --json "$DEV1"
	json '.results[0].result == "already"'
	run 3 preserve --json --session other "$DEV1"
	failed_of in-session
	run 3 unbind --json "$DEV1"
	failed_of in-session
	json ".error.bdf == \"$DEV1\" and .error.fix == \"vfio-lu release --session vfio-lu $DEV1\""
	json ".error.fix_argv == [\"vfio-lu\", \"release\", \"--session\", \"vfio-lu\", \"$DEV1\"]"
	run 3 kexec --json
	failed_of no-image
	run 0 status --json --check
	json '.sessions[0] | .state == "held" and .next == ["vfio-lu", "load", "KERNEL"] and (.created | endswith("Z"))'
	moments_are preserved:null
	# the clock of the fake machine is not quite that of the program
	json '.sessions[0] | (.moments[0].time[:19] + "Z" | fromdate) - (.created | fromdate) | fabs < 10'
	json '.sessions[0].moments[0].boot_s > 0'

	run 0 load --json "$KERNEL" --initrd "$INITRD" --append "vlu.phase=$((PHASE + 1))"
	json '.results[0].action == "load"'
	run 0 status --json
	json ".loaded | .image == \"$KERNEL\" and .initrd == \"$INITRD\" and .judged and (.cmdline | contains(\"vfio-lu.session=\"))"
	run 0 preserve --session b "$DEV2"
	run 0 status --json
	json '.loaded.judged == false'
	run 0 status
	out "not checked for all that is preserved now"

	run 3 status --json --session vfio-l
	failed_of no-session
	json '.error.message | endswith("did you mean vfio-lu?")'
	run 3 release --json --session vfio-ul
	failed_of no-session
	json '.error | (.message | endswith("did you mean vfio-lu?")) and .session == "vfio-ul"'
	run 3 restore --json
	failed_of wrong-order

	holder=$(holder_pid)
	run 0 status --metrics
	out 'vfio_lu_sessions{state="held"} 2'
	out 'vfio_lu_devices{state="preserved"} 2'
	out "vfio_lu_holder_up 1"
	out "vfio_lu_check_status 0"
	run_as_nobody 0 status --metrics
	out "vfio_lu_complete 0"
	out_not "vfio_lu_holder_up"
	export FAKE_EUID=65534
	run 1 release --json -n
	failed_of no-root
	unset FAKE_EUID
	run 2 status --metrics --check
	run 2 status --metrics --json
	failed_of usage
	kill -STOP "$holder"
	run 0 status --metrics --timeout 1
	out "vfio_lu_holder_up 0"
	out "vfio_lu_check_status 5"
	run 5 status --json --check --timeout 1
	json '.holder.health == "silent"'
	run 5 release --json --timeout 1
	failed_of holder-silent
	# It is not taken for another program, which would have to end.
	run 0 list "$DEV1" --json --timeout 1
	json '.devices[0].verdict == "preservable"'
	run 0 check "$DEV1" --json --timeout 1
	json '.devices[0].checks | map({(.id): .result}) | add | .["not-in-use"] == "pass" and .["not-already-preserved"] == "unknown"'
	json 'all(.devices[0].checks[]; .fix == null)'
	check_that "ps shows its name" test "$(cat "/proc/$holder/comm")" = vfio-lu
	kill -CONT "$holder"
	run 0 load "$KERNEL" --initrd "$INITRD" --append "vlu.phase=$((PHASE + 1))"
	run 0 kexec --json -n
	json '.steps | length > 2 and all(.action == "kexec")'
	run_jump kexec --json
}

phase_2() {
	run 3 status --json --check
	json '[.sessions[] | .name, .state] == ["b", "waiting", "vfio-lu", "waiting"]'
	moments_are preserved:null loaded:null "interrupts-disabled:$DEV2" kexec-called:null
	run 3 kexec --json
	failed_of unfinished
	json '[.error, .warnings[]] | map(select(.code == "unfinished")) | length == 2 and
		all(.session == (.message | capture("^session (?<name>[^ ]+)").name))'
	run 3 release --json --session b
	failed_of unfinished
	json '.error.fix_argv == ["vfio-lu", "restore", "--session", "b"]'
	run 2 status --json --session a/b
	json '.error.session == null'
	run 1 load --json /nowhere
	failed_of file
	run 3 finish --json --all
	failed_of wrong-order
	json '.results == [] and .error.fix_argv == ["vfio-lu", "restore"] and (.warnings | length) == 1'
	run 2 restore --json --all --session b
	failed_of usage
	run 0 restore --json --dry-run
	json '.warnings == [{status: 0, code: "unfinished", bdf: null, session: "b", fix: "vfio-lu restore --all",
		fix_argv: ["vfio-lu", "restore", "--all"], message: "session b: not restored yet; fix: vfio-lu restore --all"}]'
	run 0 restore --json --session vfio-lu --dry-run
	json '.warnings == []'
	run 0 restore --json --all --dry-run
	json '[.steps[].session] | unique == ["b", "vfio-lu"]'
	run 0 restore --json --all
	json "[.results[] | select(.action == \"retrieve\") | .bdf] == [\"$DEV2\", \"$DEV1\"]"
	run 3 status --json --check
	json '[.sessions[].state] == ["restored", "restored"]'
	moments_are preserved:null loaded:null "interrupts-disabled:$DEV2" kexec-called:null restore-called:null "restored:$DEV2"

	run 127 run --json -- no-such-program
	failed_of no-command
	run 126 run --json --session b -- /
	failed_of no-command
	run 0 run --json -- true
	json ".error == null and .results == [{bdf: \"$DEV1\", session: \"vfio-lu\", action: \"lend\", result: \"done\",
		text: \"$DEV1  given to the command, as file 3\"}]"
	run 0 finish --json --all
	json '[.results[] | select(.bdf == null) | .session, .action] == ["b", "finish", "vfio-lu", "finish"]'
	run 0 status --metrics
	out_re '^vfio_lu_last_update_info{session="vfio-lu",from="[^"]*-fake",to="[^"]*-fake"} 1$'
	out_re '^vfio_lu_last_update_away_seconds [0-9]*\.[0-9][0-9][0-9]$'
	out "vfio_lu_last_update_devices 1"
	run 0 finish --json --all
	json '.results == [] and .error == null'
	run 0 restore --all
	err "no session of the previous kernel is left to restore or finish"
	run 0 status --json --check

	run 0 preserve "$DEV1"
	{ "$VFIO_LU" status --watch; echo $? >"$SCN_TMP/ended"; } | head -n 1 >"$SCN_TMP/first" &
	check_that "--watch ends when nobody reads on" soon test -s "$SCN_TMP/ended"
	"$VFIO_LU" status --watch >/dev/full 2>"$SCN_TMP/full"
	check_that "a full disk is told once" test "$(wc -l <"$SCN_TMP/full")" = 1
	"$VFIO_LU" status --watch >"$SCN_TMP/watch" 2>&1 &
	watch=$!
	soon file_has "$SCN_TMP/watch" "session vfio-lu  outgoing, held; next: vfio-lu load KERNEL"
	kill -9 "$(holder_pid)"
	check_that "--watch reports the loss" soon file_has "$SCN_TMP/watch" "session vfio-lu  outgoing, lost"
	check_that "and the end of the holder" soon file_has "$SCN_TMP/watch" "  holder  gone"
	kill $watch
	cat "$SCN_TMP/watch"
	check_that "each line once" test -z "$(cut -d ' ' -f 3- "$SCN_TMP/watch" | sort | uniq -d)"
	run 6 status --json --check
	json '.sessions[0].state == "lost"'
	execute '.sessions[0].next'
	run 0 status --json --check
}
