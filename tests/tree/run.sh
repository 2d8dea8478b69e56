#!/bin/bash
# Runs vfio-lu on trees that represent machines, and compares its whole output with the golden files.
# usage: tests/tree/run.sh [PATTERN...]	only the cases (lines of the file "cases") that contain a PATTERN
#        UPDATE=1 tests/tree/run.sh	writes the golden files again
# Each case runs under strace, since read-only commands must change nothing.
#
# Needs: $VFIO_LU (default: at the top), $BUILD/plant (default build/tests), strace.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}" "${UPDATE:=}" "${SANITIZED:=}"
export LC_ALL=C TERM=dumb COLUMNS=
unset NO_COLOR
passed=0 failed=0 skipped=0

tmp=$(mktemp -d -p "$("$top/tests/scratch.sh")")
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

pass() { passed=$((passed + 1)); }
fail() { # WHAT [DETAILS]
	failed=$((failed + 1))
	echo "FAIL $1"
	[ -z "${2-}" ] || sed 's/^/    /' <<<"$2"
}

# The calls that can change something. strace does not stop at others, which would take most of the time.
calls='execve|p?write(64|v2?)?|open(at2?)?|creat|ioctl|v?fork|clone3?|memfd_create|mkdir(at)?|mknod(at)?|unlink(at)?|rmdir'
calls+='|rename(at2?)?|link(at)?|symlink(at)?|f?chmod(at2?)?|l?f?chown(at)?|f?truncate|fallocate|utimensat|f?setxattr|mount'
calls+='|umount2|sendmsg|sendto|f?init_module|delete_module|kexec_load|kexec_file_load|reboot|kill|tgkill|ptrace|process_vm_writev'
strace=(strace -f --seccomp-bpf -qq -e "trace=/^($calls)$")
# The library of the sanitizers makes such calls itself.
{ [ -z "$SANITIZED" ] && "${strace[@]}" -o "$tmp/trace" true 2>/dev/null; } || strace=()

# Runs vfio-lu. Sets $status, and writes stdout, stderr and the exit status into the file said, with DIR for the tree.
run() { # ARGUMENT...
	status=0
	{
		echo "\$ vfio-lu --sysroot DIR $*"
		echo "--- stdout"
		${strace[@]+"${strace[@]}" -o "$tmp/trace"} "$VFIO_LU" --sysroot "$tree" "$@" 2>"$tmp/stderr" </dev/null || status=$?
		echo "--- stderr"
		cat "$tmp/stderr"
		echo "--- exit $status"
	} >"$tmp/stdout"
	[[ " $* " != *" --json "* ]] || keep_json "$@"
	# one version of json-c breaks the line in an empty array, another does not
	sed -z "s|$tree|DIR|g; s/\[\n *\]/[]/g" "$tmp/stdout" >"$tmp/said"
}

# Keeps the JSON output of the last run, so that all output can be validated at the end.
keep_json() { # ARGUMENT...
	echo "$ vfio-lu $*"
	sed -n '/^--- stdout$/,/^--- stderr$/{ //d; p }' "$tmp/stdout"
	echo ---
} >>"$tmp/json"

# A case is about the checks that do not pass and those that it names. Other rows that pass are left out of the output
# of --json and --verbose. So a new check appears only in its own cases, in that of "all", and where it does not pass.
keep_rows() { # ID...
	[[ " $* " != *" all "* ]] || return 0
	awk -v ids=" $* " '
		function named(id) { return index(ids, " " id " ") }
		# text: a row, and the lines that follow it
		/^ ? ?[^ ]/ { skip = 0 }
		/^  [a-z][a-z0-9-]* +pass: / { skip = !named($1) }
		skip { next }
		# JSON: a comma follows an object only if another object stays
		/"checks": \[$/ { print; array = 1; held = ""; next }
		array && object == "" && /^ *\],?$/ { if (held != "") print held; array = 0 }
		array && /^ *\{$/ { object = $0; next }
		array && /^ *\},?$/ {
			sub(/,$/, "")
			match(object, /"id": "[^"]*"/)
			if (object !~ /"result": "pass"/ || named(substr(object, RSTART + 7, RLENGTH - 8))) {
				if (held != "") print held ","
				held = object "\n" $0
			}
			object = ""
			next
		}
		array { object = object "\n" $0; next }
		{ print }
	' "$tmp/said" >"$tmp/kept"
	mv "$tmp/kept" "$tmp/said"
}

# Prints lines of the trace that a read-only command must not cause.
touched() {
	awk '
		{ sub(/^[0-9]+ +/, "") }
		/^execve/ && ++execs == 1 { next }
		/^[a-z0-9]*write[a-z0-9]*\([12],/ { next }
		/^open/ {
			# O_PATH finds the file and does not call its driver
			if (/O_PATH/) next
			if (!/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/ && !/\/dev\/(liveupdate|vfio|iommu)/) next
		}
		{ print }
	' "$tmp/trace"
}

watch() { # NAME: checks the trace of the last run
	local bad
	[ -z "$SANITIZED" ] || return 0
	if [ ${#strace[@]} = 0 ]; then
		skipped=$((skipped + 1))
		return
	fi
	bad=$(touched | head -n 5)
	if [ -n "$bad" ]; then
		fail "$1: it does more than look:" "$bad"
	# An empty trace proves nothing, except after wrong usage, which ends the program early.
	elif ! grep -q "openat2.*RESOLVE_IN_ROOT" "$tmp/trace" && ! grep -qE "^try 'vfio-lu |makes no sense here" "$tmp/stderr"; then
		fail "$1: the trace shows no look at the tree"
	else
		pass
	fi
}

# A captured machine must give the same output as the machine, and the capture writes only into its directory.
captured() { # MACHINE
	local copy=$tree.captured arguments bad=''
	run check --capture "$copy"
	if [ ${#strace[@]} -gt 0 ]; then
		# below its own directory, or a descriptor that was opened there
		bad=$(touched | grep -vE \
			-e '^(openat|mkdirat|fchmodat)\([0-9]+, "[^/]' -e '^symlinkat\("[^"]*", [0-9]+, "[^/]' \
			-e '^(pwrite64|ftruncate|fchmod)\(' -e "^mkdir\(\"$copy\"" | head -n 5 || :)
	elif [ -z "$SANITIZED" ]; then
		skipped=$((skipped + 1))
	fi
	if [ -n "$bad" ]; then
		fail "$1: capturing it touches something else:" "$bad"
	elif [ ! -d "$tree/sys/bus/pci/devices" ]; then
		# nothing to read, and the output says so
		if [ "$status" = 1 ]; then pass; else fail "$1: captured, and there is nothing"; fi
		return
	else
		pass
	fi
	local strace=()
	for arguments in "list --json" "check --json" "status --json"; do
		# memory of the kernel stays out of the copy
		[ "$arguments" != "status --json" ] || [ ! -e "$tree/proc/kcore" ] || continue
		# shellcheck disable=SC2086 # words
		run $arguments
		mv "$tmp/said" "$tmp/said-of-machine"
		# shellcheck disable=SC2086
		tree=$copy run $arguments
		if diff -u "$tmp/said-of-machine" "$tmp/said" >"$tmp/diff"; then
			pass
		else
			fail "$1: $arguments of what was captured" "$(<"$tmp/diff")"
		fi
	done
}

# Prints each file with its time of change, so that changed content counts too.
names() { find "$tree" -printf '%P %C@\n'; }

# Runs all cases of one machine, in a directory of its own.
look_at() { # MACHINE
	local arguments shown golden status tree=$tmp/$1/tree
	tmp=$tmp/$1
	mkdir "$tmp"
	"$BUILD/plant" "$tree" "$here/machines/$1.tree" || { fail "$1: no tree"; return 0; }
	names >"$tmp/names"
	captured "$1"
	while read -r arguments; do
		shown=${arguments#*"# "} arguments=${arguments%%" # "*}
		[ "$shown" != "$arguments" ] || shown=
		golden_of "$1" "$arguments"
		# shellcheck disable=SC2086 # words
		run $arguments
		# shellcheck disable=SC2086
		[[ ! " $arguments " =~ \ check\ .*(--json|-v)\  ]] || keep_rows $shown
		if [ -n "$UPDATE" ]; then
			mkdir -p "${golden%/*}"
			cp "$tmp/said" "$golden"
			pass
		elif diff -u "$golden" "$tmp/said" >"$tmp/diff" 2>&1; then
			pass
		else
			fail "$1 $arguments" "$(<"$tmp/diff")"
		fi
		watch "$1 $arguments"
	done <<<"${cases[$1]}"
	names | cmp -s - "$tmp/names" || fail "$1: the tree has changed"
}

golden_of() { # MACHINE ARGUMENTS
	golden=${2//--/}
	golden=$here/golden/$1/${golden// /_}
}

patterns=("$@")
wanted() { # LINE
	local pattern
	[ ${#patterns[@]} -gt 0 ] || return 0
	for pattern in "${patterns[@]}"; do
		[[ $1 != *"$pattern"* ]] || return 0
	done
	return 1
}

# Collects the arguments of each machine's cases, one case per line, and the golden files that have a case.
declare -A cases=() known=()
# shellcheck disable=SC2162 # a backslash at the end of a line continues it
while read machine arguments; do
	case $machine in '' | '#'*) continue ;; esac
	golden_of "$machine" "${arguments%%" # "*}"
	known[$golden]=1
	wanted "$machine $arguments" || continue
	cases[$machine]+=${cases[$machine]+$'\n'}$arguments
done <"$here/cases"

# One more than processors: a program waits at each call that is traced.
running=0 workers=$(($(nproc 2>/dev/null || echo 1) + 1))
for machine in ${cases[@]+"${!cases[@]}"}; do
	[ $running -lt "$workers" ] || { wait -n || :; running=$((running - 1)); }
	{ look_at "$machine"; echo "$passed $failed $skipped" >"$tmp/counts"; } &
	running=$((running + 1))
done
wait
for machine in ${cases[@]+"${!cases[@]}"}; do
	if read -r p f s 2>/dev/null <"$tmp/$machine/counts"; then
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	else
		fail "$machine: its worker died"
	fi
done

if [ ${#patterns[@]} = 0 ] && [ ${#strace[@]} -gt 0 ]; then
	if "$here/frugal.sh"; then pass; else fail "more system calls than a function is worth"; fi
fi

# A golden file without a case would never be compared.
for golden in "$here"/golden/*/*; do
	[ -n "${known[$golden]-}" ] || fail "${golden#"$here/golden/"}: no such case"
done

if python3 -c 'import jsonschema' 2>/dev/null; then
	mapfile -t said < <(find "$tmp" -type f -name json)
	if [ ${#said[@]} = 0 ] || python3 "$top/tests/schema.py" "${said[@]}"; then pass; else fail "the schema"; fi
else
	echo "skip the schema: python3-jsonschema is not installed"
	skipped=$((skipped + 1))
fi
echo "tree: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
