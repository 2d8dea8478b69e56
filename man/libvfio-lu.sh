#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes the pages of the library out of its header: libvfio-lu.3 from the comment at its head, and one page for each
# section. A comment becomes the text of the declarations that follow it up to an empty line.
# usage: man/libvfio-lu.sh DIRECTORY
set -eu
export LC_ALL=C
[ $# = 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
header=$(dirname "$0")/../lib/vfio-lu.h
mkdir -p "$1"

awk -v dir="$1" '
	function begin(name, about) {
		file = dir "/" name ".3"
		printf ".\\\" SPDX-License-Identifier: GPL-2.0-only\n.Dd November 29, 2026\n.Dt %s 3\n", toupper(name) >file
		printf ".Os vfio-lu @VERSION@\n.Sh NAME\n.Nm %s%s\n", name, names == "" ? "" : " ,\n.Nm " names >file
		printf ".Nd %s\n", about >file
	}
	# One sentence a line, as mdoc wants it.
	function text(line) {
		gsub(/\\/, "\\e", line)
		while (match(line, /[A-Za-z0-9)][.] +[A-Z"]/))
			line = substr(line, 1, RSTART + 1) "\n" substr(line, RSTART + RLENGTH - 1)
		if (line ~ /^[.'\'']/)
			line = "\\&" line
		return line
	}
	# The lines of a comment: an empty one begins a paragraph, "- " an item of a list.
	function paragraphs(comment,	lines, n, i, line, list, gap, out) {
		n = split(comment, lines, "\n")
		for (i = 1; i <= n; i++) {
			line = lines[i]
			sub(/^[ \t]*\/?\*+\/?[ \t]?/, "", line)
			sub(/[ \t]*\*\/[ \t]*$/, "", line)
			if (line ~ /^[ \t]*$/) {
				if (list)
					out = out ".El\n"
				list = 0
				gap = out != ""
				continue
			}
			if (line ~ /^ ?- /) {
				if (!list)
					out = out ".Bl -bullet -compact\n"
				list = 1
				out = out ".It\n"
				sub(/^ ?- /, "", line)
			} else if (gap) {
				out = out ".Pp\n"
			} else if (list && line !~ /^[ \t]/) {
				out = out ".El\n"
				list = 0
			}
			gap = 0
			sub(/^[ \t]+/, "", line)
			out = out text(line) "\n"
		}
		return out (list ? ".El\n" : "")
	}
	# "VLU_EXPORT int vlu_f(struct a *b, int c);" as a line of the synopsis
	function prototype(line,	name, type, args) {
		gsub(/[ \t\n]+/, " ", line)
		sub(/^VLU_EXPORT /, "", line)
		match(line, /vlu_[a-z0-9_]+\(/)
		name = substr(line, RSTART, RLENGTH - 1)
		type = substr(line, 1, RSTART - 1)
		args = substr(line, RSTART + RLENGTH)
		sub(/\);.*$/, "", args)
		gsub(/, /, "\" \"", args)
		sub(/ $/, "", type)
		synopsis = synopsis ".Ft " type "\n.Fn " name " \"" args "\"\n"
		names = names (names == "" ? "" : " ,\n.Nm ") name
		return name
	}
	function end_group() {
		if (code != "")
			body = body ".Bd -literal\n" code ".Ed\n"
		if (functions != "")
			body = body ".Bl -tag -width Ds\n" functions paragraphs(comment remarks) ".El\n"
		else if (comment != "")
			body = body (body == "" || code != "" ? "" : ".Pp\n") paragraphs(comment)
		comment = code = functions = remarks = ""
	}
	function end_section() {
		end_group()
		if (section == "" || synopsis == "")
			return
		begin("libvfio-lu-" section, "libvfio-lu: " title)
		printf ".Sh SYNOPSIS\n.In vfio-lu.h\n%s.Sh DESCRIPTION\n%s", synopsis, body >file
		printf ".Sh SEE ALSO\n.Xr libvfio-lu 3 ,\n.Xr vfio-lu 8\n" >file
		close(file)
		pages = pages ".It Xr libvfio-lu-" section " 3\n" title "\n"
	}

	/^\/\* -+ .* \*\/$/ {
		end_section()
		title = $3
		section = tolower(title)
		body = synopsis = names = ""
		next
	}
	# The part before the first section: the comment at the head.
	section == "" {
		if (/^\/\*$/)
			within = 1
		if (within)
			head = head $0 "\n"
		if (/\*\/$/)
			within = 0
		next
	}
	/^#(ifdef|endif)/ || /^extern "C"/ || /^}$/ { skip = /^#ifdef __cplusplus/; next }
	statement == "" && /^[ \t]*$/ { end_group(); next }
	statement == "" && (/^\/\*/ || in_comment) {
		if (!in_comment && (functions != "" || code != ""))
			end_group()
		comment = comment $0 "\n"
		in_comment = $0 !~ /\*\/$/
		next
	}
	{
		statement = statement $0 "\n"
		depth += gsub(/[{]/, "{") - gsub(/[}]/, "}")
		if (depth > 0 || $0 !~ /;|^#define/)
			next
		if (statement ~ /^VLU_EXPORT/) {
			functions = functions ".It Fn " prototype(statement) "\n"
			if (match(statement, /;[ \t]*\/\*.*\*\//)) {
				remark = substr(statement, RSTART + 1, RLENGTH - 1)
				gsub(/^[ \t]*\/\*[ \t]*|[ \t]*\*\/$/, "", remark)
				remarks = remarks remark ".\n"
			}
		} else {
			line = statement
			gsub(/\\/, "\\e", line)
			code = code line
		}
		statement = ""
	}
	END {
		end_section()
		names = ""
		begin("libvfio-lu", "take vfio-pci device files through a kexec live update")
		printf ".Sh SYNOPSIS\n.In vfio-lu.h\n.Pp\n.Li cc program.c $(pkg-config --cflags --libs libvfio-lu)\n" >file
		sub(/^\/\*\n \* libvfio-lu: [^\n]*\n/, "/*\n", head)
		printf ".Sh DESCRIPTION\nThe library does everything that\n.Xr vfio-lu 8\ndoes, except\n.Cm inspect .\n%s", \
		       paragraphs(head) >file
		printf ".Sh PAGES\n.Bl -tag -width \"libvfio-lu-rehearsal(3)\" -compact\n%s.El\n", pages >file
		printf ".Sh SEE ALSO\n.Xr vfio-lu 8\n" >file
	}
' "$header"
