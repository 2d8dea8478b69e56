#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The layers, the style, and both compilers without a warning.
# usage: OBJS=build tests/lint/run.sh
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

add() { # a line of counts
	[[ $1 =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]] || { failed=$((failed + 1)); return; }
	passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
}

for part in layers style; do
	"tests/lint/$part.sh" >"$tmp/out" 2>&1 || :
	cat "$tmp/out"
	add "$(grep -E '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$tmp/out" | tail -n 1)"
done
for cc in gcc clang; do
	if make --no-print-directory -s -j"$(nproc)" CI=true CC=$cc B="build/lint-$cc" all-tests >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $cc with warnings as errors:"
		grep -E 'error|warning' "$tmp/out" | head -n 20
	fi
done
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
