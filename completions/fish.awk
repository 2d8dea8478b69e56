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
	return " -x"
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
	if ($4 == "bdf")
		lines = lines "complete -c vfio-lu -n '__fish_seen_subcommand_from " $2 \
			"' -a '(__vfio_lu_bdfs)'\n"
	if ($4 == "file")
		lines = lines "complete -c vfio-lu -n '__fish_seen_subcommand_from " $2 \
			"' -F\n"
}
$1 == "own" || $1 == "uses" {
	lines = lines option("__fish_seen_subcommand_from " $2, $3, $4, $5, $6, $7, $8)
}
$1 == "column" { columns = columns " " $3 }

END {
	print "# fish completion for vfio-lu; made from vfio-lu --dump-commands"
	print ""
	print "function __vfio_lu_bdfs"
	print "    vfio-lu list --columns bdf,device_name --no-headings 2>/dev/null |"
	print "        string replace -r ' +' \\t"
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
}
