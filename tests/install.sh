#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What make install leaves, and whether a program can be made with it: the library's symbols, its pkg-config file,
# an example linked with the shared and with the static library.
# usage: tests/install.sh
# Needs a built tree, $MAKE (default: make), pkg-config, a C compiler as $CC (default: cc).
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
: "${MAKE:=make}" "${CC:=cc}"
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $what"
		head -n 20 "$tmp/out" | sed 's/^/    /'
	fi
}

# --------------------------------------------------------------------- symbols
tr '\n\t' '  ' <"$top/lib/vfio-lu.h" | grep -oE 'VLU_EXPORT [^;(]*\(' | grep -oE 'vlu_[a-z0-9_]+\(' | tr -d '(' | sort >"$tmp/declared"
sed -n 's/^\t\(vlu_.*\);/\1/p' "$top/lib/libvfio-lu.sym" | sort >"$tmp/script"
check "the version script has what the header declares" diff "$tmp/declared" "$tmp/script"
check "and that is something" test -s "$tmp/declared"

# --------------------------------------------------------------------- install
prefix=/opt/vfio-lu
check "make install" "$MAKE" --no-print-directory -C "$top" install DESTDIR="$tmp/root" PREFIX=$prefix
root=$tmp/root$prefix
for file in sbin/vfio-lu include/vfio-lu.h lib/libvfio-lu.a lib/libvfio-lu.so lib/libvfio-lu.so.0 \
	lib/pkgconfig/libvfio-lu.pc share/man/man8/vfio-lu.8 share/bash-completion/completions/vfio-lu; do
	check "installed: $file" test -e "$root/$file"
done
check "nothing is installed elsewhere" test "$(ls "$tmp/root")" = opt
check "the program runs from there" "$root/sbin/vfio-lu" --version

nm -D --defined-only "$root/lib/libvfio-lu.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/exported"
check "the shared library has these symbols and no other" diff "$tmp/declared" "$tmp/exported"
check "each with its version" test -z "$(nm -D --defined-only "$root/lib/libvfio-lu.so" | grep ' T ' | grep -v '@@VFIO_LU_0$')"

# --------------------------------------------------------------------- example
config() { PKG_CONFIG_PATH=$root/lib/pkgconfig pkg-config --define-variable=prefix="$root" "$@" libvfio-lu; }
check "pkg-config knows it" config --modversion
# shellcheck disable=SC2046 # words for the compiler
check "the example, with the shared library" "$CC" -Wall -Wextra -Werror -o "$tmp/vmm" "$top/tests/vm/vmm.c" \
	$(config --cflags --libs)
# shellcheck disable=SC2046
check "the example, with the static one" "$CC" -Wall -Wextra -Werror -o "$tmp/vmm-static" "$top/tests/vm/vmm.c" \
	$(config --cflags) "$root/lib/libvfio-lu.a" $(config --static --libs | sed 's/-lvfio-lu//')
usage() { # PROGRAM
	local status=0
	LD_LIBRARY_PATH=$root/lib "$1" >"$tmp/said" 2>&1 || status=$?
	[ $status = 2 ] && grep -q '^usage: vmm' "$tmp/said"
}
check "it runs" usage "$tmp/vmm"
check "it runs without the shared library" env -u LD_LIBRARY_PATH bash -c '"$1" >/dev/null 2>&1; [ $? = 2 ]' - "$tmp/vmm-static"
needs() { readelf -d "$1" | grep -q "NEEDED.*$2"; } # PROGRAM LIBRARY
check "it asks for the library by its soname" needs "$tmp/vmm" 'libvfio-lu.so.0\]'

echo "install: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
