#!/bin/bash
# Runs vfio-lu on trees that stand for machines and compares all that it says with what it said before.
# usage: tests/tree/run.sh [PATTERN...]	only the cases (lines of the file "cases") that contain a PATTERN
#        UPDATE=1 tests/tree/run.sh	writes the golden files anew
# Each case is also run under strace: looking must not touch anything.
#
# Needs: $VFIO_LU (default: at the top), $BUILD/plant (default build/tests; tests/tree/plant.c, -lz), strace.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}" "${UPDATE:=}"
export LC_ALL=C TERM=dumb COLUMNS=
unset NO_COLOR
passed=0 failed=0 skipped=0

tmp=$(mktemp -d)
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAIL $1"
}

can_trace=1
strace -qq -o "$tmp/trace" true 2>/dev/null || can_trace=

said() { # ARGUMENT...: runs it, prints stdout, stderr and the exit status, with the tree as DIR
	local status=0
	"$VFIO_LU" --sysroot "$tree" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || status=$?
	echo "\$ vfio-lu --sysroot DIR $*"
	echo "--- stdout"
	# one version of json-c breaks the line in an empty array, another does not
	sed -z "s|$tree|DIR|g; s/\[\n *\]/[]/g" "$tmp/stdout"
	echo "--- stderr"
	sed "s|$tree|DIR|g" "$tmp/stderr"
	echo "--- exit $status"
}

# Lines of the trace that no command which only looks may cause.
touched() {
	sed -E 's/^[0-9]+ +//' "$1" | awk '
		/^(execve)\(/ { if (++execs > 1) print; next }
		/^(write|pwrite64|writev|pwritev2?)\(/ { if ($0 !~ /^[a-z0-9]+\([12],/) print; next }
		/^(open|openat|openat2|creat)\(/ {
			# O_PATH finds the file and does not call its driver
			if (/O_PATH/) next
			if (/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|^creat/) print
			else if (/\/dev\/(liveupdate|vfio|iommu)/) print
			next
		}
		/^(ioctl|fork|vfork|clone3?|memfd_create|mkdir(at)?|mknod(at)?|unlink(at)?|rmdir|rename(at2?)?|link(at)?|symlink(at)?)\(/ { print; next }
		/^(f?chmod(at2?)?|l?f?chown(at)?|f?truncate|fallocate|utimensat|f?setxattr|mount|umount2|sendmsg|sendto)\(/ { print; next }
		/^(f?init_module|delete_module|kexec_load|kexec_file_load|reboot|kill|tgkill|ptrace|process_vm_writev)\(/ { print; next }
	'
}

watch() { # NAME ARGUMENT...
	local name=$1 bad
	shift
	# The sanitizers' own run time does more than look.
	[ -z "${SANITIZED-}" ] || return 0
	if [ -z "$can_trace" ]; then
		skipped=$((skipped + 1))
		return
	fi
	strace -f -qq -o "$tmp/trace" "$VFIO_LU" --sysroot "$tree" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || :
	bad=$(touched "$tmp/trace")
	if [ -n "$bad" ]; then
		fail "$name: it does more than look:"
		head -n 5 <<<"$bad" | sed 's/^/    /'
	elif ! grep -q "openat2.*RESOLVE_IN_ROOT" "$tmp/trace"; then
		# A trace of a program that did nothing proves nothing; but one that was told wrongly stops there.
		if grep -qE "^try 'vfio-lu |makes no sense here" "$tmp/stderr"; then
			pass
		else
			fail "$name: the trace shows no look at the tree"
		fi
	else
		pass
	fi
}

# A captured machine is to look like the machine, and capturing it writes into the capture and nowhere else.
captured() { # MACHINE
	local copy=$tmp/$1.captured arguments bad='' status=0
	if [ -n "$can_trace" ] && [ -z "${SANITIZED-}" ]; then
		strace -f -qq -o "$tmp/trace" "$VFIO_LU" --sysroot "$tree" check --capture "$copy" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null ||
			status=$?
		# below its own directory, or a descriptor that was opened there
		bad=$(touched "$tmp/trace" | grep -vE \
			-e '^(openat|mkdirat|fchmodat)\([0-9]+, "[^/]' -e '^symlinkat\("[^"]*", [0-9]+, "[^/]' \
			-e '^(pwrite64|ftruncate|fchmod)\(' -e "^mkdir\(\"$copy\"" || :)
	else
		[ -n "${SANITIZED-}" ] || skipped=$((skipped + 1))
		"$VFIO_LU" --sysroot "$tree" check --capture "$copy" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || status=$?
	fi
	if [ -n "$bad" ]; then
		fail "$1: capturing it touches something else:"
		head -n 5 <<<"$bad" | sed 's/^/    /'
	elif [ ! -d "$tree/sys/bus/pci/devices" ]; then
		# nothing to look at, and that is said
		[ "$status" = 1 ] && pass || fail "$1: captured, and there is nothing"
		return
	else
		pass
	fi
	for arguments in "list --json" "check --json"; do
		# shellcheck disable=SC2086 # words
		said $arguments >"$tmp/said"
		# shellcheck disable=SC2086
		(tree=$copy && said $arguments) >"$tmp/said-of-copy"
		if diff -u "$tmp/said" "$tmp/said-of-copy" >"$tmp/diff"; then
			pass
		else
			fail "$1: $arguments of what was captured"
			sed 's/^/    /' "$tmp/diff"
		fi
	done
}

wanted() { # LINE
	local pattern
	[ ${#patterns[@]} -gt 0 ] || return 0
	for pattern in "${patterns[@]}"; do
		[[ $1 != *"$pattern"* ]] || return 0
	done
	return 1
}

names() { find "$tree" | LC_ALL=C sort | cksum; }

unchanged() { # WHAT
	names >"$tmp/names"
	cmp -s "$tmp/names" "$tree.names" || fail "$1: the tree has changed"
}

patterns=("$@")
workers=$(nproc 2>/dev/null || echo 1)

# Every workers-th machine, beginning with the FIRSTth, in a directory of its own.
cases() { # FIRST
	local machine arguments golden turn=0 machines=' '
	tmp=$tmp/$1
	mkdir "$tmp"
	while read -r line; do
		case $line in '' | '#'*) continue ;; esac
		wanted "$line" || continue
		read -r machine arguments <<<"$line"
		tree=$tmp/$machine
		if [[ $machines != *" $machine "* ]]; then
			machines="$machines$machine " turn=$((turn + 1))
			[ $((turn % workers)) = "$1" ] || continue
			if ! "$BUILD/plant" "$tree" "$here/machines/$machine.tree"; then
				fail "$line: no tree"
				continue
			fi
			names >"$tree.names"
			captured "$machine"
			unchanged "$machine, captured"
		fi
		[ -d "$tree" ] || continue
		golden=$here/golden/$machine/$(tr ' ' '_' <<<"${arguments//--/}")
		# shellcheck disable=SC2086 # words
		said $arguments >"$tmp/said"
		if [ -n "$UPDATE" ]; then
			mkdir -p "${golden%/*}"
			cp "$tmp/said" "$golden"
			pass
		elif diff -u "$golden" "$tmp/said" >"$tmp/diff" 2>&1; then
			pass
		else
			fail "$line"
			sed 's/^/    /' "$tmp/diff"
		fi
		# shellcheck disable=SC2086
		watch "$line" $arguments
		unchanged "$line"
	done <"$here/cases"
	echo "$passed $failed $skipped" >"$tmp/counts"
}

for ((i = 0; i < workers; i++)); do
	cases $i &
done
wait
for ((i = 0; i < workers; i++)); do
	if read -r p f s <"$tmp/$i/counts"; then
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	else
		fail "cases of worker $i: it died"
	fi
done

# A golden file without its case would never be compared with anything.
if [ ${#patterns[@]} = 0 ]; then
	for golden in "$here"/golden/*/*; do
		machine=${golden%/*} machine=${machine##*/}
		known=''
		while read -r m arguments; do
			[ "$m/$(tr ' ' '_' <<<"${arguments//--/}")" != "$machine/${golden##*/}" ] || known=1
		done <"$here/cases"
		[ -n "$known" ] || fail "$machine/${golden##*/}: no such case"
	done
fi

echo "tree: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
