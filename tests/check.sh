#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs tiers of tests and counts them. Each prints "TIER: N passed, N failed, N skipped" last.
# usage: tests/check.sh fast|full|asan|lint|all
# A skip that is not listed in tests/skips is a failure, so that no tier can fall silent.
set -u
cd "$(dirname "$0")/.." || exit 1
MAKE=${MAKE:-make}
jobs=$(nproc 2>/dev/null || echo 1)
log=$(mktemp) || exit 1
table=$(mktemp) || exit 1
trap 'rm -f "$log" "$table"' EXIT

passed=0 failed=0 skipped=0

tier() { # NAME COMMAND...
	name=$1
	shift
	echo "== $name"
	"$@" >"$log" 2>&1 &
	pid=$!
	# The lines as they come; the counts are read from the file.
	tail -n +1 -f --pid="$pid" "$log" 2>/dev/null
	wait "$pid"
	status=$?
	line=$(grep -E '^([a-z-]+: )?[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
	if [ -z "$line" ]; then
		echo "$name: no count (exit $status)"
		failed=$((failed + 1))
		printf '%-12s no count, exit %s\n' "$name" "$status" >>"$table"
		return
	fi
	line=${line##*: }
	p=${line%% passed*}
	f=${line##*passed, } f=${f%% failed*}
	s=${line##*failed, } s=${s%% skipped*}
	# A tier that fails without saying what, or counts nothing, has failed.
	if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$p" = 0 ]; }; then
		echo "$name: exit $status with $line"
		f=1
	fi
	allowed=$(sed -n "s/^$name \([0-9]*\) .*/\1/p" tests/skips)
	if [ "$s" != "${allowed:-0}" ]; then
		echo "$name: $s skipped, ${allowed:-0} expected (tests/skips)"
		f=$((f + 1))
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-12s %4d passed, %d failed, %d skipped\n' "$name" "$p" "$f" "$s" >>"$table"
}

fast() { # [MAKE-ARGUMENT...]
	# by all processors; what cannot be built is its tier's failure
	"$MAKE" --no-print-directory -k -j"$jobs" all-tests "$@" || :
	tier "pure$suffix" "$MAKE" --no-print-directory check-pure "$@"
	tier "fuzz$suffix" "$MAKE" --no-print-directory check-fuzz "$@"
	tier "tree$suffix" "$MAKE" --no-print-directory check-tree "$@"
	tier "fake$suffix" "$MAKE" --no-print-directory check-fake "$@"
	tier "sweep$suffix" "$MAKE" --no-print-directory check-sweep SWEEP="-f 12" "$@"
}

suffix=''
build() { # SET... of packages, then the program
	tests/deps.sh "$@" && "$MAKE" --no-print-directory -j"$jobs" all
}

case ${1:-} in
fast)
	build build test || exit 1
	fast
	;;
full)
	build build test vm || exit 1
	fast
	tier sync "$MAKE" --no-print-directory check-sync
	tier install "$MAKE" --no-print-directory check-install
	tier proof "$MAKE" --no-print-directory check-proof
	tier sweep-all "$MAKE" --no-print-directory check-sweep
	tier vm "$MAKE" --no-print-directory check-vm
	tier calls "$MAKE" --no-print-directory check-calls
	;;
asan)
	build build test || exit 1
	suffix=-asan
	fast ASAN=1
	;;
lint)
	build build lint || exit 1
	tier lint "$MAKE" --no-print-directory check-lint
	;;
all)
	build build test vm lint || exit 1
	fast
	tier sync "$MAKE" --no-print-directory check-sync
	tier install "$MAKE" --no-print-directory check-install
	tier proof "$MAKE" --no-print-directory check-proof
	tier lint "$MAKE" --no-print-directory check-lint
	suffix=-asan
	fast ASAN=1
	# The whole of it, as in full, takes a quarter of an hour.
	tier sweep-third "$MAKE" --no-print-directory check-sweep SWEEP="-f 3"
	tier vm "$MAKE" --no-print-directory check-vm
	tier calls "$MAKE" --no-print-directory check-calls
	;;
*)
	echo "usage: tests/check.sh fast|full|asan|lint|all" >&2
	exit 2
	;;
esac

echo
cat "$table"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
