#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compares the order of the wings (lib/wings) with the includes of the files in lib/ and the calls of their objects,
# and finds cycles within a wing and in cli/. Prints the table of wings.
# usage: OBJS=build tests/lint/wings.sh
set -euo pipefail
export LC_ALL=C
shopt -s lastpipe

top=$(cd "$(dirname "$0")/../.." && pwd)
: "${OBJS:=$top/build}"
cd "$top"
passed=0 failed=0

rule() { # WHAT: fails if standard input has a line
	local broken
	broken=$(cat)
	if [ -z "$broken" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1:"
		head -n 40 <<<"$broken" | sed 's/^/    /'
	fi
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sed '/^#/d' lib/wings >"$tmp/wings"
mapfile -t headers < <(find lib cli -name '*.h' | sort)
mapfile -t files < <(find lib -name '*.[ch]' ! -path lib/vfio-lu.h ! -path lib/vfio-lu-inspect.h | sort)
for file in "${files[@]}"; do
	wing=${file#lib/} wing=${wing%/*}
	grep -q "^$wing " "$tmp/wings" || echo "$file"
done | rule "every file lies in a wing that lib/wings names"
cut -d ' ' -f 1 "$tmp/wings" | while read -r wing; do
	[ -n "$(find "lib/$wing" -name '*.c' 2>/dev/null)" ] || echo "$wing"
done | rule "every wing that lib/wings names has files"
printf '%s\n' "${files[@]##*/}" | grep '\.c$' | sort | uniq -d | rule "no two files of lib/ have one name"

# Prints FROM TO WHY for each file that another one needs. A symbol belongs to the file that defines it.
for file in "${files[@]}" cli/*.c; do
	case $file in
	*.h) continue ;;
	esac
	object=$OBJS/${file%.c}.o
	[ -e "$object" ] || { echo "wings.sh: no $object; build first" >&2; exit 1; }
	nm "$object" | awk -v f="${file%.c}" 'NF == 3 && $2 ~ /[A-Z]/ { print f, "defines", $3 } $1 == "U" { print f, "wants", $2 }'
done >"$tmp/symbols"
awk '$2 == "defines" { by[$3] = $1; next }
	{ wants[++n] = $0 }
	END { for (i = 1; i <= n; i++) { split(wants[i], w, " "); if (w[3] in by && by[w[3]] != w[1]) print w[1], by[w[3]], w[3] "()" } }
' <(grep ' defines ' "$tmp/symbols") <(grep ' wants ' "$tmp/symbols") >"$tmp/calls"
grep -nE '^#[ 	]*include[ 	]*["<]' "${files[@]}" cli/*.[ch] |
	sed -nE 's/^([^:]*)\.[ch]:[0-9]*:#[ 	]*include[ 	]*["<](\.\.\/)*([^">]*)\.h[">].*/\1 \3/p' |
	while read -r from to; do
		if [ -e "lib/$to.h" ]; then to=lib/$to; else to=${from%/*}/$to; fi
		[ "$from" = "$to" ] || echo "$from $to include"
	done >"$tmp/includes"
[ -s "$tmp/calls" ] && [ -s "$tmp/includes" ] || { echo "wings.sh: nothing calls or includes anything?" >&2; exit 1; }

grep -hE '^lib/[a-z]+/' "$tmp/calls" "$tmp/includes" | awk '
	NR == FNR { rank[$1] = FNR; next }
	{
		split($1, a, "/"); split($2, b, "/")
		if ($2 !~ /^lib\/[a-z]+\//) next
		if (rank[b[2]] < rank[a[2]]) print $1 " -> " $2 ": " $3
	}' "$tmp/wings" - | sort -u | rule "no file includes or calls a wing above its own"

# A cycle: files that call each other, or headers that include each other. tsort names the files that it cannot sort.
grep -nE '^#[ 	]*include[ 	]*"' "${headers[@]}" | sed -nE 's/^([^:]*):[0-9]*:#[ 	]*include[ 	]*"([^"]*)".*/\1 \2/p' |
	while read -r from to; do
		if [ -e "lib/$to" ]; then echo "$from lib/$to"; else echo "$from ${from%/*}/$to"; fi
	done >"$tmp/headers"
circles() { # DIRECTORY
	{ grep -hE "^$1[^ ]* $1" "$tmp/calls" "$tmp/headers" || :; } | awk '{ print $1, $2 }' | sort -u |
		{ tsort 2>&1 >/dev/null || :; } | sed -n 's/^tsort: \([^-].*\)/\1/p' | sort -u
}
circles lib/ | rule "no files of lib/ need each other in a circle"
circles cli/ | rule "no files of cli/ need each other in a circle"

echo
while read -r wing holds; do
	printf '  %-9s %3d files %5d lines  %s\n' "$wing" "$(find "lib/$wing" -name '*.c' | wc -l)" \
		"$(cat "lib/$wing"/*.[ch] | wc -l)" "$holds"
done <"$tmp/wings"
echo
echo "lint: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
