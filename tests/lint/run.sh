#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks layers, wings, style, limits and words, runs gcc's analyzer, and requires that gcc, clang and gcc for arm64
# give no warning.
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

for part in layers.sh wings.sh style.sh words.py analyzer.sh; do
	"tests/lint/$part" >"$tmp/out" 2>&1 || :
	cat "$tmp/out"
	add "$(grep -E '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$tmp/out" | tail -n 1)"
done
compile() { # CC TARGET [SETTING...]
	local cc=$1
	shift
	if make --no-print-directory -s -j"$(nproc)" CI=true CC="$cc" B="build/lint-$cc" "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $cc with warnings as errors:"
		grep -E 'error|warning' "$tmp/out" | head -n 20
	fi
}
compile gcc all-tests
compile clang all-tests
# The headers of this machine's libraries also fit arm64; they are searched after those of its libc.
compile aarch64-linux-gnu-gcc objects CPPFLAGS="-idirafter /usr/include/$(gcc -print-multiarch)"
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
