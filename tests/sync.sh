#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# sync.sh [PROGRAM]
#
# Compares the rows of the program, its --help, the man pages and the completions: a word that is missing in one of
# them is a failure.
set -u
export LC_ALL=C

program=${1:-./vfio-lu}
top=$(cd "$(dirname "$0")/.." && pwd)
schema=$top/dist/schema-1.json
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

pass()
{
	passed=$((passed + 1))
}

fail()
{
	failed=$((failed + 1))
	echo "FAIL: $1"
	[ $# -lt 2 ] || sed 's/^/    /' "$2"
}

skip()
{
	skipped=$((skipped + 1))
	echo "SKIP: $1"
}

# same WHAT FILE FILE: both files must have the same lines, in any order, and at least one
same()
{
	sort "$2" >"$tmp/a"
	sort "$3" >"$tmp/b"
	if [ ! -s "$tmp/a" ]; then
		fail "$1: nothing to compare"
	elif diff "$tmp/a" "$tmp/b" >"$tmp/diff"; then
		pass
	else
		fail "$1" "$tmp/diff"
	fi
}

model=$tmp/model
if ! "$program" --dump-commands >"$model" || [ ! -s "$model" ]; then
	echo "FAIL: $program --dump-commands"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
commands=$(awk -F '\t' '$1 == "command" { print $2 }' "$model")

# options KIND COMMAND: prints their names
options()
{
	awk -F '\t' -v kinds="$1" -v command="$2" \
		'index(kinds, $1) && $2 == command { print $3 }' "$model"
}

# ------------------------------------------------------------------ man pages

man=$top/man
page=$man/vfio-lu.8

awk -F '\t' '
	$1 == "command" { print $1, $2, $3 }
	$1 == "global" || $1 == "own" { print $1, $2, $3, $4, $5 }
	$1 == "own" { print "synopsis", $2, $3 }
	$1 == "column" { print $1, $2, $3, $5 }
' "$model" >"$tmp/rows"

# rows_of COMMAND PAGE: prints the rows of a page about its command; -: the program
rows_of()
{
	awk -v command="$1" '
		function flush_column() {
			if (column != "")
				print "column", command, column, shown
			column = ""
		}
		/^\.Sh / { flush_column(); section = $2 }
		section == "SYNOPSIS" && command != "-" {
			if (/^\.(Op )?Ar /)
				args = ($1 == ".Op" ? "[" $3 $4 "]" : $2 $3)
			for (i = 2; i <= NF; i++)
				if ($i ~ /^-./ && $(i - 1) ~ /^\.?Fl$/ && !said[$i]++)
					print "synopsis", command, substr($i, 2)
		}
		section == "OPTIONS" && /^\.It Fl / {
			letter = arg = "-"
			for (i = 3; i <= NF; i++) {
				if ($i == "Ar")
					arg = $(i + 1)
				else if ($i ~ /^-/)
					name = substr($i, 2)
				else if ($(i - 1) == "Fl")
					letter = $i
			}
			print command == "-" ? "global" : "own", command, name, letter, arg
		}
		section == "COLUMNS" && /^\.It Cm / {
			flush_column()
			column = $3
			shown = "-"
		}
		/\(shown by default\)/ { shown = "shown" }
		/^\.El/ { flush_column() }
		END {
			if (command != "-")
				print "command", command, args == "" ? "-" : args
		}
	' "$2"
}

{
	rows_of - "$page"
	for command in $commands; do
		rows_of "$command" "$man/vfio-lu-$command.8"
	done
} >"$tmp/page" 2>"$tmp/err"
same "the man pages against the rows (<: rows, >: pages)" "$tmp/rows" "$tmp/page"

echo "$commands" >"$tmp/want"
sed -n 's/^\.It Xr vfio-lu-\([a-z]*\) 8$/\1/p' "$page" >"$tmp/got"
same "commands in vfio-lu.8" "$tmp/want" "$tmp/got"
for file in "$man"/vfio-lu-*.8; do
	file=${file##*/vfio-lu-}
	echo "${file%.8}"
done >"$tmp/got"
same "a page for each command, and no other in section 8" "$tmp/want" "$tmp/got"

printf '%s\n' NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" EXAMPLES "SEE ALSO" >"$tmp/want"
for command in $commands; do
	sed -n 's/^\.Sh //p' "$man/vfio-lu-$command.8" | grep -x -f "$tmp/want" >"$tmp/got"
	same "the sections of vfio-lu-$command.8" "$tmp/want" "$tmp/got"
done

for word in $(awk -F '\t' '$6 != "-" && /^(global|own)/ { print $6 }' "$model" | tr '|' ' '); do
	if grep -q -x "\.Em $word\( .*\)\?" "$man"/*.8; then
		pass
	else
		fail "the man pages do not have the choice $word"
	fi
done

awk -F '\t' '$1 == "check" { print $3, $2 }' "$model" >"$tmp/ids"
awk '
	/^\.Ss / { kind = $5 $6 == "nextkernel" ? "next-kernel" : $5 }
	/^\.It Sy / { print kind, $3 }
' "$man/vfio-lu-checks.7" >"$tmp/page-ids"
same "check ids (<: the tables of the program, >: vfio-lu-checks.7)" "$tmp/ids" "$tmp/page-ids"

awk -F '\t' '$1 == "code" { print $2, $3 }' "$model" >"$tmp/codes"
sed -n 's/^\.It Sy \([a-z-]*\) Pq \([0-9]\)$/\1 \2/p' "$man/vfio-lu-codes.7" >"$tmp/page-codes"
same "codes (<: the table of the program, >: vfio-lu-codes.7)" "$tmp/codes" "$tmp/page-codes"
# A code that no failure has would be waited for in vain. The library uses its name, the program its word.
sed -n 's/^\t{ \([A-Z_]*\), VLU_[A-Z_]*, "\([a-z-]*\)".*/\1 \2/p' "$top/lib/base/problem.c" >"$tmp/named"
while read -r name word; do
	grep -rqw "$name" "$top/lib" --include='*.c' --exclude=problem.c || grep -rq "\"$word\"" "$top/cli" --include='*.c' &&
		echo "$word"
done <"$tmp/named" >"$tmp/used"
cut -d ' ' -f 1 "$tmp/codes" >"$tmp/words"
same "codes (<: the table of the program, >: those that a failure can have)" "$tmp/words" "$tmp/used"

# The pages of the library are made from its header, and must have each of its functions.
if "$top/man/libvfio-lu.sh" "$tmp/man3" 2>"$tmp/err"; then
	sed -n 's/^\t\(vlu_.*\);/\1/p' "$top/lib/libvfio-lu.sym" >"$tmp/want"
	sed -n 's/^\.Fn \(vlu_[a-z0-9_]*\).*/\1/p' "$tmp"/man3/*.3 >"$tmp/got"
	same "functions (<: the version script, >: the pages of section 3)" "$tmp/want" "$tmp/got"
else
	fail "man/libvfio-lu.sh" "$tmp/err"
fi

if "$man/live-update.py" | cmp -s - "$man/live-update.svg"; then
	pass
else
	fail "man/live-update.svg is not what man/live-update.py draws"
fi

pages=$(ls "$man"/*.[0-9] "$tmp"/man3/*.3)
wc -l $pages | awk '$2 != "total" && $1 > 300' >"$tmp/long"
if [ ! -s "$tmp/long" ]; then
	pass
else
	fail "a page of more than 300 lines" "$tmp/long"
fi

for file in $pages; do
	name=${file##*/}
	echo "${name%.*} ${name##*.}"
done | sort >"$tmp/there"
sed -n 's/^\.\(It \)\?Xr \(\(lib\)\?vfio-lu[a-z-]* [0-9]\).*/\2/p' $pages | sort -u | comm -23 - "$tmp/there" >"$tmp/dangling"
if [ ! -s "$tmp/dangling" ]; then
	pass
else
	fail "pages refer to pages that there are not" "$tmp/dangling"
fi

# The schema must have the codes, and a definition for each command with the keys of its JSON object.
if ! command -v jq >/dev/null; then
	skip "jq is not installed: the schema was not compared"
else
	cut -d ' ' -f 1 "$tmp/codes" >"$tmp/words"
	jq -r '."$defs".code.enum[]' "$schema" >"$tmp/got"
	same "codes (<: the table of the program, >: the schema)" "$tmp/words" "$tmp/got"
	awk -F '\t' '$1 == "answer" {
		n = split($3 == "-" ? "" : $3, keys, " ")
		print $2, "schema"; print $2, "error"; print $2, "warnings"
		for (i = 1; i <= n; i++) { sub(/\[\]/, "", keys[i]); print $2, keys[i] }
	}' "$model" >"$tmp/keys"
	for command in $commands; do
		jq -r --arg c "$command" '."$defs" as $all
			| def at: if ."$ref" then ."$ref" | ltrimstr("#/$defs/") | $all[.] | at else . end;
			$all[$c] | at | (if .anyOf then .anyOf[0] | at else . end) | .required[] | "\($c) \(.)"' "$schema"
	done >"$tmp/got"
	same "keys of answers (<: the program, >: the schema)" "$tmp/keys" "$tmp/got"
fi

if ! command -v mandoc >/dev/null; then
	skip "mandoc is not installed: the man pages were not linted"
elif mandoc -T lint -W warning $pages >"$tmp/lint" 2>&1; then
	pass
else
	fail "mandoc -T lint" "$tmp/lint"
fi

# --------------------------------------------------------------------- --help

# help_of NAME [COMMAND]: prints the help into $tmp/help, and checks its form
help_of()
{
	"$program" ${1:+"$1"} --help >"$tmp/help" 2>"$tmp/err"
	status=$?
	awk 'length > 80' "$tmp/help" >"$tmp/wide"
	if [ $status -ne 0 ] || [ -s "$tmp/err" ] || [ ! -s "$tmp/help" ]; then
		fail "$1 --help: status $status, or something on stderr" "$tmp/err"
	elif [ -s "$tmp/wide" ]; then
		fail "$1 --help: wider than 80 columns" "$tmp/wide"
	else
		pass
	fi
	sed -n 's/^  \(-., \|    \)--\([^ ]*\).*/\2/p' "$tmp/help" >"$tmp/help-options"
}

help_of ""
options global - >"$tmp/want"
same "--help: options" "$tmp/want" "$tmp/help-options"
echo "$commands" >"$tmp/want"
sed -n '/^Commands:/,/^$/s/^  \([a-z][^ ]*\).*/\1/p' "$tmp/help" >"$tmp/got"
same "--help: commands" "$tmp/want" "$tmp/got"
for command in $commands; do
	help_of "$command"
	options "own uses" "$command" >"$tmp/want"
	same "$command --help: options" "$tmp/want" "$tmp/help-options"
done

# The help of a command opens only the files that every program opens: libraries, before its first output.
if ! command -v strace >/dev/null; then
	skip "strace is not installed: what the help opens was not seen"
else
	for command in $commands; do
		"$program" "$command" --help >"$tmp/want"
		strace -f -o "$tmp/calls" -e trace=open,openat,openat2,connect "$program" help "$command" >"$tmp/got" 2>&1
		sed "/[.]so/d; /exited with 0/d" "$tmp/calls" >"$tmp/opened"
		if [ -s "$tmp/calls" ] && [ ! -s "$tmp/opened" ] && cmp -s "$tmp/want" "$tmp/got"; then
			pass
		else
			fail "help $command opens something, or is not $command --help" "$tmp/opened"
		fi
	done
fi

for command in "" $commands; do
	"$program" ${command:+"$command"} --no-such-option >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status -eq 2 ] && [ ! -s "$tmp/out" ] &&
	   [ "$(wc -l <"$tmp/err")" -eq 2 ] &&
	   sed -n 1p "$tmp/err" | grep -q -e "--no-such-option" &&
	   sed -n 2p "$tmp/err" | grep -q "^try 'vfio-lu ${command:+$command }--help'$"; then
		pass
	else
		fail "$command --no-such-option: status $status" "$tmp/err"
	fi
done

# ---------------------------------------------------------------- completions

dir=$tmp/completions
if ! "$top/completions/gen.sh" "$program" "$dir" 2>"$tmp/err"; then
	fail "completions/gen.sh" "$tmp/err"
fi

# complete LINE: prints what bash would offer
complete_line()
{
	bash -c 'source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _vfio_lu
		printf "%s\n" "${COMPREPLY[@]}"' - "$dir/vfio-lu.bash" "$1" 2>/dev/null
}

if ! command -v bash >/dev/null; then
	skip "bash is not installed"
else
	echo "$commands" >"$tmp/want"
	complete_line "vfio-lu " >"$tmp/got"
	same "bash: commands" "$tmp/want" "$tmp/got"
	for command in "" $commands; do
		options "${command:+own uses}${command:-global}" "${command:--}" \
			>"$tmp/want"
		complete_line "vfio-lu ${command:+$command }--" | sed 's/^--//' >"$tmp/got"
		same "bash: options of ${command:-the program}" "$tmp/want" "$tmp/got"
	done
fi

sed -n "s/^complete -c vfio-lu -n __fish_use_subcommand -a \([^ ]*\) .*/\1/p" \
	"$dir/vfio-lu.fish" >"$tmp/got"
echo "$commands" >"$tmp/want"
same "fish: commands" "$tmp/want" "$tmp/got"
sed -n "s/^complete .*'__fish_seen_subcommand_from \([^ ']*\)' -l \([^ ]*\).*/\1 \2/p" \
	"$dir/vfio-lu.fish" >"$tmp/got"
awk -F '\t' '$1 == "own" || $1 == "uses" { print $2, $3 }' "$model" >"$tmp/all"
same "fish: options" "$tmp/all" "$tmp/got"
awk '
	/^\t\t[a-z]*\) _arguments/ { command = $1; sub(/\)/, "", command) }
	command && match($0, /--[a-z-]+/) { print command, substr($0, RSTART + 2, RLENGTH - 2) }
	/;;/ { command = "" }
' "$dir/_vfio-lu" >"$tmp/got"
same "zsh: options" "$tmp/all" "$tmp/got"

for shell in bash zsh fish; do
	case $shell in
	bash) file=$dir/vfio-lu.bash ;;
	zsh) file=$dir/_vfio-lu ;;
	fish) file=$dir/vfio-lu.fish ;;
	esac
	if ! command -v $shell >/dev/null; then
		skip "$shell is not installed: its completion was not loaded"
	elif $shell -n "$file" 2>"$tmp/err"; then
		pass
	else
		fail "$shell -n" "$tmp/err"
	fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
