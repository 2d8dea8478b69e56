#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fault sweep: for each command that changes something, makes each call of the kernel boundary fail in turn, in every way
# in which the call can fail on a real machine (the table in fault.c).
# usage: tests/fake/sweep.sh [-f N] [-j N] [-k KIND,...] [-n CALL] [CASE...]
#   -f  fewer: only every Nth call, and only one way for each; the ways take turns
#   -j  the number of parallel runs (default: twice the number of processors)
#   -k  only these kinds; -n: only this call, and show the command's output
# CASE is a command, perhaps in a special situation. With "@holder" after it, the calls of the holder fail. Default: all.
#
# After each fault, the state of the machine (fake-kernel ctl DIR state) and the output must show that
#   exit 0   the work is done, as without the fault, and a second run changes nothing; a file of vfio-lu may differ
#            if stderr names it
#   exit 6   the output names each thing whose state is neither that before the work nor that after it; a second run
#            finishes the work, unless the first run reported a lost session
#   others   the state is that before the work, except that a module may be loaded and an empty holder may run; a second
#            run does the work
# Besides, no fd stays open, stdout claims nothing untrue about a device, stderr gives a reason, EINTR and a short read
# do not make a command fail, and nothing takes a minute.
#
# Needs the programs that run.sh needs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/fake/sweeps.sh
. "$here/sweeps.sh"
# Seconds, far more than a busy machine takes: a call that failed with EBUSY is repeated soon.
patience=30
kinds=EIO,EBUSY,ENODEV,ENOENT,EINTR,ENOSPC,SHORT only='' fewer=''

# The longest cases run first.
cases="restore preserve-more preserve finish kexec bind unbind release-one release load-again load
	restore@holder preserve-more@holder preserve@holder finish@holder kexec@holder release-one@holder release@holder"

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
for name; do [ -n "${swept[${name%@holder}]:-}" ] || usage; done

# ------------------------------------------------------------ one machine, $dir

tool() { # ARGUMENT...
	status=0
	"$BUILD/vfio-lu-fake" --timeout "$patience" "$@" </dev/null >"$dir/out" 2>"$dir/err" || status=$?
}

# Sets $state to the state of the machine and the output of status.
look() {
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state >"$dir/state"
	slurp state "$dir/state"
	if [[ $state == *$'\nprocess hold'* ]]; then
		"$BUILD/vfio-lu-fake" status </dev/null >"$dir/state" 2>&1 || :
		slurp says "$dir/state"
		[[ $says =~ (.*process )[0-9]+(.*) ]] && says="${BASH_REMATCH[1]}N${BASH_REMATCH[2]}"
		state+=$'\n'"status: ${says//$'\n'/$'\n'status: }"
	fi
}

# Takes a new machine to the situation in which the command makes sense.
prepare() {
	local line
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" anew
	while read -r line; do
		# shellcheck disable=SC2086 # words
		[ -z "$line" ] || tool $line
		case $line-$status in
		*-0 | kexec-90) ;;
		*) echo "FAIL $title: cannot prepare the machine: $line: exit $status"; cat "$dir/err"; return 1 ;;
		esac
	done <<<"${before[${name%@holder}]}"
	look
}

# Sets $changed to the lines that are in only one of two states.
changes() { # STATE STATE
	local line one=$'\n'$1$'\n' two=$'\n'$2$'\n'
	changed=()
	while IFS= read -r line; do
		[[ $two == *$'\n'"$line"$'\n'* ]] || changed+=("$line")
	done <<<"$1"
	while IFS= read -r line; do
		[[ $one == *$'\n'"$line"$'\n'* ]] || changed+=("$line")
	done <<<"$2"
}

# The last sentence about a device must not be printed before the work on the device is done.
check_stdout() {
	local line said device
	changes "$state" "$after"
	for device in "$a" "$b"; do
		said=${promised##*$'\n'"$device "}
		[ "$said" != "$promised" ] || continue
		said="$device ${said%%$'\n'*}"
		[[ $'\n'$out == *$'\n'"$said"$'\n'* ]] || continue
		for line in "${changed[@]}"; do
			[[ $line != "$device "* ]] || why="stdout says '$said', which is wrong"
		done
	done
}

# Sets $why to the fault in $status, $out, $err and $state, or to "".
judge() { # CALL KIND
	local line
	why=''
	case $status in
	"$good")
		changes "$state" "$after"
		for line in "${changed[@]}"; do
			case $line in
			"file "*)
				line=${line#file } line=${line%% *}
				# a socket without a listener is no holder
				[ "$line" != /run/vfio-lu/holder ] || continue
				# a manifest may lack details, if a message says so
				[[ $err == *"$line"* || ( $line == *.json && $err == *"the manifest "* ) ]] ||
					why="exit $status, but $line differs without a message"
				;;
			*) why="exit $status, but the work is not done: $line" ;;
			esac
		done
		return
		;;
	6)
		changes "$state" "$old"
		[ "${#changed[@]}" -gt 0 ] || why="exit 6, but nothing changed"
		for line in "${changed[@]}"; do
			case $line in
			0000:00:*) ;; # the ports above them
			0000:*) [[ $err$out == *"${line%% *}"* ]] || why="exit 6, but no message names ${line%% *}: $line" ;;
			"session "*) [[ $err == *"session"* ]] || why="exit 6, but no message names a session: $line" ;;
			esac
		done
		;;
	*)
		changes "$state" "$old"
		for line in "${changed[@]}"; do
			case $line in
			"module "* | "process hold" | "file /run/vfio-lu/holder" | "status: "*) ;;
			*) why="exit $status, but the state has changed: $line" ;;
			esac
		done
		;;
	esac
	[ -n "$err" ] || why="exit $status without a message"
	case $2-$1 in
	EINTR-* | SHORT-read* | SHORT-pread*) why="exit $status without a reason" ;;
	esac
	check_stdout
}

# Judges repeatedly, since a process that is ending may not have ended yet.
judge_soon() { # CALL KIND
	local tries=0
	look
	judge "$@"
	while [ -n "$why" ] && [ $tries -lt 250 ]; do
		tries=$((tries + 1))
		sleep 0.02
		look
		judge "$@"
	done
}

complain() { # WHAT
	bad=$((bad + 1))
	printf 'FAIL %s, call %d (%s) = %s: %.200s\n' "$title" "$n" "$what" "$kind" "$1"
	[ -z "$err" ] || sed 's/^/    /' <<<"${err%$'\n'}"
}

# Makes call $n fail with $kind, and judges the result.
try() {
	local report fds fired again='' said_lost=''
	rm -f "$FAKE_MACHINE/report"
	# shellcheck disable=SC2086 # words
	FAKE_FAULT=$who$n:$kind tool ${swept[${name%@holder}]}
	slurp out "$dir/out"
	slurp err "$dir/err"
	if [ -n "$only" ]; then
		echo "call $n ($what) = $kind: exit $status"
		cat "$dir/out" "$dir/err"
		"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state
	fi
	if [ ! -s "$FAKE_MACHINE/report" ]; then
		injected=$((injected + 1))
		complain "it died (exit $status)"
		prepare
		return
	fi
	slurp report "$FAKE_MACHINE/report"
	fds=${report#*fds } fds=${fds%%$'\n'*}
	fired=${report#*fired } fired=${fired%%$'\n'*}
	[ "$fired" = no ] || injected=$((injected + 1)) what=$fired
	judge_soon "${what%% *}" "$kind"
	[ "$fds" = 0 ] || [ "$status" = 90 ] || why="$fds fds stay open"
	if [ -n "$why" ]; then
		complain "$why"
		prepare
		return
	fi
	# If nothing has changed, a second run is like the run without a fault.
	[ "$state" != "$old" ] || [ "$status" = "$good" ] || return 0
	if [ "$status" != 90 ]; then
		[ "$status" = 6 ] && [[ $err == *lost* ]] && said_lost=1
		# shellcheck disable=SC2086 # words
		tool ${swept[${name%@holder}]}
		slurp again "$dir/err"
		out='' err+="    the second time: exit $status: $again"
		judge_soon "second" none
		[ -z "$why" ] && [ "$status" != "$good" ] && why="the second run: exit $status"
		[ -z "$why" ] || [ -n "$said_lost" ] || complain "$why"
	fi
	prepare
}

# Sweeps all calls of a case with one kind of failure, or, for "fewer", some calls with any kind.
unit() { # CASE KIND
	local name=$1 kind=$2 title="$1" who='' good line sense n what injected=0 bad=0 state says old after dir
	local status=0 out err why changed promised calls=() ways
	[[ $name != *@holder ]] || who=holder:
	start_machine "$1.$2"
	prepare
	settle
	old=$state
	# shellcheck disable=SC2086 # words
	FAKE_FAULT=${who}list tool ${swept[${name%@holder}]}
	good=$status
	slurp promised "$dir/out"
	promised=$'\n'$promised
	mapfile -t calls < <(grep '^call ' "$FAKE_MACHINE/report")
	settle
	after=$state
	case $good in
	0 | 90) ;;
	*) echo "FAIL $title: exit $good without a fault"; bad=1 calls=() ;;
	esac
	if [ "$old" = "$after" ]; then
		echo "FAIL $title: the command changes nothing"
		bad=1 calls=()
	fi
	prepare
	for line in ${calls[@]+"${calls[@]}"}; do
		if [ $bad = 10 ]; then
			echo "FAIL $title: further failures are not printed"
			break
		fi
		what=${line#*: } line=${line%%: *}
		read -r _ n sense <<<"$line"
		[ -z "$only" ] || [ "$only" = "$n" ] || continue
		if [ "$kind" = fewer ]; then
			[ $(((n + ${#name}) % fewer)) = 0 ] || continue
			# shellcheck disable=SC2206 # words
			ways=($sense)
			kind=${ways[n / fewer % ${#ways[@]}]}
			try
			kind=fewer
		elif [[ " $sense " == *" $kind "* ]]; then
			try
		fi
	done
	stop_machine
	echo "$injected $bad" >"$dir/result"
	[ "$bad" != 0 ] || [ "$injected" = 0 ] || echo "ok   $title: $injected calls failed in turn with ${kind/fewer/one error or another}"
}

# ------------------------------------------------------------------- all of them

[ -z "$fewer" ] || kinds=fewer
names=("$@")
# shellcheck disable=SC2086 # words
sweep_all 8 ${kinds//,/ }
echo "sweep: $total faults injected"
tell sweep
