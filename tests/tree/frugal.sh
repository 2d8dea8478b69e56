#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests that list and check make few system calls for each function that has vfio-pci and is alone in its group. check of
# one named function must not make more calls if the machine has more functions.
# usage: tests/tree/frugal.sh	run.sh runs this script if it has no pattern
# Needs: $VFIO_LU (default: at the top), $BUILD/plant (default build/tests), strace.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}"
few=128 many=384
failed=0
tmp=$(mktemp -d -p "$("$top/tests/scratch.sh")")
trap 'rm -rf "$tmp"' EXIT

machine() { # FUNCTIONS
	local n bdf
	echo "i $here/machines/luo-base.tree"
	for ((n = 0; n < $1; n++)); do
		bdf=$(printf '0001:%02x:%02x.0' $((n / 8)) $((n % 8)))
		echo "p sys/devices/pci0001:00/$bdf 8086:10d3 020000 $((n + 100))"
		echo "b $bdf vfio-pci"
		echo "v $bdf $n"
		printf 'f sys/devices/pci0001:00/%s/reset_method "flr\\n"\n' "$bdf"
		printf 'f sys/devices/pci0001:00/%s/modalias "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00\\n"\n' "$bdf"
	done
}

calls() { # FUNCTIONS ARGUMENT...
	local functions=$1
	shift
	strace -f -qq -o "$tmp/trace" taskset -c 0 "$VFIO_LU" --sysroot "$tmp/$functions" "$@" >"$tmp/out"
	# calls for memory, threads and output do not count
	grep -cE '^[0-9]+ +(open|read|close|getdents|newfstat|stat|access|fstat|pread)[a-z0-9]*\(' "$tmp/trace"
}

at_most() { # WHAT LIMIT NUMBER
	[ "$3" -gt "$2" ] || return 0
	failed=$((failed + 1))
	echo "$1: $3 system calls, more than $2"
}

for functions in $few $many; do machine "$functions" | "$BUILD/plant" "$tmp/$functions" -; done
for what in "list 25" "check 36"; do
	command=${what% *}
	more=$(($(calls $many "$command") - $(calls $few "$command")))
	at_most "$command, for each function" "${what#* }" $((more / (many - few)))
done
at_most "check of one function" "$(calls $few check 0001:00:01.0)" "$(calls $many check 0001:00:01.0)"
[ "$failed" = 0 ]
