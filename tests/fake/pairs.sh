#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs each pair of commands that change something at the same time, and halts one of them at the common lock.
# usage: tests/fake/pairs.sh [-f N] [-j N] [SITUATION...]
#   -f  only every Nth pair
#   -j  the number of parallel runs (default: twice the number of processors)
# SITUATION: bound, preserved, waiting, restored; default: all.
#
# Either the second command does all its work while the first is just before the lock, or the second waits while the
# first has the lock. The exit statuses and the machine must be as if one command ran after the other, in either
# order. Nothing may hang in the kernel, and status must tell the truth.
#
# Needs the programs that run.sh needs, and jq.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/fake/sweeps.sh
. "$here/sweeps.sh"
fewer=1
bind="bind $a"

before=(
	[bound]="bind $a $b"
	[preserved]="bind $a $b|preserve $a|$load"
	[waiting]="bind $a $b|preserve $a|$load|kexec"
	[restored]="bind $a $b|preserve $a|$load|kexec|restore"
)
commands=("$bind" "unbind $a" "preserve $a" "preserve $b" release "$load --append another" "kexec --dry-run" restore
	"run -- /bin/true" finish)

while getopts f:j: option; do
	case $option in
	f) fewer=$OPTARG ;;
	j) jobs=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- bound preserved waiting restored
for name; do [ -n "${before[$name]:-}" ] || usage; done

# ------------------------------------------------------------ one machine, $dir

tool() { # NAME ARGUMENT...: runs vfio-lu with its output in $dir/NAME
	local to=$dir/$1
	shift
	status=0
	"$BUILD/vfio-lu-fake" --timeout 60 "$@" </dev/null >"$to" 2>&1 || status=$?
}

prepare() {
	local line lines
	rm -f "$dir/halt" "$dir/busy"
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" anew
	IFS='|' read -r -a lines <<<"${before[$situation]}"
	for line in "${lines[@]}"; do
		# shellcheck disable=SC2086 # words
		tool out $line
		case $line-$status in
		kexec-90 | *-0) ;;
		*) echo "FAIL $situation: cannot prepare the machine: $line: exit $status"; cat "$dir/out"; return 1 ;;
		esac
	done
}

# Sets $result to both exit statuses and the state of the machine, after all work has ended.
outcome() { # STATUS-OF-FIRST STATUS-OF-SECOND
	local tries=0 last=''
	look
	# a holder that has nothing left to hold is about to end
	while [ "$state" != "$last" ] && [ $tries -lt 100 ]; do
		last=$state tries=$((tries + 1))
		sleep 0.03
		look
	done
	result="$1 $2"$'\n'$state
}

serial() { # ONE OTHER order|reverse: runs ONE, then OTHER. The result begins with the status of ONE, or with reverse that of OTHER
	local one
	prepare
	# shellcheck disable=SC2086 # words
	tool one $1
	one=$status
	# shellcheck disable=SC2086 # words
	tool other $2
	if [ "$3" = reverse ]; then outcome "$status" "$one"; else outcome "$one" "$status"; fi
}

await_file() { # FILE PID: waits until the file exists, or the process that would make it has ended
	until [ -e "$1" ] || ! kill -0 "$2" 2>/dev/null; do sleep 0.005; done
}

begin() { # ORDER NAME COMMAND
	# shellcheck disable=SC2086 # words
	FAKE_LOCK=$1 "$BUILD/vfio-lu-fake" --timeout 60 $3 </dev/null >"$dir/$2" 2>&1 &
	pid=$!
}

ended() { # PID
	status=0
	wait "$1" || status=$?
}

# FIRST is just before the lock while SECOND does all its work.
overtaken() {
	local pid two
	prepare
	begin "before:$dir/halt" first "$first"
	await_file "$dir/halt" "$pid"
	# shellcheck disable=SC2086 # words
	tool second $second
	two=$status
	rm -f "$dir/halt"
	ended "$pid"
	outcome "$status" "$two"
}

# FIRST has the lock while SECOND starts and waits for it.
awaited() {
	local pid one two
	prepare
	begin "after:$dir/halt" first "$first"
	one=$pid
	await_file "$dir/halt" "$one"
	begin "busy:$dir/busy" second "$second"
	two=$pid
	await_file "$dir/busy" "$two"
	rm -f "$dir/halt"
	ended "$one"
	one=$status
	ended "$two"
	# the command that `vfio-lu run` executed may still have had the files for a moment
	# shellcheck disable=SC2086 # words
	[ "$status" != 5 ] || [[ $first != run* ]] || tool second $second
	outcome "$one" "$status"
}

judge() { # HOW
	local why=''
	[ "$result" = "$in_order" ] || [ "$result" = "$in_reverse" ] || why="the result is that of neither order"
	[[ $state != *unbinding* ]] || why="an unbind hangs in the kernel"
	[ -n "$why" ] || why=$(lies)
	pairs=$((pairs + 1))
	[ -n "$why" ] || return 0
	bad=$((bad + 1))
	echo "FAIL $situation: '$first' $1 '$second': $why"
	echo "    exit ${result%%$'\n'*}; in order ${in_order%%$'\n'*}, in reverse ${in_reverse%%$'\n'*}"
	sed 's/^/    first: /' "$dir/first"
	sed 's/^/    second: /' "$dir/second"
	diff <(echo "$in_order") <(echo "$result") | sed 's/^/    /' || :
	diff <(echo "$in_reverse") <(echo "$result") | sed 's/^/    /' || :
}

# Runs one command of a situation with each of the others, and with itself.
unit() { # SITUATION NUMBER
	local situation=$1 first=${commands[$2]} second dir n=0 pairs=0 bad=0 status=0
	local result in_order in_reverse state title="$1, ${commands[$2]}"
	start_machine "$1.$2"
	for second in "${commands[@]}"; do
		n=$((n + 1))
		[ $((($2 + n) % fewer)) = 0 ] || continue
		serial "$first" "$second" order
		in_order=$result
		serial "$second" "$first" reverse
		in_reverse=$result
		overtaken
		judge "overtaken by"
		awaited
		judge "awaited by"
	done
	stop_machine
	echo "$pairs $bad" >"$dir/result"
	[ "$bad" != 0 ] || [ "$pairs" = 0 ] || echo "ok   $situation: $first with others at once, $pairs times"
}

situations=("$@") total=0
for name in "${situations[@]}"; do
	for i in "${!commands[@]}"; do begin_unit "$name" "$i"; done
done
wait
for name in "${situations[@]}"; do
	for i in "${!commands[@]}"; do
		end_unit "$name.$i"
		if [ "$count" = '?' ]; then echo "FAIL $name: ${commands[i]} ended without a result"; else total=$((total + count)); fi
	done
done
echo "pairs: $total times two commands at once"
tell pairs
