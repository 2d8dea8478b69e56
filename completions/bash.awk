# SPDX-License-Identifier: GPL-2.0-only
# The model of --dump-commands as a bash completion; see gen.sh.

function words(name, letter) {
	return " --" name (letter == "-" ? "" : " -" letter)
}

function action(hint) {
	if (hint == "file" || hint == "dir")
		return "_vfio_lu_files " hint
	return hint == "pid" ? "_vfio_lu_pids" : "_vfio_lu_offer " hint
}

# The completion of an option's argument, the same for all commands.
function argument(name, letter, arg, choices, hint, pattern) {
	if (arg == "-" || name in known)
		return
	known[name] = 1
	pattern = "--" name (letter == "-" ? "" : "|-" letter)
	takes = takes (takes == "" ? "" : "|") pattern
	if (choices != "-") {
		gsub(/\|/, " ", choices)
		values = values "\t" pattern ") _vfio_lu_words '" choices "' ;;\n"
	} else if (hint == "columns") {
		values = values "\t" pattern ") _vfio_lu_columns ;;\n"
	} else if (hint != "-") {
		values = values "\t" pattern ") " action(hint) " ;;\n"
	}
}

$1 == "global" {
	options[""] = options[""] words($3, $4)
	argument($3, $4, $5, $6, $7)
}
$1 == "command" {
	commands = commands " " $2
	order[++n] = $2
	hints[$2] = $4
	if ($4 == "command")
		foreign = foreign (foreign == "" ? "" : "|") $2
}
$1 == "own" || $1 == "uses" {
	options[$2] = options[$2] words($3, $4)
	argument($3, $4, $5, $6, $7)
}
$1 == "column" { columns = columns " " $3 }

END {
	print "# bash completion for vfio-lu; made from vfio-lu --dump-commands"
	print ""
	print "_vfio_lu_words()"
	print "{"
	print "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")"
	print "}"
	print ""
	print "_vfio_lu_files()"
	print "{"
	print "\tlocal action=-f"
	print "\t[[ $1 == dir ]] && action=-d"
	print "\tcompopt -o filenames 2>/dev/null"
	print "\tmapfile -t COMPREPLY < <(compgen $action -- \"$cur\")"
	print "}"
	print ""
	print "# the last word of a list joined by commas"
	print "_vfio_lu_columns()"
	print "{"
	print "\tlocal before="
	print "\t[[ $cur == *,* ]] && before=${cur%,*},"
	print "\tcompopt -o nospace 2>/dev/null"
	print "\tmapfile -t COMPREPLY < <(compgen -P \"$before\" -W '" substr(columns, 2) "' -- \"${cur##*,}\")"
	print "}"
	print ""
	print "# the devices and sessions that vfio-lu offers; addresses also in the short form, if the word begins so"
	print "_vfio_lu_offer()"
	print "{"
	print "\tlocal words"
	print "\twords=$(vfio-lu --offer \"$1\" 2>/dev/null | sed 's/ .*//')"
	print "\t[[ $cur && $1 != session ]] && words+=$'\\n'$(sed -n 's/^0000://p' <<<\"$words\")"
	print "\t_vfio_lu_words \"$words\""
	print "}"
	print ""
	print "# processes with a vfio file open, or all processes if this user cannot see them"
	print "_vfio_lu_pids()"
	print "{"
	print "\tlocal pids"
	print "\tpids=$(find /proc/[0-9]*/fd -maxdepth 1 -lname '/dev/vfio/*' 2>/dev/null | cut -d/ -f3 | sort -un)"
	print "\t_vfio_lu_words \"${pids:-$(cd /proc && echo [0-9]*)}\""
	print "}"
	print ""
	print "# the command of another program, which begins at this word"
	print "_vfio_lu_command()"
	print "{"
	print "\tif (($1 == last)); then"
	print "\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")"
	print "\telif declare -F _command_offset >/dev/null; then"
	print "\t\tCOMP_WORDS=(\"${words[@]:$1}\")"
	print "\t\tCOMP_CWORD=$((last - $1))"
	print "\t\tCOMP_LINE=\"${COMP_WORDS[*]}\""
	print "\t\tCOMP_POINT=${#COMP_LINE}"
	print "\t\t_command_offset 0"
	print "\telse"
	print "\t\t_vfio_lu_files file"
	print "\tfi"
	print "}"
	print ""
	print "_vfio_lu_value()"
	print "{"
	print "\tcase $1 in"
	printf "%s", values
	print "\tesac"
	print "}"
	print ""
	print "_vfio_lu()"
	print "{"
	print "\tlocal line=${COMP_LINE:0:COMP_POINT} words cur option='' command='' i"
	print "\t# not COMP_WORDS, which splits a BDF at its colons"
	print "\tread -ra words <<<\"$line\""
	print "\t[[ $line == *[[:space:]] ]] && words+=('')"
	print "\tlocal last=$((${#words[@]} - 1))"
	print "\tcur=${words[last]}"
	print "\t# the command, and the first of its own words"
	print "\tfor ((i = 1; i < last; i++)); do"
	print "\t\tcase ${words[i]} in"
	print "\t\t--) ;;"
	print "\t\t" takes ") ((i++)) ;;"
	print "\t\t-*) ;;"
	print "\t\t*)"
	print "\t\t\t[[ $command ]] && break"
	print "\t\t\tcommand=${words[i]} ;;"
	print "\t\tesac"
	print "\tdone"
	print "\tif ((last > 1)); then"
	print "\t\tcase ${words[last - 1]} in"
	print "\t\t" takes ") option=${words[last - 1]} ;;"
	print "\t\tesac"
	print "\tfi"
	print "\tCOMPREPLY=()"
	printf "\tif [[ $command == @(%s) ]] && [[ $i -lt $last || $option$cur != -* ]] && ((i <= last)); then\n", foreign
	print "\t\t_vfio_lu_command \"$i\""
	print "\t\treturn"
	print "\tfi"
	print "\tif [[ $cur == --*=* ]]; then"
	print "\t\toption=${cur%%=*}"
	print "\t\tcur=${cur#*=}"
	print "\t\t_vfio_lu_value \"$option\""
	print "\telif [[ $option ]]; then"
	print "\t\t_vfio_lu_value \"$option\""
	print "\telif [[ $cur == -* ]]; then"
	print "\t\tcase $command in"
	printf "\t\t'') _vfio_lu_words '%s' ;;\n", substr(options[""], 2)
	for (i = 1; i <= n; i++)
		printf "\t\t%s) _vfio_lu_words '%s' ;;\n", order[i], substr(options[order[i]], 2)
	print "\t\tesac"
	print "\telse"
	print "\t\tcase $command in"
	printf "\t\t'') _vfio_lu_words '%s' ;;\n", substr(commands, 2)
	for (i = 1; i <= n; i++) {
		if (hints[order[i]] != "-" && hints[order[i]] != "command")
			printf "\t\t%s) %s ;;\n", order[i], action(hints[order[i]])
	}
	printf "\t\thelp) _vfio_lu_words '%s' ;;\n", substr(commands, 2)
	print "\t\tesac"
	print "\tfi"
	print "\t# bash inserts only the text after the last colon"
	print "\tif [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then"
	print "\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"${cur%\"${cur##*:}\"}\"}\")"
	print "\tfi"
	print "}"
	print ""
	print "complete -F _vfio_lu vfio-lu"
}
