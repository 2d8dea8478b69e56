#!/bin/bash
# Checks the style: scripts, blanks, local paths, the manual pages, lengths.
# usage: tests/lint/style.sh
#
# Needs shellcheck and mandoc; reads the files that git knows or would add.
set -euo pipefail
export LC_ALL=C
# rule counts, so it must not run in a process of its own at the end of a pipe
shopt -s lastpipe

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
passed=0 failed=0 skipped=0

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

skip() {
	skipped=$((skipped + 1))
	echo "skip $1"
}

mapfile -t files < <(git ls-files --cached --others --exclude-standard | sort -u | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
# Skips recorded output of the program.
mapfile -t texts < <(printf '%s\n' "${files[@]}" | grep -vE '^tests/(tree/golden|packages/golden|fuzz/corpus)/' | while read -r f; do
	[ ! -s "$f" ] || grep -Il '' "$f" || :
done)
mapfile -t code < <(printf '%s\n' "${texts[@]}" | grep -vE '\.md$|^LICENSE$')
mapfile -t scripts < <(for f in "${texts[@]}"; do
	case $f in
	*.sh) echo "$f" ;;
	*.c | *.h) ;;
	*) if head -n1 "$f" | grep -qE '^#!.*\b(sh|bash)\b'; then echo "$f"; fi ;;
	esac
done)
if [ ${#texts[@]} -lt 20 ] || [ ${#scripts[@]} -lt 5 ]; then
	echo "style.sh: found nothing to look at" >&2
	exit 1
fi

if command -v shellcheck >/dev/null; then
	mapfile -t scenarios < <(printf '%s\n' "${scripts[@]}" | grep -E '^tests/(scenario|vm/facts)/')
	mapfile -t others < <(printf '%s\n' "${scripts[@]}" | grep -vE '^tests/(scenario|vm/facts)/')
	{
		shellcheck -x --severity=warning --format=gcc "${others[@]}" || :
		# The runner reads variables that a scenario sets, and the reverse.
		shellcheck -x --severity=warning --exclude=SC2034,SC2154 --format=gcc "${scenarios[@]}" || :
	} | rule "shellcheck has nothing to say"
else
	skip "shellcheck is not installed"
fi
for script in "${scripts[@]}"; do
	case $(head -n1 "$script") in
	'#!/bin/bash'* | '# shellcheck shell=bash') bash -n "$script" 2>&1 || : ;;
	*) sh -n "$script" 2>&1 || : ;;
	esac
done | rule "every script can be read"
for script in "${scripts[@]}"; do
	if head -n1 "$script" | grep -q '^#!'; then
		[ -x "$script" ] || echo "$script has an interpreter and cannot be run"
	elif [ -x "$script" ]; then
		echo "$script can be run and has no interpreter"
	fi
done | rule "scripts can be run, and only those"

{ grep -nE '[ 	]+$' -- "${texts[@]}" || :; } | rule "no blanks at the end of a line"
{ grep -nP '^ +\t' -- "${code[@]}" || :; } | rule "no blanks before a tab"
for f in "${texts[@]}"; do
	[ -z "$(tail -c1 "$f")" ] || echo "$f has no newline at its end"
	[ -n "$(tail -n1 "$f" | tr -d '\n')" ] || echo "$f has an empty line at its end"
done | rule "files end with one newline"
{ grep -nP '[^\x00-\x7f]' -- "${code[@]}" || :; } | rule "code is ASCII"
{ grep -nE '^.{141,}$' -- "${code[@]}" || :; } |
	{ grep -vE '^(tests/tree/machines/|tests/fake/(machine\.sh|log-words)|tests/matrix|tests/scenario/|tests/vm/|\.ci/)' || :; } |
	rule "no line is longer than 140"
# Written apart, so that this file does not break its own rule.
home='/ho''me/' work='/wo''rk/' root='/ro''ot/'
{ grep -nE "(^|[^a-z.])($home|$work|$root)[a-z]" -- "${texts[@]}" || :; } | rule "no path of somebody's machine"
{ grep -nEi 'htt''ps?://[^ ]*(proxy|mirror|artifact|internal|corp\b)' -- "${texts[@]}" || :; } | rule "no host of somebody's network"

for f in $(printf '%s\n' "${files[@]}" | grep -E '\.[ch]$'); do
	head -n1 "$f" | grep -q 'SPDX-License-Identifier: ' || echo "$f"
done | rule "every source says its licence"
for f in lib/*.h lib/*/*.h cli/*.h; do
	grep -q '^#ifndef ' "$f" || echo "$f"
done | rule "every header can be included twice"

# Only for the program: the tests may have long tables of cases.
mapfile -t program < <(printf '%s\n' "${files[@]}" | grep -E '^(lib|cli)/.*\.c$')
wc -l "${program[@]}" | awk '$1 > 400 && $2 != "total" { print $2 ": " $1 " lines" }' |
	rule "no file of the program is longer than 400 lines"
awk '/^{$/ { begin = FNR } /^}$/ && begin { if (FNR - begin - 1 > 60) print FILENAME ":" begin ": " FNR - begin - 1 " lines"; begin = 0 }
	FNR == 1 { begin = 0 }' "${program[@]}" | rule "no function of it is longer than 60"

pages=$(printf '%s\n' "${files[@]}" | grep -E '^man/.*\.[1-8]$' || :)
if [ -z "$pages" ]; then
	echo "there is none" | rule "the manual page"
elif command -v mandoc >/dev/null; then
	# shellcheck disable=SC2086 # names without blanks
	{ mandoc -T lint -W warning $pages || :; } | rule "mandoc has nothing to say"
else
	skip "mandoc is not installed"
fi

echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
