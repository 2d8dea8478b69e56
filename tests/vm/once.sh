# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Functions for a file that is made once and kept in the cache: one process at a time makes it, reports its progress,
# and leaves no incomplete file. The script that sources this defines say().
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu

# Takes the lock of the file NAME until the script ends.
alone() { # NAME
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock -n 9 && return
	say "waiting for another to be made"
	flock 9
}

# Makes the directory $work, and prints the last line of $work/log every ten seconds.
begin() { # NAME
	# Remove what a killed process left behind.
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

# Ends the reports on progress.
quiet() {
	[ -n "$progress" ] || return 0
	kill "$progress" 2>/dev/null || :
	wait "$progress" 2>/dev/null || :
	progress=''
}
