#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# sync.sh [PROGRAM]
#
# The rows of the program, its --help, the man page and the completions must
# say the same: a word that one of them has and another lacks is a failure.
set -u
export LC_ALL=C

program=${1:-./vfio-lu}
top=$(cd "$(dirname "$0")/.." && pwd)
page=$top/man/vfio-lu.8
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

# same WHAT FILE FILE: the same lines, in any order, and some at all
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

# options KIND COMMAND: their names
options()
{
	awk -F '\t' -v kinds="$1" -v command="$2" \
		'index(kinds, $1) && $2 == command { print $3 }' "$model"
}

# ------------------------------------------------------------------- man page

awk -F '\t' '
	$1 == "command" { print $1, $2, $3 }
	$1 == "global" || $1 == "own" { print $1, $2, $3, $4, $5 }
	$1 == "column" { print $1, $2, $3, $5 }
' "$model" >"$tmp/rows"

awk '
	function flush_column() {
		if (column != "")
			print "column", command, column, shown
		column = ""
	}
	/^\.Sh / { flush_column(); section = $2; command = "-" }
	section == "COMMANDS" && /^\.Ss / {
		flush_column()
		command = $2
		args = ""
		for (i = 3; i <= NF; i++)
			if ($i != "Op" && $i != "Ar")
				args = args $i
		print "command", command, args == "" ? "-" : \
		      $3 == "Op" ? "[" args "]" : args
	}
	(section == "COMMANDS" || section == "OPTIONS") && /^\.It Fl / {
		letter = arg = "-"
		for (i = 3; i <= NF; i++) {
			if ($i == "Ar")
				arg = $(i + 1)
			else if ($i ~ /^-/)
				name = substr($i, 2)
			else if ($(i - 1) == "Fl")
				letter = $i
		}
		print section == "OPTIONS" ? "global" : "own", command, name, letter, arg
	}
	section == "COMMANDS" && /^\.It Cm / {
		flush_column()
		column = $3
		shown = "-"
	}
	/\(shown by default\)/ { shown = "shown" }
	/^\.El/ { flush_column() }
' "$page" >"$tmp/page"
same "the man page against the rows (<: rows, >: page)" "$tmp/rows" "$tmp/page"

for word in $(awk -F '\t' '$6 != "-" && /^(global|own)/ { print $6 }' "$model" | tr '|' ' '); do
	if grep -q -x "\.Em $word\( .*\)\?" "$page"; then
		pass
	else
		fail "the man page does not have the choice $word"
	fi
done

"$program" check -v --json 2>/dev/null |
	sed -n 's/^ *"id": *"\(.*\)",$/\1/p' | sort -u >"$tmp/ids"
sed -n 's/^\.It Sy //p' "$page" | sort >"$tmp/page-ids"
comm -23 "$tmp/ids" "$tmp/page-ids" >"$tmp/undocumented"
if [ -s "$tmp/undocumented" ]; then
	fail "check ids that the man page lacks" "$tmp/undocumented"
elif [ -s "$tmp/ids" ]; then
	pass
else
	fail "check --json printed no check at all"
fi

if ! command -v mandoc >/dev/null; then
	skip "mandoc is not installed: the man page was not linted"
elif mandoc -T lint -W warning "$page" >"$tmp/lint" 2>&1; then
	pass
else
	fail "mandoc -T lint" "$tmp/lint"
fi

# --------------------------------------------------------------------- --help

# help_of NAME [COMMAND]: runs it, sees to its form, leaves it in $tmp/help
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

# complete LINE: what bash would offer
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
