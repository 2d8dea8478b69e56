# SPDX-License-Identifier: GPL-2.0-only
# The model of --dump-commands as a zsh completion; see gen.sh.

# Text within '...[text]' or 'name:text' of a completion specification.
function quoted(text) {
	gsub(/[\[\]:\\]/, "\\\\&", text)
	gsub(/'/, "'\\''", text)
	return text
}

function action(hint, choices, columns) {
	if (choices != "-") {
		gsub(/\|/, " ", choices)
		return "(" choices ")"
	}
	if (hint == "columns")
		return "_vfio_lu_columns"
	if (hint == "file")
		return "_files"
	if (hint == "dir")
		return "_files -/"
	if (hint == "pid")
		return "_vfio_lu_pids"
	return hint == "-" ? " " : "_vfio_lu_offer " hint
}

function option(name, letter, arg, choices, hint, help, tail) {
	tail = "[" quoted(help) "]"
	if (arg != "-")
		tail = tail ":" arg ":" action(hint, choices)
	if (letter == "-")
		return " \\\n\t\t\t'--" name (arg == "-" ? "" : "=") tail "'"
	return " \\\n\t\t\t'(-" letter " --" name ")'{-" letter ",--" name \
	       (arg == "-" ? "" : "=") "}'" tail "'"
}

$1 == "global" { global = global option($3, $4, $5, $6, $7, $8) }
$1 == "command" {
	order[++n] = $2
	hints[$2] = $4
	args[$2] = $3
	commands = commands "\t\t'" $2 ":" quoted($6) "'\n"
}
$1 == "own" || $1 == "uses" {
	options[$2] = options[$2] option($3, $4, $5, $6, $7, $8)
}
$1 == "column" { columns = columns " " $3 }

END {
	print "#compdef vfio-lu"
	print "# zsh completion for vfio-lu; made from vfio-lu --dump-commands"
	print ""
	print "# the devices and sessions that vfio-lu offers; addresses also in the short form, if the word begins so"
	print "_vfio_lu_offer() {"
	print "\tlocal what=$argv[-1]"
	print "\tlocal -a lines=(${(f)\"$(vfio-lu --offer $what 2>/dev/null)\"})"
	print "\tlocal -a words=(${lines%% *})"
	print "\tcompadd -l -d lines -a words"
	print "\t[[ -z $PREFIX || $what == session ]] || compadd -- ${${(M)words:#0000:*}#0000:}"
	print "}"
	print ""
	print "# processes with a vfio file open, or all processes if this user cannot see them"
	print "_vfio_lu_pids() {"
	print "\tlocal -a pids=(${(fu)\"$(find /proc/[0-9]*/fd -maxdepth 1 -lname '/dev/vfio/*' 2>/dev/null | cut -d/ -f3)\"})"
	print "\t(($#pids)) || pids=(/proc/[0-9]*(N:t))"
	print "\tcompadd -- $pids"
	print "}"
	print ""
	print "# a command of another program"
	print "_vfio_lu_command() {"
	print "\tif [[ $words[1] == -- ]]; then"
	print "\t\tshift words"
	print "\t\t((CURRENT--))"
	print "\tfi"
	print "\t_normal -p vfio-lu"
	print "}"
	print ""
	print "_vfio_lu_columns() {"
	print "\t_values -s , column" columns
	print "}"
	print ""
	print "_vfio_lu() {"
	print "\tlocal curcontext=$curcontext state line"
	print "\ttypeset -A opt_args"
	print "\tlocal -a verbs=("
	printf "%s", commands
	print "\t)"
	print ""
	print "\t_arguments -C" global " \\"
	print "\t\t\t'1:command:->command' '*::argument:->argument'"
	print "\tcase $state in"
	print "\tcommand) _describe command verbs ;;"
	print "\targument)"
	print "\t\tcase $words[1] in"
	for (i = 1; i <= n; i++) {
		printf "\t\t%s) _arguments -S%s", order[i], options[order[i]]
		if (hints[order[i]] == "command")
			printf " \\\n\t\t\t'(-)*::command: _vfio_lu_command'"
		else if (args[order[i]] != "-") {
			word = args[order[i]]
			gsub(/[\[\].]/, "", word)
			printf " \\\n\t\t\t'%s:%s:%s'", args[order[i]] ~ /\.\.\./ ? "*" : "1",
			       word, action(hints[order[i]], "-")
		}
		print " ;;"
	}
	print "\t\thelp) _describe command verbs ;;"
	print "\t\tesac ;;"
	print "\tesac"
	print "}"
	print ""
	print "_vfio_lu \"$@\""
}
