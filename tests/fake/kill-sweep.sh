#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kill sweep: in place of each call of the kernel boundary in turn, SIGKILL hits the command, the holder or both.
# usage: tests/fake/kill-sweep.sh [-f N] [-j N] [-k KIND,...] [-n CALL] [COMMAND...]
#   -f  only every Nth call; which calls these are differs from kind to kind
#   -j  the number of parallel runs (default: twice the number of processors)
#   -k  only these kinds; -n: only this call, and show the output
# KIND says which process is killed. The kill is at a call of the command (client, holder, both), or at a call of the
# holder (own: the holder is killed; own-both). With "+m", a service manager restarts the holder with its files. Default: all.
#
# After each kill, the state of the machine (fake-kernel ctl DIR state) must show that
#   status tells the truth, and mentions everything that is held
#   everything that was held before is still held, unless the holder died and no manager restarted it
#   the repeated command completes. If the holder is lost, the command may refuse (3). Then it names the loss and a
#   command that leads on; each of these works, until the command completes or no sessions are left
#
# Needs the programs that run.sh needs, and jq.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/fake/sweeps.sh
. "$here/sweeps.sh"
all_kinds=client,holder,both,own,own-both,client+m,holder+m,both+m,own+m,own-both+m
kinds=$all_kinds only='' fewer=1

# with a held session, which a kill may lose
case_of load "$load" "$bind" "$preserve"
# The longest cases run first.
cases="kexec load restore preserve preserve-more finish release-one release run"

while getopts f:j:k:n: option; do
	case $option in
	f) fewer=$OPTARG ;;
	j) jobs=$OPTARG ;;
	k) kinds=$OPTARG ;;
	n) only=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
# shellcheck disable=SC2086 # words
[ $# -gt 0 ] || set -- $cases
for name; do [ -n "${swept[$name]:-}" ] || usage; done
for kind in ${kinds//,/ }; do [[ ,$all_kinds, == *",$kind,"* ]] || usage; done

# ------------------------------------------------------------ one machine, $dir

tool() { # ARGUMENT...
	status=0
	# the outer redirection hides the shell's message about a killed command
	{ "$BUILD/vfio-lu-fake" --timeout 30 "$@" </dev/null >"$dir/out" 2>"$dir/err" || status=$?; } 2>/dev/null
}

stop_manager() {
	[ -s "$dir/manager.pid" ] || return 0
	kill -KILL "$(cat "$dir/manager.pid")" 2>/dev/null || :
	{ wait "$(cat "$dir/manager.pid")" || :; } 2>/dev/null
	rm -rf "$dir/manager.pid" "$dir/manager"
}

is_ready() { [ "$(grep -c '^start' "$dir/manager/log")" = "$(grep -c '^ready' "$dir/manager/log")" ]; }

# Waits until the killed holder is dead and the manager, if there is one, has started another.
await_holder() { # PID
	local tries=0
	while [ -e "/proc/$1/exe" ] && [ $tries -lt 3000 ]; do
		tries=$((tries + 1))
		sleep 0.01
	done
	[ -s "$dir/manager.pid" ] || return 0
	until { [ "$(cat "$dir/manager/pid")" != "$1" ] && is_ready; } || [ $tries = 3000 ]; do
		tries=$((tries + 1))
		kill -0 "$(cat "$dir/manager.pid")" 2>/dev/null || return 0
		sleep 0.02
	done
}

start_manager() {
	local tries=0
	[ -n "$managed" ] || return 0
	stop_manager
	mkdir "$dir/manager"
	"$BUILD/manager" "$dir/manager" "$BUILD/vfio-lu-fake" hold </dev/null >"$dir/manager/out" 2>&1 &
	echo $! >"$dir/manager.pid"
	until grep -q '^ready' "$dir/manager/log" 2>/dev/null || [ $tries = 3000 ]; do
		tries=$((tries + 1))
		sleep 0.01
	done
}

# Takes a new machine to the situation in which the command makes sense.
prepare() {
	local line
	stop_manager
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" anew
	start_manager
	while read -r line; do
		[ -n "$line" ] || continue
		# shellcheck disable=SC2086 # words
		tool $line
		case $line-$status in
		kexec-90) start_manager ;;
		*-0) ;;
		*) echo "FAIL $title: cannot prepare the machine: $line: exit $status"; cat "$dir/err"; return 1 ;;
		esac
	done <<<"${before[$name]}"
	look
}

complain() { # WHAT
	bad=$((bad + 1))
	printf 'FAIL %s, call %d (%s): %.300s\n' "$title" "$n" "$what" "$1"
	# shellcheck disable=SC2001 # each line
	sed 's/^/    /' <<<"${story%$'\n'}"
}

# Sets $why if a device that was held before the command is no longer preserved, and its file is not open.
check_kept() {
	local line bdf
	while IFS= read -r line; do
		[[ $line =~ ^session\ [^\ ]+\ has\ 0x[^\ ]+\ (0000:[^\ ]+)\  ]] || continue
		bdf=${BASH_REMATCH[1]}
		[[ $'\n'$state != *$'\n'"$line"$'\n'* ]] || continue
		[[ $swept_now$'\n' != *" $bdf"$'\n'* || $name != release-one ]] || continue
		[[ $name != release && $name != finish ]] || continue
		# it has been retrieved or bound since then
		[[ $'\n'$state != *$'\n'"${line% "${line##*"$bdf "}"} "* ]] || continue
		[[ $'\n'$state == *$'\n'"$bdf "*" files="[1-9]* ]] || { why="$bdf was held before, but is not held now"; return; }
	done <<<"$old"
}

# Prints the command that the refusal names, with its placeholders replaced.
way_out() {
	local ways
	ways="( --(abandon|force|wait)| --(session|discard) [^ ;,)]+| 0000:[0-9a-f:.]+| KERNEL| BDF)*"
	ways=$(grep -oE "vfio-lu (preserve|release|restore|finish|load|kexec|run)$ways" <<<"$err" | tail -n 1)
	ways=${ways#vfio-lu}
	ways=${ways/ KERNEL/ $image}
	echo "${ways/ BDF/ $a $b}"
}

run_noted() { # ARGUMENT...
	tool "$@"
	slurp err "$dir/err"
	story+="$ vfio-lu $* (exit $status)"$'\n'"$err"
}

# Repeats the command. If it refuses, runs the command that it names, until the work is done.
lead_on() {
	local steps=0 way=''
	# shellcheck disable=SC2086 # words
	run_noted $swept_now
	while [ "$status" != "$good" ] && [ $steps -lt 5 ]; do
		steps=$((steps + 1)) led_on=$steps
		if [ "$status" != 3 ] || [ -z "$may_lose" ]; then
			why="the repeated command: exit $status"
			return
		fi
		[[ $err == *session* || $err == *0000:* ]] || { why="the refusal names no lost session or device"; return; }
		way=$(way_out)
		[ -n "$way" ] || { why="the refusal names no next command"; return; }
		# shellcheck disable=SC2086 # words
		run_noted $way
		[ "$status" = 0 ] || [ "$status" = 90 ] || { why="the named command failed: exit $status"; return; }
		look
		why=$(lies)
		[ -z "$why" ] || { why="after the named command: $why"; return; }
		# all sessions are given up, so the command has nothing to act on
		[ "$(jq '.sessions | length' "$dir/json")" != 0 ] || return 0
		# shellcheck disable=SC2086 # words
		run_noted $swept_now
	done
	[ "$status" = "$good" ] || why="the named commands never complete the work"
}

# Sets $why unless the machine is as it is after the command without a kill, except for files that may differ.
check_done() {
	local line tries=0
	while :; do
		look
		changes "$state" "$after"
		why=''
		for line in "${changed[@]}"; do
			case $line in
			"file /run/vfio-lu/holder"* | "process hold") ;;
			# the moments of a killed command's steps are not known
			"file /run/vfio-lu/"*".moments "*) ;;
			# the kernel keeps an iommufd while files are bound to it, and the holder keeps it for more files
			"open iommufd "*) ;;
			*) why="the repeated command succeeded, but: $line" ;;
			esac
		done
		[ -n "$why" ] && [ $tries -lt 250 ] || return 0
		tries=$((tries + 1))
		sleep 0.02
	done
}

# Kills in place of call $n, and judges the result.
try() {
	local may_lose=$may_lose binds='' story='' why='' jumped='' report='' led_on=0 holder='' first
	rm -f "$FAKE_MACHINE/report"
	# shellcheck disable=SC2086 # words
	FAKE_FAULT=$who$n:$signal run_noted $swept_now
	first=$status
	[ "$first" != 90 ] || jumped=1
	[ "$name" != finish ] || binds=1
	[ -e "$FAKE_MACHINE/report" ] && slurp report "$FAKE_MACHINE/report"
	[ -z "$only" ] || echo "call $n ($what) $kind: $report"
	if [[ $report == "killed "* ]]; then
		killed=$((killed + 1))
		read -r _ holder what <<<"$report"
		# when the holder makes the call, the command may have ended already
		[[ ($signal != *-BOTH && $signal != KILL) || $first = 137 || (-n $who && $first = "$good") ]] ||
			why="the command was not killed: exit $first"
	fi
	[ -z "$jumped" ] || start_manager
	[ -z "$holder" ] || await_holder "$holder"
	look
	# the kill came after the kernel gave out the session, which it does only once, and before the manager had it
	[[ $state != *" incoming retrieved"* || $state == *$'\nopen session'* ]] || may_lose=1
	[ -n "$why" ] || why=$(lies)
	[ -n "$why" ] || [ -n "$may_lose" ] || [ -n "$jumped" ] || check_kept
	if [ -z "$why" ] && [ "$state" != "$old" ] && [ -z "$jumped" ]; then
		lead_on
		# load and run neither repair a loss nor report it; status reports it
		[ -n "$why" ] || [ "$good" != 0 ] || [ "$led_on" != 0 ] ||
			{ [ -n "$may_lose" ] && [ "$name" != preserve ]; } || check_done
		[ -n "$why" ] || [ "$good" != 0 ] || why=$(lies)
	fi
	[ -z "$only" ] || { echo "$story"; "$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state; jq -c .sessions "$dir/json"; }
	if [ -n "$why" ]; then
		story+=$(jq -c '.sessions[] | [.name, .direction, .state, .detail, [.devices[] | [.bdf, .state, .detail]]]' \
			"$dir/json")
		complain "$why"
	fi
	# if nothing has changed, the machine is still prepared
	if [ -n "$why$managed" ] || [ "$state" != "$old" ]; then prepare; fi
}

# Sweeps all calls of a command with one kind of kill.
unit() { # NAME KIND
	local name=$1 kind=$2 title="$1 ($2)" who='' signal managed='' may_lose='' good line n what old after state err dir
	local status=0 killed=0 bad=0 changed calls=() swept_now=${swept[$1]}
	case ${kind%+m} in
	client) signal=KILL ;;
	holder) signal=KILL-HOLDER ;;
	both) signal=KILL-BOTH ;;
	own) signal=KILL-HOLDER who=holder: ;;
	own-both) signal=KILL-BOTH who=holder: ;;
	esac
	[[ $kind != *+m ]] || managed=1
	[ -n "$managed" ] || [ "$signal" = KILL ] || may_lose=1
	start_machine "$1.$2"
	prepare
	settle
	old=$state
	# shellcheck disable=SC2086 # words
	FAKE_FAULT=${who}list tool $swept_now
	good=$status
	mapfile -t calls < <(grep '^call ' "$FAKE_MACHINE/report")
	settle
	after=$state
	case $good in
	0 | 90) ;;
	*) echo "FAIL $title: exit $good without a kill"; cat "$dir/err"; bad=1 calls=() ;;
	esac
	prepare
	for line in ${calls[@]+"${calls[@]}"}; do
		if [ $bad = 10 ]; then
			echo "FAIL $title: further failures are not printed"
			break
		fi
		what=${line#*: } line=${line%%: *}
		read -r _ n _ <<<"$line"
		[ -z "$only" ] || [ "$only" = "$n" ] || continue
		[ -n "$only" ] || [ $(((n + ${#title}) % fewer)) = 0 ] || continue
		try
	done
	stop_manager
	stop_machine
	echo "$killed $bad" >"$dir/result"
	[ "$bad" != 0 ] || [ "$killed" = 0 ] || echo "ok   $title: killed at $killed calls in turn"
}

# ------------------------------------------------------------------- all of them

names=("$@")
# shellcheck disable=SC2086 # words
sweep_all 11 ${kinds//,/ }
echo "kill-sweep: $total kills"
tell kill-sweep
