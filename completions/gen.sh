#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# gen.sh PROGRAM DIR
#
# Writes vfio-lu.bash, _vfio-lu (zsh) and vfio-lu.fish into DIR, from the output
# of PROGRAM --dump-commands: lines with fields separated by tabs, "-" for none:
#   global - NAME LETTER ARG CHOICES HINT HELP       a global option
#   own|uses COMMAND NAME LETTER ARG CHOICES HINT HELP   an option of a command, or
#                                                    a global option that it accepts
#   command NAME ARGS HINT changes|reads SUMMARY
# HINT says how to complete an argument: file, dir, columns, command (with its words) or pid; or bdf, bound, member or
# session, for which PROGRAM --offer HINT prints lines with a word and its description.
#   column COMMAND KEY HEAD shown|- HELP
#   check ID device|host|next-kernel|rehearsal                 for the tests: each check
set -eu

program=$1
dir=$2
here=$(dirname "$0")
model=$(mktemp)
trap 'rm -f "$model"' EXIT
"$program" --dump-commands >"$model"
mkdir -p "$dir"

for shell in bash zsh fish; do
	case $shell in
	bash) out=$dir/vfio-lu.bash ;;
	zsh) out=$dir/_vfio-lu ;;
	fish) out=$dir/vfio-lu.fish ;;
	esac
	awk -F '\t' -f "$here/$shell.awk" "$model" >"$out.new"
	mv "$out.new" "$out"
done
