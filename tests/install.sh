#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests which files `make install` installs, and that a program can be built with them. Checks the symbols of the library
# and its pkg-config file, and links an example with the shared and with the static library.
# usage: tests/install.sh
# Needs a built tree, $MAKE (default: make), pkg-config, a C compiler as $CC (default: cc), $BUILD/plant (default
# build/tests).
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
: "${MAKE:=make}" "${CC:=cc}"
: "${BUILD:=$top/build/tests}"
passed=0 failed=0 skipped=0
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
check "the header declares some symbols" test -s "$tmp/declared"

# --------------------------------------------------------------------- install
generate() { # VERSION: of a fake systemd that only prints its version
	rm -rf "${tmp:?}/bin" "${tmp:?}/units"
	mkdir "$tmp/bin" "$tmp/units"
	printf '#!/bin/sh\necho "systemd %s (x)"\n' "$1" >"$tmp/bin/systemctl"
	chmod 755 "$tmp/bin/systemctl"
	PATH=$tmp/bin:$PATH sh "$top/dist/systemd/vfio-lu-generator" "$tmp/units" "$tmp/units" "$tmp/units"
}
old_systemd() { generate "$1" && [ -z "$(ls "$tmp/units")" ]; }
new_systemd() { generate "$1" && [ "$(cat "$tmp"/units/vfio-lu.service.d/*.conf | grep -c '=yes$')" = 2 ]; }
prefix=/opt/vfio-lu
check "make install" "$MAKE" --no-print-directory -C "$top" install DESTDIR="$tmp/root" PREFIX=$prefix
root=$tmp/root$prefix
for file in sbin/vfio-lu include/vfio-lu.h lib/libvfio-lu.a lib/libvfio-lu.so lib/libvfio-lu.so.0 \
	lib/pkgconfig/libvfio-lu.pc share/man/man8/vfio-lu.8 share/man/man8/vfio-lu-finish.8 share/man/man5/vfio-lu-json.5 \
	share/man/man7/vfio-lu-runbook.7 share/man/man3/libvfio-lu.3 share/man/man3/libvfio-lu-status.3 share/vfio-lu/schema-1.json \
	share/vfio-lu/examples/live-update share/vfio-lu/examples/libvirt-attach \
	share/vfio-lu/ansible/live-update.yml \
	share/vfio-lu/ansible/roles/vfio_lu_live_update/{README.md,tasks/main.yml,templates/report.html.j2} \
	share/bash-completion/completions/vfio-lu; do
	check "installed: $file" test -e "$root/$file"
done
check "no other header is installed" test "$(ls "$root/include")" = vfio-lu.h
check "nothing is installed elsewhere" test "$(ls "$tmp/root")" = opt
if [ -e "$root/lib/systemd/system/vfio-lu.service" ]; then
	check "installed: the generator" test -x "$root/lib/systemd/system-generators/vfio-lu-generator"
fi
check "installed: the catalog" test -e "$root/lib/systemd/catalog/vfio-lu.catalog"
ids() { grep -oE "$1" "$2" | grep -oE '[0-9a-f]{32}' | sort; } # PATTERN FILE
ids '"[0-9a-f]{32}"' "$top/cli/journal.c" >"$tmp/ids"
check "the catalog has each kind of record" diff "$tmp/ids" <(ids '^-- [0-9a-f]{32}' "$root/lib/systemd/catalog/vfio-lu.catalog")
check "the manual has each kind of record" diff "$tmp/ids" <(ids '^\.It [a-z]+ .* Li [0-9a-f]{32}' "$root/share/man/man7/vfio-lu-codes.7")
check "the pages have the version" grep -q '^\.Os vfio-lu [0-9.]*$' "$root/share/man/man8/vfio-lu.8" "$root/share/man/man3/libvfio-lu.3"
check "no placeholder is left" test -z "$(grep -rlE '@[A-Z]+@' "$root/share/man" "$root/lib/systemd/system" || :)"
check "the generator does nothing for an old systemd" old_systemd 252
check "the generator adds the settings of a newer systemd" new_systemd "255.4-1~x"
check "the library looks for the program in PREFIX" grep -q "^$prefix/sbin\$" <(strings "$root/lib/libvfio-lu.so")
check "the program runs from PREFIX" "$root/sbin/vfio-lu" --version

# A blank in the path of the tree must not split a word of the compiler's command.
mkdir "$tmp/a tree"
tar -C "$top" -c --exclude=./build --exclude=./.git . | tar -x -C "$tmp/a tree"
check "make compiles in a path with a blank" "$MAKE" --no-print-directory -C "$tmp/a tree" B=build CC="$CC" build/lib/base/bdf.o

# ----------------------------------------------------------------------- units
if command -v systemd-analyze >/dev/null; then
	mkdir "$tmp/verify"
	for unit in "$root"/lib/systemd/system/*; do sed "s,$prefix,$root," "$unit" >"$tmp/verify/${unit##*/}"; done
	for unit in "$tmp"/verify/*; do
		check "systemd-analyze verify accepts ${unit##*/}" env SYSTEMD_LOG_LEVEL=warning sh -c \
			'said=$(systemd-analyze --man=no --recursive-errors=no verify "$1" 2>&1) && [ -z "$said" ] || { echo "$said"; false; }' - "$unit"
		[ "${unit%.timer}" = "$unit" ] || continue
		check "${unit##*/} has a small exposure" systemd-analyze security --no-pager --offline=true --threshold=50 "$unit"
	done
fi

nm -D --defined-only "$root/lib/libvfio-lu.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/exported"
check "the shared library has only these symbols" diff "$tmp/declared" "$tmp/exported"
check "each exported symbol has a version" test -z "$(nm -D --defined-only "$root/lib/libvfio-lu.so" | grep ' T ' | grep -v '@@VFIO_LU_0$')"

# Debian's fish does not look below /usr/local, so make install makes a link in /etc.
check "make install into /usr/local" "$MAKE" --no-print-directory -C "$top" install DESTDIR="$tmp/local" PREFIX=/usr/local
check "/etc/fish has a link to the completion" test "$(readlink "$tmp/local/etc/fish/completions/vfio-lu.fish")" = \
	/usr/local/share/fish/vendor_completions.d/vfio-lu.fish
check "the completion that the link names exists" test -e "$tmp/local/usr/local/share/fish/vendor_completions.d/vfio-lu.fish"
if command -v fish >/dev/null; then
	check "fish looks in /etc/fish" fish -c 'contains /etc/fish/completions $fish_complete_path'
fi

# --------------------------------------------------------------------- metrics
# Runs the command of the unit in a new directory. Afterwards the file is complete or missing.
write_metrics() { # MACHINE
	local command
	command=$(sed -n "s,^ExecStart=/bin/sh -c '\(.*\)'$,\1,p" "$root/lib/systemd/system/vfio-lu-metrics.service")
	command=${command//$prefix/$root}
	rm -rf "${tmp:?}/exporter"
	mkdir "$tmp/exporter"
	(cd "$tmp/exporter" && sh -c "${command//status/--sysroot \"$1\" status}")
}
"$BUILD/plant" "$tmp/incoming" "$top/tests/tree/machines/incoming.tree"
check "the unit's command writes metrics" write_metrics "$tmp/incoming"
check "the unit's command leaves no other file" test "$(ls "$tmp/exporter")" = vfio-lu.prom
check "the metrics contain the state" grep -qx 'vfio_lu_sessions{state="waiting"} 1' "$tmp/exporter/vfio-lu.prom"
if promtool=$("$top/tests/promtool.sh" 2>"$tmp/out"); then
	check "promtool accepts the metrics" sh -c 'said=$("$1" check metrics <"$2" 2>&1) && [ -z "$said" ] || { echo "$said"; false; }' - \
		"$promtool" "$tmp/exporter/vfio-lu.prom"
else
	skipped=$((skipped + 1))
fi
failing() { ! write_metrics "$tmp/nowhere" && ! [ -e "$tmp/exporter/vfio-lu.prom" ]; }
check "if the unit's command fails, there is no file" failing

# --------------------------------------------------------------------- example
config() { PKG_CONFIG_PATH=$root/lib/pkgconfig pkg-config --define-variable=prefix="$root" "$@" libvfio-lu; }
check "pkg-config finds the library" config --modversion
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
check "the example runs" usage "$tmp/vmm"
check "the static example runs without the library" env -u LD_LIBRARY_PATH bash -c '"$1" >/dev/null 2>&1; [ $? = 2 ]' - "$tmp/vmm-static"
needs() { readelf -d "$1" | grep -q "NEEDED.*$2"; } # PROGRAM LIBRARY
check "the example needs the library by its soname" needs "$tmp/vmm" 'libvfio-lu.so.0\]'

check "make install into /usr/local/" "$MAKE" --no-print-directory -C "$top" install DESTDIR="$tmp/slash" PREFIX=/usr/local/
check "a slash at the end of PREFIX makes no difference" diff -r --no-dereference "$tmp/local" "$tmp/slash"
check "make uninstall from /usr/local/" "$MAKE" --no-print-directory -C "$top" uninstall DESTDIR="$tmp/slash" PREFIX=/usr/local/
check "make uninstall from /usr/local/ leaves no file" test -z "$(find "$tmp/slash" ! -type d)"

# ------------------------------------------------------------------- uninstall
for place in root:$prefix local:/usr/local; do
	check "make uninstall from ${place#*:}" "$MAKE" --no-print-directory -C "$top" uninstall DESTDIR="$tmp/${place%:*}" PREFIX="${place#*:}"
	check "make uninstall from ${place#*:} leaves no file" test -z "$(find "$tmp/${place%:*}" ! -type d)"
done

echo "install: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
