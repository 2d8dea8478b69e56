#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the Debian packages in a clean copy of the tree, as any user, and puts them into a directory.
# usage: dist/debian/build.sh DIRECTORY
set -eu
[ $# = 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
missing=$(dpkg-checkbuilddeps dist/debian/control 2>&1) || {
	echo "build.sh: missing packages; as root: apt-get install" \
		"$(printf '%s\n' "${missing##*: }" | sed 's/ ([^)]*)//g; s/debhelper-compat/debhelper/')" >&2
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
tree=$work/vfio-lu
mkdir "$tree"
tar -c --exclude=./build --exclude=./.git --exclude=./vfio-lu . | tar -x -C "$tree"
cp -r "$tree/dist/debian" "$tree/debian"
cd "$tree"
# Writes Debian's changelog: each version with the date of its heading.
while IFS= read -r line; do
	case $line in
	'## '*)
		[ -z "${date-}" ] || printf '\n -- %s  %s\n\n' "$maintainer" "$date"
		maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
		date=$(LC_ALL=C date -u -R -d "${line##* }")
		version=${line#'## '}
		printf 'vfio-lu (%s) unstable; urgency=medium\n\n' "${version%% *}"
		;;
	'- '* | '  '*) [ -z "${date-}" ] || printf '%s\n' "$line" | sed 's/^- /  * /; t; s/^/  /' ;;
	esac
done <CHANGELOG.md >debian/changelog
printf '\n -- %s  %s\n' "$maintainer" "$date" >>debian/changelog
# Warnings of a newer compiler must not stop the build of a package.
unset CI
export DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS-}"
if ! dpkg-buildpackage -b -us -uc -tc </dev/null >"$work/log" 2>&1; then
	tail -n 40 "$work/log" >&2
	exit 1
fi
rm -f "$out"/*.deb
cp "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$out"
ls "$out"/*.deb
