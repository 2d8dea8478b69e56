#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check-config.sh CONFIG FRAGMENT: did every line of the fragment survive?
#
# olddefconfig drops what it does not know or cannot satisfy without a word,
# and a kernel without half its options would fail the tests for no visible
# reason.

if [ $# -ne 2 ] || [ ! -r "$1" ] || [ ! -r "$2" ]; then
	echo "usage: check-config.sh CONFIG FRAGMENT" >&2
	exit 2
fi

awk -v config="$1" '
	NR == FNR {
		if (match($0, /^CONFIG_[A-Za-z0-9_]+=/))
			have[substr($0, 1, RLENGTH - 1)] = substr($0, RLENGTH + 1)
		next
	}
	/^CONFIG_[A-Za-z0-9_]+=/ {
		name = substr($0, 1, index($0, "=") - 1)
		want[name] = substr($0, index($0, "=") + 1)
	}
	/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { want[$2] = "n" }
	END {
		for (name in want) {
			got = name in have ? have[name] : "n"
			if (got == want[name])
				continue
			printf "%s: %s is %s, wanted %s\n", config, name,
			       got, want[name] >"/dev/stderr"
			bad = 1
		}
		exit bad
	}' "$1" "$2"
