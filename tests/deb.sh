#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests the Debian packages: a build in another directory by another user is identical, lintian reports nothing, and
# deb-suite.sh passes on a fresh bookworm, trixie and sid, which run in parallel.
# usage: tests/deb.sh [SUITE...]
# Needs a built tree, build/deb (make deb) and root; the downloads of apt and debootstrap stay in the cache.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/vm/mirror.sh
. "$top/tests/vm/mirror.sh"
suites=("$@")
[ $# -gt 0 ] || suites=(bookworm trixie sid)
tmp=$(mktemp -d)
jobs=()
finish() {
	# unshare ignores the other signals
	[ ${#jobs[@]} = 0 ] || kill -KILL "${jobs[@]}" 2>/dev/null || :
	wait
	rm -rf --one-file-system "$tmp"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ "$(id -u)" != 0 ] || [ -z "$(mirror)" ]; then
	for suite in "${suites[@]}"; do
		echo "skip $suite: only root can make a root file system, with an apt that names a Debian mirror"
	done >"$tmp/0.log"
	suites=()
fi
for suite in ${suites[@]+"${suites[@]}"}; do
	mkdir "$tmp/$suite"
	# The mounts of the script are private, and its processes end when it ends.
	unshare --mount --pid --fork --kill-child "$top/tests/deb-suite.sh" "$suite" "$tmp/$suite" >"$tmp/$suite.log" 2>&1 &
	jobs+=($!)
done

check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok   $what"
	else
		echo "FAIL $what"
		tail -n 20 "$tmp/out" | sed 's/^/    /'
	fi
}

built_by_another() {
	mkdir -p "$tmp/another/out"
	tar -C "$top" -c --exclude=./build --exclude=./.git --exclude=./vfio-lu . | tar -x -C "$tmp/another"
	chown -R nobody: "$tmp/another"
	chmod 755 "$tmp"
	setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent TMPDIR="$tmp/another" CCACHE_DISABLE=1 \
		"$tmp/another/dist/debian/build.sh" "$tmp/another/out"
}
{
	if [ "$(id -u)" = 0 ]; then
		check "an ordinary user builds them elsewhere" built_by_another
		for deb in "$top"/build/deb/*.deb; do
			check "the same to the byte: ${deb##*/}" cmp "$deb" "$tmp/another/out/${deb##*/}"
		done
		check "plain make builds it elsewhere" "${MAKE:-make}" --no-print-directory -s -C "$tmp/another" -j"$(nproc)" all
		for file in "$tmp/another/vfio-lu" "$tmp"/another/build/libvfio-lu.{a,so.*}; do
			check "the same to the byte: ${file#"$tmp/another/"}" cmp "$top/${file#"$tmp/another/"}" "$file"
		done
	fi
	check "lintian has no error and no warning" "$top/dist/debian/lint.sh" "$top/build/deb"
} >"$tmp/built.log"

for job in ${jobs[@]+"${jobs[@]}"}; do wait "$job" || :; done
for suite in ${suites[@]+"${suites[@]}"}; do
	grep -q '^done$' "$tmp/$suite.log" || echo "FAIL $suite: it did not get to its end" >>"$tmp/$suite.log"
done
jobs=()
cat "$tmp"/*.log | grep -v '^done$' | tee "$tmp/all"
count() { grep -c "^$1 " "$tmp/all" || :; }
failed=$(count FAIL)
echo "deb: $(count ok) passed, $failed failed, $(count skip) skipped"
[ "$failed" = 0 ] && [ "$(count ok)" -gt 0 ]
