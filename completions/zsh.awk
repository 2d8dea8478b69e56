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
	if (hint == "bdf")
		return "_vfio_lu_bdfs"
	return " "
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
	print "_vfio_lu_bdfs() {"
	print "\tcompadd -- ${(f)\"$(vfio-lu list --columns bdf --no-headings 2>/dev/null)\"}"
	print "}"
	print ""
	print "_vfio_lu_columns() {"
	print "\t_values -s , column" columns
	print "}"
	print ""
	print "_vfio_lu() {"
	print "\tlocal curcontext=$curcontext state line"
	print "\ttypeset -A opt_args"
	print "\tlocal -a commands=("
	printf "%s", commands
	print "\t)"
	print ""
	print "\t_arguments -C" global " \\"
	print "\t\t\t'1:command:->command' '*::argument:->argument'"
	print "\tcase $state in"
	print "\tcommand) _describe command commands ;;"
	print "\targument)"
	print "\t\tcase $words[1] in"
	for (i = 1; i <= n; i++) {
		printf "\t\t%s) _arguments%s", order[i], options[order[i]]
		if (args[order[i]] != "-") {
			word = args[order[i]]
			gsub(/[\[\].]/, "", word)
			printf " \\\n\t\t\t'%s:%s:%s'", args[order[i]] ~ /\.\.\./ ? "*" : "1",
			       word, action(hints[order[i]], "-")
		}
		print " ;;"
	}
	print "\t\tesac ;;"
	print "\tesac"
	print "}"
	print ""
	print "_vfio_lu \"$@\""
}
