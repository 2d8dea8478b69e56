#!/bin/bash
# Fault sweep: each command that changes anything, with its first, second, third ... call of the boundary failing.
# usage: tests/fake/sweep.sh [-e ERRNO,...] [COMMAND...]
# Whatever fails, the command must not pretend success, must name what it was about, leave no fd open, and leave
# the device with the driver that it had, unless it exits 6 and says so. A fault in what is only asked, and has
# another source, may go unnoticed: then the work must be done.
#
# Needs what run.sh needs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
: "${BUILD:=$here/../../build/tests}"
BUILD=$(cd "$BUILD" && pwd)
export BUILD
errnos=EIO
while getopts e: option; do
	case $option in
	e) errnos=$OPTARG ;;
	*) sed -n 's/^# usage: //p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- bind unbind preserve release load

tmp=$(mktemp -d)
export FAKE_MACHINE=$tmp/machine
trap '"$here/machine.sh" stop "$tmp/machine"; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
bdf=0000:01:00.0 kernel=/boot/vmlinuz-7.3.4-fake
injected=0 passed=0 failed=0

tool() { "$BUILD/vfio-lu-fake" --timeout 2 "$@" </dev/null; }
driver() {
	local link
	link=$(cd "$tmp/machine/root" && readlink "sys/bus/pci/devices/$bdf/driver") || { echo none; return; }
	echo "${link##*/}"
}

prepare() { # COMMAND: the machine in the state in which it makes sense
	"$here/machine.sh" stop "$tmp/machine"
	"$here/machine.sh" start "$tmp/machine" nvme >/dev/null
	case $1 in
	unbind | preserve) tool bind $bdf ;;
	release) tool bind $bdf && tool preserve $bdf ;;
	esac >/dev/null 2>&1
}

words() {
	case $1 in
	load) echo "load $kernel" ;;
	release) echo release ;;
	*) echo "$1 $bdf" ;;
	esac
}

for command; do
	for errno in ${errnos//,/ }; do
		n=0 before=$failed
		while :; do
			n=$((n + 1))
			prepare "$command"
			old=$(driver)
			rm -f "$tmp/report"
			status=0
			# shellcheck disable=SC2046 # words
			FAKE_FAULT=$n:$errno FAKE_REPORT=$tmp/report timeout 60 "$BUILD/vfio-lu-fake" --timeout 2 $(words "$command") \
				</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
			fired=$(sed -n 's/^fired //p' "$tmp/report" 2>/dev/null | tail -n1)
			fds=$(sed -n 's/^fds //p' "$tmp/report" 2>/dev/null | tail -n1)
			[ "$fired" != no ] || break
			injected=$((injected + 1))
			why=''
			if [ -z "$fired" ]; then
				why="it died (exit $status)"
			elif [ "$fds" != 0 ]; then
				why="$fds fds left open"
			elif [ "$status" = 0 ]; then
				case $command-$(driver) in
				bind-vfio-pci | unbind-nvme | preserve-vfio-pci | release-vfio-pci | load-nvme) ;;
				*) why="exit 0, and the driver is $(driver)" ;;
				esac
			elif [ ! -s "$tmp/err" ]; then
				why="exit $status without a word"
			elif [ "$status" != 6 ] && [ "$(driver)" != "$old" ]; then
				why="exit $status, and the driver went from $old to $(driver)"
			fi
			if [ -n "$why" ]; then
				failed=$((failed + 1))
				echo "FAIL $command, call $n ($fired) = $errno: $why"
				sed 's/^/    /' "$tmp/err"
			else
				passed=$((passed + 1))
			fi
		done
		[ "$failed" != "$before" ] || echo "ok   $command: $((n - 1)) calls failed in turn with $errno"
	done
done

echo "sweep: $injected faults injected"
echo "sweep: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$injected" -gt 0 ]
