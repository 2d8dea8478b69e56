#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the path of Prometheus' promtool: the installed one, or else the program extracted from Debian's package,
# whose installation would start a server.
# usage: tests/promtool.sh		exit status 77: promtool is neither installed nor available
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu
command -v promtool && exit
if [ ! -x "$cache/promtool" ]; then
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/promtool.XXXXXX.new")
	trap 'rm -rf "$tmp"' EXIT
	chmod 755 "$tmp"
	# 19 MB
	(cd "$tmp" && apt-get -q download prometheus) >&2 || exit 77
	dpkg-deb --fsys-tarfile "$tmp"/prometheus_*.deb | tar -C "$tmp" -xf - ./usr/bin/promtool
	mv "$tmp/usr/bin/promtool" "$cache/promtool"
fi
echo "$cache/promtool"
