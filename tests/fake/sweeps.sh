# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the sweeps use it, or set it
# SPDX-License-Identifier: GPL-2.0-only
# The common parts of sweep.sh, kill-sweep.sh and pairs.sh: situations, and units that run in parallel. Each unit has a
# directory of its own, $dir, with a machine. To be sourced; $here is the directory of this file.
: "${BUILD:=$here/../../build/tests}"
BUILD=$(cd "$BUILD" && pwd)
export BUILD
a=0000:01:00.0 b=0000:02:00.0 image="/boot/vmlinuz-7.3.4-fake --initrd=/boot/initrd.img-7.3.4-fake"
# The units often wait.
jobs=$((2 * $(nproc)))

# For each case: the preparing commands, one in a line, and the command that is swept.
declare -A before=() swept=()
case_of() { # NAME COMMAND BEFORE...
	local name=$1 command=$2
	shift 2
	swept[$name]=$command
	before[$name]=$(printf '%s\n' "$@")
}
bind="bind $a $b" preserve="preserve $a $b" load="load $image"
case_of bind "$bind"
case_of unbind "unbind $a $b" "$bind"
case_of preserve "$preserve" "$bind"
case_of preserve-more "preserve $b" "$bind" "preserve $a"
case_of release release "$bind" "$preserve"
case_of release-one "release $a" "$bind" "$preserve"
case_of load "$load"
case_of load-again "$load --append another" "$load"
case_of kexec kexec "$bind" "$preserve" "$load"
case_of restore restore "$bind" "$preserve" "$load" kexec
case_of run "run -- /bin/true" "$bind" "$preserve" "$load" kexec restore
case_of finish finish "$bind" "$preserve" "$load" kexec restore

usage() { sed -n '/^# usage/,/^#$/s/^# //p' "$0" >&2; exit 2; }

tmp=$(mktemp -d -p "$("$here/../scratch.sh")")
cleanup() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null || :
	# a halted command continues, and finds no machine
	rm -f "$tmp"/*/halt
	wait
	for dir in "$tmp"/*/; do
		[ ! -s "$dir/manager.pid" ] || kill -KILL "$(cat "$dir/manager.pid")" 2>/dev/null || :
		[ ! -d "$dir/machine" ] || "$here/machine.sh" stop "$dir/machine"
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# shellcheck source=tests/fake/truth.sh
. "$here/truth.sh"

# Gives a unit its machine.
start_machine() { # UNIT
	dir=$tmp/$1
	mkdir "$dir"
	export FAKE_MACHINE=$dir/machine
	"$here/machine.sh" start "$FAKE_MACHINE" nvme e1000e >/dev/null
}

# Ends the machine of a unit. If the fake kernel logged a message, counts it in $bad.
stop_machine() {
	"$here/machine.sh" stop "$FAKE_MACHINE"
	if [ -s "$FAKE_MACHINE/log" ]; then
		bad=$((bad + 1))
		echo "FAIL ${title:-}: messages of the fake kernel:"
		cat "$FAKE_MACHINE/log"
	fi
	rm -rf "$FAKE_MACHINE"
}

running=0
# Runs a unit in the background. The unit writes its count and the number of its faults to $dir/result.
begin_unit() { # ARGUMENT...
	[ $running -lt "$jobs" ] || { wait -n || :; running=$((running - 1)); }
	unit "$@" &
	running=$((running + 1))
}

passed=0 failed=0
# Sets $count to the count of the unit, or to "?", and adds the result of the unit to the totals.
end_unit() { # UNIT
	if ! read -r count bad 2>/dev/null <"$tmp/$1/result"; then
		count='?'
		failed=$((failed + 1))
	elif [ "$bad" != 0 ]; then
		failed=$((failed + 1))
	elif [ "$count" != 0 ]; then
		passed=$((passed + 1))
	fi
}

# Runs all units, one for each case and kind, and prints a table of their counts.
sweep_all() { # COLUMN-WIDTH KIND... : of the cases in ${names[@]}
	local width=$1 kind of_case
	shift
	for name in "${names[@]}"; do
		for kind; do begin_unit "$name" "$kind"; done
	done
	wait
	total=0
	printf '\n%-22s' ''
	printf "%${width}s" "$@"
	echo
	for name in "${names[@]}"; do
		printf '%-22s' "$name"
		of_case=0
		for kind; do
			end_unit "$name.$kind"
			printf "%${width}s" "$count"
			[ "$count" = '?' ] || of_case=$((of_case + count))
		done
		echo
		total=$((total + of_case))
		[ $of_case != 0 ] || { failed=$((failed + 1)); echo "FAIL $name: nothing was swept"; }
	done
}

tell() { # SWEEP
	echo "$1: $passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
