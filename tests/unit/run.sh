#!/bin/bash
# Runs the unit tests and counts them.
# usage: tests/unit/run.sh
#
# Needs in $BUILD/unit (default build/tests/unit) a program for each tests/unit/NAME.c:
#   -std=gnu17 -D_GNU_SOURCE -Ilib -Icli, the objects of lib/ and of cli/ but the one that has main(),
#   -lcmocka and what lib needs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
: "${BUILD:=$here/../../build/tests}"
passed=0 failed=0 skipped=0

count() { sed -n "s/^\[  $1  \] \([0-9]*\) test.*/\1/p" <<<"$2" | head -n1; }

for source in "$here"/*.c; do
	name=${source##*/} name=${name%.c}
	status=0
	out=$("$BUILD/unit/$name" 2>&1) || status=$?
	p=$(count PASSED "$out") f=$(count FAILED "$out") s=$(count SKIPPED "$out")
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
	# A program that dies in the middle has no last line.
	if [ "$status" != 0 ] || [ -z "$p" ]; then
		[ -n "$f" ] || failed=$((failed + 1))
		echo "FAIL $name (exit $status)"
		grep -v '^\[ RUN\|^\[       OK' <<<"$out" | sed 's/^/    /'
	fi
done

echo "pure: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
