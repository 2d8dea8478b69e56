#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What gcc's analyzer finds in the program, but for what it is wrong about (analyzer-known), which is looked for as well:
# what it does not say any more is not to stay there. Each path of each function is walked: half a minute of a processor.
# usage: tests/lint/analyzer.sh
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
known=tests/lint/analyzer-known
version=$(sed -n 's/^# gcc //p' "$known")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ "$(gcc -dumpversion 2>/dev/null)" != "$version" ]; then
	echo "skip the analyzer: what it is wrong about is known of gcc $version alone"
	echo "lint: 0 passed, 0 failed, 1 skipped"
	exit
fi
# Objects that are there already would say nothing. Without CI: what it says is compared, and is no error here.
if ! make --no-print-directory -s -O -j"$(nproc)" CI= CC=gcc B="$tmp" CFLAGS="-O2 -fanalyzer" objects >"$tmp/said" 2>&1; then
	tail -n 20 "$tmp/said"
	echo "lint: 0 passed, 1 failed, 0 skipped"
	exit 1
fi
sed -nE 's/^([a-z]+\/[^:]*):[0-9]+:[0-9]+: warning: (.*) \[-W(analyzer-[a-z-]*)\]$/\1: \2 (\3)/
	s/ \[CWE-[0-9]*\]//; /analyzer-[a-z-]*\)$/p' "$tmp/said" | sort -u >"$tmp/found"
sed '/^#/d' "$known" | sort -u >"$tmp/known"
if diff "$tmp/known" "$tmp/found" >"$tmp/diff"; then
	echo "lint: 1 passed, 0 failed, 0 skipped"
	exit
fi
echo "FAIL gcc's analyzer, > it says, < it does not say any more ($known):"
grep '^[<>]' "$tmp/diff" | sed 's/^/    /'
grep '^>' "$tmp/diff" | sed 's/^> \([^:]*\):.*/\1/' | sort -u | while read -r file; do
	grep -A40 "^$file:[0-9:]* warning" "$tmp/said" | sed 's/^/    /'
done
echo "lint: 0 passed, 1 failed, 0 skipped"
exit 1
