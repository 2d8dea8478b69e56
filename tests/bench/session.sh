#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures preserve, restore and finish in the virtual machine, with 64 devices in one session and with 16 sessions of
# four, and their ioctls (LUO, VFIO, iommufd) with strace -T. One run times the command and another one its ioctls,
# since tracing takes time; the best of each counts. The machine's clock counts instructions, so a busy host gives the
# same results, and caches have no effect.
# usage: tests/bench/session.sh
# The devices have a function level reset, like most passed-through devices, which takes a tenth of a second in the
# ioctl that opens a device and in the close of its last file. The commands work in parallel, so a ratio may be below
# 1. Other calls count as time of the command: most of restore, which takes the devices from nvme, and the resets when
# finish closes the files.
# Fails if the three commands together take more than 1.3 times as long as their ioctls. Needs what tests/vm/run.sh
# needs, and some minutes.
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
