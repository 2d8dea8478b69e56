# SPDX-License-Identifier: GPL-2.0-only
# The model of --dump-commands as a fish completion; see gen.sh.

function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/'/, "\\'", text)
	return "'" text "'"
}

function action(hint, choices) {
	if (choices != "-") {
		gsub(/\|/, " ", choices)
		return " -x -a '" choices "'"
	}
	if (hint == "columns")
		return " -x -a '(__vfio_lu_columns)'"
	if (hint == "file")
		return " -r -F"
	if (hint == "dir")
		return " -x -a '(__fish_complete_directories)'"
	if (hint == "pid")
		return " -x -a '(__vfio_lu_pids)'"
	return hint == "-" ? " -x" : " -x -a '(__vfio_lu_offer " hint ")'"
}

function option(when, name, letter, arg, choices, hint, help) {
	return "complete -c vfio-lu -n '" when "' -l " name \
	       (letter == "-" ? "" : " -s " letter) \
	       (arg == "-" ? "" : action(hint, choices)) " -d " quoted(help) "\n"
}

$1 == "global" {
	lines = lines option("__fish_use_subcommand", $3, $4, $5, $6, $7, $8)
}
$1 == "command" {
	lines = lines "\ncomplete -c vfio-lu -n __fish_use_subcommand -a " $2 \
		" -d " quoted($6) "\n"
	if ($4 == "file")
		lines = lines "complete -c vfio-lu -n '__fish_seen_subcommand_from " $2 \
			"' -F\n"
	else if ($4 == "command")
		foreign[$2]
	else if ($4 != "-")
		lines = lines "complete -c vfio-lu -n '__fish_seen_subcommand_from " $2 \
			"' -a '(__vfio_lu_offer " $4 ")'\n"
	commands = commands " " $2
}
$1 == "own" || $1 == "uses" {
	if ($5 != "-")
		takes[$2] = takes[$2] " --" $3
	lines = lines option("__fish_seen_subcommand_from " $2, $3, $4, $5, $6, $7, $8)
}
$1 == "column" { columns = columns " " $3 }

END {
	print "# fish completion for vfio-lu; made from vfio-lu --dump-commands"
	print ""
	print "# the devices and sessions that vfio-lu offers; addresses also in the short form, if the word begins so"
	print "function __vfio_lu_offer"
	print "    set -l lines (vfio-lu --offer $argv[1] 2>/dev/null | string replace ' ' \\t)"
	print "    printf '%s\\n' $lines"
	print "    if test $argv[1] != session; and test -n \"$(commandline -ct)\""
	print "        string replace -f -r '^0000:' '' -- $lines"
	print "    end"
	print "end"
	print ""
	print "# processes with a vfio file open, or all processes if this user cannot see them"
	print "function __vfio_lu_pids"
	print "    set -l pids (find /proc/[0-9]*/fd -maxdepth 1 -lname '/dev/vfio/*' 2>/dev/null | cut -d/ -f3 | sort -un)"
	print "    if test -n \"$pids\""
	print "        printf '%s\\n' $pids"
	print "    else"
	print "        __fish_complete_pids"
	print "    end"
	print "end"
	print ""
	print "# one more word for a list joined by commas"
	print "function __vfio_lu_columns"
	print "    set -l before (commandline -ct | string replace -r '^--columns=' '' |"
	print "        string replace -r '[^,]*$' '')"
	print "    for column in" columns
	print "        echo $before$column"
	print "    end"
	print "end"
	print ""
	print "complete -c vfio-lu -f"
	printf "%s", lines
	print "\ncomplete -c vfio-lu -n '__fish_seen_subcommand_from help' -a '" substr(commands, 2) "'"
	for (command in foreign)
		print "complete -c vfio-lu -n '__fish_seen_subcommand_from " command \
			"' -a '(__fish_complete_subcommand --fcs-skip=2" takes[command] ")'"
}
