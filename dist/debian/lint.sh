#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# lintian on the packages of a directory: no error, no warning, no override.
# usage: dist/debian/lint.sh DIRECTORY
set -eu
[ $# = 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
said=$(lintian --allow-root --show-overrides --fail-on error,warning,override --tag-display-limit 0 "$1"/*.changes 2>&1) &&
	[ -z "$said" ] && exit
echo "$said"
exit 1
