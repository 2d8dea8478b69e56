#!/bin/bash
# Checks the layers of the program: which objects may use which symbols.
# usage: tests/lint/layers.sh
#
# Needs the objects of lib/ and cli/ in $OBJS/lib and $OBJS/cli (default: build/), compiled without sanitizers
# and with -fvisibility=hidden.
set -euo pipefail
export LC_ALL=C
# rule counts, so it must not run in a process of its own at the end of a pipe
shopt -s lastpipe

top=$(cd "$(dirname "$0")/../.." && pwd)
: "${OBJS:=$top/build}"
cd "$top"
passed=0 failed=0

rule() { # WHAT: fails if standard input has a line
	local broken
	broken=$(cat)
	if [ -z "$broken" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1:"
		head -n 20 <<<"$broken" | sed 's/^/    /'
	fi
}

# Prints "FILE SYMBOL" for each symbol that an object uses, with the plain name of fortified and 64-bit functions.
wants() { # OBJECT...
	local object name
	for object; do
		name=${object#"$OBJS/"}
		nm -u "$object" | awk -v f="${name%.o}" '
			/^ +U / {
				s = $2
				sub(/@.*/, "", s)
				if (s ~ /^__.*_chk$/) { sub(/^__/, "", s); sub(/_chk$/, "", s) }
				sub(/^__isoc99_/, "", s); sub(/^__isoc23_/, "", s)
				if (s ~ /^__(open|read|write|close|ioctl|fcntl)/) sub(/^__/, "", s)
				sub(/_2$/, "", s); sub(/64$/, "", s)
				print f, s
			}'
	done
}

only() { # EXPRESSION-FOR-SYMBOLS FILE...: prints other files that use such a symbol
	local symbols=$1 allowed
	shift
	allowed=$(printf '%s|' "$@")
	awk -v s="^($symbols)\$" -v a="^(${allowed%|})\$" '$2 ~ s && $1 !~ a' "$tmp/wants"
}

mapfile -t library < <(find lib -name '*.[ch]' | sort)
mapfile -t objects < <(printf '%s\n' "${library[@]}" | sed -n "s|\(.*\)\.c\$|$OBJS/\1.o|p")

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
for source in "${library[@]}" cli/*.c; do
	[ -e "$OBJS/${source%.[ch]}.o" ] || [ "${source%.h}" != "$source" ] ||
		{ echo "layers.sh: no $OBJS/${source%.c}.o; build first" >&2; exit 1; }
done
wants "${objects[@]}" "$OBJS"/cli/*.o >"$tmp/wants"
# Without symbols, every rule would pass.
grep -Eq '^lib/sys/[a-z-]* (openat|syscall)$' "$tmp/wants" || { echo "layers.sh: lib/sys want nothing?" >&2; exit 1; }
grep '^lib/' "$tmp/wants" >"$tmp/lib"

kernel='open|openat|openat2|creat|read|pread|readv|write|pwrite|writev|close|ioctl|fcntl|readlink|readlinkat|opendir|fdopendir'
kernel="$kernel|readdir|scandir|stat|fstat|lstat|fstatat|access|faccessat|mkdir|mkdirat|unlink|unlinkat|rename|renameat"
kernel="$kernel|rmdir|symlink|link|chmod|fchmod|chown|truncate|ftruncate|fsync|flock|mmap|mount|umount|memfd_create"
kernel="$kernel|fork|vfork|posix_spawn|posix_spawnp|exec.*|system|popen|wait|waitpid|waitid|kill|socket|socketpair|bind|listen"
kernel="$kernel|connect|accept|accept4|send|sendto|sendmsg|recv|recvfrom|recvmsg|poll|select|syscall|reboot|pipe|pipe2|dup|dup2|dup3"
kernel="$kernel|fopen|fdopen|freopen|fread|fgets|getline|fscanf|tmpfile|setsid|chdir|realpath|glob|nftw|geteuid|getuid"
only "$kernel" 'lib/sys/.*' lib/capture/tree-copy 'cli/.*' | rule "only lib/sys speaks to the kernel, and what writes the copy"
# The system calls that a program needs for its output and its rights.
own='term (ioctl|fstat)|journal fstat|main geteuid|out-file (open|fstat|fcntl|faccessat|write|close)|vfio-lu (open|fstat)'
own="$own|cmd-run (exec[a-z]*|stat|access)|status-watch poll"
awk '/^cli\//' "$tmp/wants" | awk -v s="^($kernel)\$" '$2 ~ s' | { grep -vE "^cli/($own)\$" || :; } |
	rule "cli asks the library"
only 'printf|vprintf|puts|putchar|perror|stdout|stderr|syslog|vsyslog' 'cli/.*' lib/sys/real-journal | rule "the library prints nothing"
# A stream into memory is not output.
mapfile -t memory < <(awk '$2 == "open_memstream" || $2 == "fmemopen" { print $1 }' "$tmp/lib")
only 'fprintf|vfprintf|fputs|fputc|putc|fwrite' 'cli/.*' ${memory[@]+"${memory[@]}"} | rule "nor to a stream of others"
only 'exit|_exit|_Exit|abort|__assert_fail|quick_exit|err|errx' 'lib/sys/.*' 'cli/.*' | rule "the library does not end the process"
{ grep -E '^lib/sys/[a-z-]* (exit|abort|__assert_fail)$' "$tmp/wants" || :; } | rule "lib/sys ends only their child, by _exit()"
only 'getenv|secure_getenv|setenv|putenv|environ|__environ' 'cli/(out|term|main|journal|vfio-lu|cmd-run)' lib/sys/real-sockets |
	rule "only cli reads the environment, and where the service manager listens"
only 'dlopen|dlsym|dlmopen|dlinfo' lib/sys/late | rule "only lib/sys/late.c loads libraries"
# Linked to one of these, each start of the program would load it.
only '(pci|kmod|EVP|lzma|ZSTD|LZ4|sd)_.*' none | rule "what is loaded late is not linked"
{ grep -nE '#[ 	]*include[ 	]*<(pci/|libkmod\.h|openssl/|systemd/|lzma\.h|zstd\.h|lz4\.h)' "${library[@]}" cli/*.[ch] || :; } |
	{ grep -vE '^lib/machine/pci-names\.c:.*<pci/|^lib/sys/module\.c:.*<libkmod' || :; } |
	{ grep -vE '^lib/formats/unpack\.c:.*<(lzma|zstd|lz4)\.h' || :; } |
	{ grep -vE '^lib/base/digest\.c:.*<openssl/|^lib/holder/fdstore\.c:.*<systemd/' || :; } |
	rule "each library that is loaded late has one file"
only 'json_.*' lib/ledger/manifest-json lib/next/rehearsal-record 'lib/timeline/(moments|records)' 'cli/.*' |
	rule "in lib only what is kept as JSON uses json-c"
only 'inflate.*|deflate.*|gz.*' lib/formats/unpack | rule "only lib/formats/unpack.c knows the codecs"
only crc32 lib/formats/unpack lib/capture/witness | rule "only what unpacks or compares files has checksums"
only 'fdt_.*' lib/abi/fdt | rule "only lib/abi/fdt.c uses libfdt"
# These uses do not decide the state of a session: the kernel log, for the reason of a failed kexec; a VMM's own files;
# and the decision whether to read memory. The checks, which are below the ledger, search the log only for a device.
awk '/^lib\/(session|jump|bind)\/|^lib\/inspect\/status /' "$tmp/wants" |
	awk '$2 ~ /^(klog_.*|manifest_(read|session)|held_read|procs_.*|kho_.*|handover_.*)$/' |
	{ grep -vE '^lib/jump/jump klog_get$|^lib/session/vmm(-check)? procs_[a-z]*$|^lib/inspect/status handover_incoming$' || :; } |
	rule "only lib/ledger reads what tells of sessions"
only stdout cli/out cli/help cli/doc cli/table cli/message | rule "only the output files of cli use stdout"

for object in "${objects[@]}"; do
	size -A "$object" | awk -v f="$object" '($1 ~ /^\.(data|bss)(\.[a-z_]+)*$/) && $1 !~ /\.rel\.ro/ && $2 > 0 { print f, $1, $2 }'
done | sed "s|$OBJS/||" | rule "the library has no writable statics"

{ grep -nE '#[ 	]*include[ 	]*"' cli/*.c cli/*.h || :; } | while IFS=: read -r file line text; do
	header=${text#*\"} header=${header%\"*}
	[ "$header" = vfio-lu.h ] || [ "$header" = vfio-lu-inspect.h ] || [ -e "cli/$header" ] || echo "$file:$line: $header"
done | rule "cli includes no header of lib but vfio-lu.h and what inspect shows"
{ grep -nE '#[ 	]*include[ 	]*".*(cli|opt|out|cmd)\.h"' "${library[@]}" || :; } | rule "lib includes nothing of cli"
# A path in a string is knowledge of the kernel; help texts and messages may name what a user types.
{ grep -nE '"/(sys|proc|dev)(/|")' cli/*.c cli/*.h || :; } | rule "cli knows no path below /sys, /proc or /dev"
{ grep -nE 'driver_override|drivers_probe|new_id' "${library[@]}" || :; } |
	{ grep -v '^lib/[a-z/-]*\.[ch]:[0-9]*:[ 	]*\(/\*\|\*\|//\)' || :; } |
	{ grep -vE '^lib/(bind/(driver-override|at-boot)|machine/(device|device-get)|checks/device-rules|next/udev-rules)\.[ch]:' || :; } |
	rule "only lib/bind/driver-override.c writes what binds"
{ grep -nE '"[^"]*new_id' "${library[@]}" || :; } | rule "new_id is never written"
{ grep -nE 'LIVEUPDATE_[A-Z_]*(SESSION|FD|FINISH)' "${library[@]}" || :; } | { grep -vE '^lib/uapi/liveupdate\.c:|\.h:' || :; } |
	rule "only lib/uapi/liveupdate.c makes the ioctls of LUO"
# The recorder and the witness are below the gate, which has allowed every call that reaches them.
{ grep -nE 'ops->[a-z_]+\(' "${library[@]}" cli/*.c || :; } |
	{ grep -vE '^lib/(sys/sys|capture/recorder|capture/tree-copy|capture/witness)\.c:' || :; } |
	rule "nobody goes around the gate"

# The symbols that the library exports, and those that its header marks as exported.
nm -g --defined-only "${objects[@]}" | awk 'NF == 3 { print $3 }' >"$tmp/global"
for object in "${objects[@]}"; do
	readelf -sW "$object" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }'
done | sort -u >"$tmp/exported"
tr '\n' ' ' <lib/vfio-lu.h | grep -o 'VLU_EXPORT[^;]*;' | grep -o 'vlu_[a-z_]*(' | tr -d '(' | sort -u >"$tmp/declared"
[ -s "$tmp/declared" ] || { echo "layers.sh: lib/vfio-lu.h declares nothing?" >&2; exit 1; }
comm -23 "$tmp/exported" "$tmp/declared" | rule "what is exported is declared in vfio-lu.h"
# A declaration without a function does no harm: the linker reports a call of it.
comm -13 "$tmp/exported" "$tmp/declared" | rule "what vfio-lu.h declares is there"
{ grep -v '^vlu_' "$tmp/exported" || :; } | rule "what is exported is named vlu_"

echo "lint: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
