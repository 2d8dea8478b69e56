# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is fetched and made once, and kept in the cache: by one at a time, who says how far it is, and leaves nothing half
# made. The script that sources this has say().
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu

# No other process makes this one until the script ends.
alone() { # NAME
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock -n 9 && return
	say "waiting for another to be made"
	flock 9
}

# $work is a directory for it, and the last line of $work/log is told every ten seconds.
begin() { # NAME
	# What was left behind by one that was killed.
	rm -rf "$cache/$1".*.new
	work=$(mktemp -d "$cache/$1.XXXXXX.new")
	trap leave EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	: >"$work/log"
	SECONDS=0
	while sleep 10; do say "$(tail -n1 "$work/log" | cut -c1-60), $SECONDS s"; done 9>&- &
	progress=$!
}

leave() {
	local status=$?
	quiet
	[ "$status" = 0 ] || tail -n 20 "$work/log" >&2
	rm -rf "$work"
	exit "$status"
}

# Nothing more is told of how far it is.
quiet() {
	[ -n "$progress" ] || return 0
	kill "$progress" 2>/dev/null || :
	wait "$progress" 2>/dev/null || :
	progress=''
}
