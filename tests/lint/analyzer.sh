#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs gcc's analyzer on the program. Its known false findings are in analyzer-known; a finding there that gcc no
# longer reports is a failure, too. The analyzer follows each path of each function, which takes half a minute.
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
# Existing objects would give no findings. Without CI, since findings must not be errors before they are compared.
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
