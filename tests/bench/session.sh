#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How long preserve, restore and finish take in the virtual machine with 64 devices in one session and with 16 sessions
# of four, and how long the kernel's own ioctls (LUO, VFIO, iommufd) do, as strace -T says of each. The command is
# timed in one run and its ioctls in another, since being traced takes time; the best of each. The machine's clock
# counts instructions, so that the same comes out on a busy host, and every program costs what it costs without caches.
# usage: tests/bench/session.sh
# The devices have a function level reset, as most that are passed through, which takes a tenth of a second in the
# ioctl that opens one and in the close of its last file. The commands make what they can at the same time, and so a
# ratio may be below 1. What the kernel does in other calls counts as the command's: restore has next to nothing but
# that, taking the devices from nvme; and so do the resets when finish closes the files.
# Fails when all three together take more than 1.3 times their ioctls. Needs what tests/vm/run.sh needs, and some minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs

"$here/../vm/run.sh" -i "$here/session-64.sh" >&2
awk '
	$1 != "bench" { next }
	$2 == "took" && (!($3 in took) || $4 / 100 < took[$3]) { took[$3] = $4 / 100 }
	$2 == "ioctls" && (!($3 in ioctls) || $5 < ioctls[$3]) { ioctls[$3] = $5; number[$3] = $4 }
	function line(what, t, i, n) { printf "%-12s %6.2f s, %4d ioctls %6.2f s, ratio %5.2f\n", what, t, n, i, t / i }
	END {
		n = split("preserve-64 restore-64 finish-64 preserve-4 restore-4 finish-4", names, " ")
		for (j = 1; j <= n; j++) {
			if (!(names[j] in took) || !(names[j] in ioctls)) { print "session.sh: no times of " names[j] >"/dev/stderr"; exit 1 }
			line(names[j], took[names[j]], ioctls[names[j]], number[names[j]])
			size = names[j] ~ /64/ ? "all, 64" : "all, 4"
			t[size] += took[names[j]]
			i[size] += ioctls[names[j]]
			c[size] += number[names[j]]
		}
		for (size in t) {
			line(size, t[size], i[size], c[size])
			slow += t[size] > 1.3 * i[size]
		}
		exit slow > 0
	}' "$logs/session-64/out"
