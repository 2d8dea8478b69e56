#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints where each check passes and where it fails: in goldens of the trees, and in the lines "# proof: ID pass|fail"
# of the scenarios that run in the VM and of tests/rehearse.sh. An id without both is a failure.
# usage: tests/proof.sh [PROGRAM]	PROGRAM has the tables of checks
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$top/vfio-lu}")
cd "$top"
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$program" --dump-commands | awk -F '\t' '$1 == "check" { print $2 }' >"$tmp/ids"

# Prints ID RESULT WHERE, from the JSON objects.
for file in tests/tree/golden/*/*json*; do
	where=${file#tests/tree/golden/}
	sed -n '/^--- stdout$/,/^--- stderr$/{/^---/!p}' "$file" |
		jq -r --arg where "${where%%/*}" '.. | objects | select(has("id") and has("result")) |
			[.id, (if .result == "warn" then "fail" else .result end), $where] | @tsv' 2>/dev/null || :
done | sort -u >"$tmp/tree"
for file in tests/scenario/*.sh tests/rehearse.sh; do
	sed -n "s,^[[:space:]]*# proof: \([a-z0-9-]*\) \(pass\|fail\).*,\1\t\2\tvm:$(basename "$file" .sh),p" "$file"
done | sort -u >"$tmp/vm"

where() { # ID RESULT: prints up to three places
	awk -F '\t' -v id="$1" -v result="$2" '$1 == id && $2 == result { print $3 }' "$tmp/vm" "$tmp/tree" |
		awk '!seen[$0]++' | head -n 3 | paste -sd ' '
}

printf '%-22s %-34s %s\n' "check" "passes in" "fails or warns in"
while read -r id; do
	good=$(where "$id" pass) bad=$(where "$id" fail)
	printf '%-22s %-34s %s\n' "$id" "${good:--}" "${bad:--}"
	for place in "$good" "$bad"; do
		if [ -n "$place" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	done
done <"$tmp/ids"
[ "$failed" = 0 ] || echo "FAIL: a check without a machine on which it passes and one on which it fails"
echo "proof: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
