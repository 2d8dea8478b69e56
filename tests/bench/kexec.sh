#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures vfio-lu's own share of the time between "vfio-lu kexec" and the end of "vfio-lu restore" in the next kernel,
# in the virtual machine with 16 NVMe functions, each with a function level reset, in a slot and a group of its own.
# The machine's clock counts instructions, so a busy host gives similar results. Waits for its disk, the fsync() of a
# manifest and the sync(), would depend on the host, so the disk is in memory if there is room.
# usage: tests/bench/kexec.sh
#   before   from the call of "vfio-lu kexec" to that of kexec -e (ticks.c)
#   between  the running kernel's shutdown, the next one's boot, and the machine's init with its disk, up to the call
#            of "vfio-lu restore"
#   after    from the call of "vfio-lu restore" to its end
# In before and after, the kernel's time is that in which at least one unavoidable call runs:
# kexec_file_load(), sync(), the ioctls of LUO and VFIO, the loading of vfio-pci, and the writes to sysfs by which a
# device changes its driver. strace measures it in a second kexec of the same run, which makes each call a little
# longer; calls of the holder are not included. The rest is vfio-lu's own time: starting vfio-lu, the holder and kexec,
# all reads and checks, the children that write, and its own waits.
# Fails if its own time is more than 6 % of the whole. Needs what tests/vm/run.sh needs, and some minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs
TMPDIR=$("$here/../scratch.sh")
export TMPDIR
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

gcc -O2 -static -o "$tmp/ticks" "$here/ticks.c"
"$here/../vm/run.sh" -i -p "$tmp/ticks" "$here/kexec-16.sh" >&2
{
	sed -n 's/.*vlu: ticks \([a-z-]*\) \([0-9]*\).*/bench moment \1 \2/p' "$logs/kexec-16/kernel.log"
	grep '^bench call ' "$logs/kexec-16/out" | sort -k 3,3 -k 4,4n
} | awk '
	# the first of each, since the second kexec is the traced one
	$2 == "moment" && !($3 in at) { at[$3] = $4 / 1e9 }
	$2 == "call" {
		calls++
		if ($3 != last) { last = $3; until = 0 }
		end = $4 + $5
		start = $4 > until ? $4 : until
		if (end > start) kernel[$3] += end - start
		if (end > until) until = end
	}
	function line(what, all, own) {
		printf "%-8s %6.3f s", what, all
		if (own != "") printf ", of it vfio-lu %6.3f s, the kernel %6.3f s", own, all - own
		print ""
	}
	END {
		if (!at["called"] || !at["kexec-e"] || !at["arrived"] || !at["restored"] || !calls) {
			print "kexec.sh: no times" >"/dev/stderr"
			exit 1
		}
		before = at["kexec-e"] - at["called"]
		after = at["restored"] - at["arrived"]
		all = at["restored"] - at["called"]
		own = before + after - kernel["before"] - kernel["after"]
		line("before", before, before - kernel["before"])
		line("between", all - before - after, "")
		line("after", after, after - kernel["after"])
		line("all", all, own)
		printf "vfio-lu'\''s own share: %.1f %%, at most 6\n", 100 * own / all
		exit own > 0.06 * all
	}'
