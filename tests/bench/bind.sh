#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures the time to bind 32 NVMe functions to vfio-pci in the virtual machine: in one call, in 32 successive calls,
# and in a loop of echo. Prints the best of several rounds in one run of the machine. Its clock counts instructions, so
# a busy host gives the same results.
# Each of them can be reset by FLR, but vfio-pci does that when its file is opened and closed, not when it is bound
# (vfio_pci_core_enable(), vfio_pci_core_disable()): the time here is that of nvme, which shuts its controller down,
# and of the device's change to D3hot.
# usage: tests/bench/bind.sh
# Fails when the one call takes more than a quarter of the 32. Needs what tests/vm/run.sh needs, and some minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs

"$here/../vm/run.sh" -i "$here/bind-many.sh" >&2
awk '
	/^bench / { if (!($2 in best) || $3 < best[$2]) best[$2] = $3; n[$2]++ }
	function line(what, t) { printf "%-34s %6.2f s  %5.2f of 32 calls\n", what, t / 100, t / best["each_call"] }
	END {
		if (!best["each_call"] || n["one_call"] != n["each_call"]) { print "bind.sh: no times" >"/dev/stderr"; exit 1 }
		line("vfio-lu bind, one call", best["one_call"])
		line("vfio-lu bind, 32 calls", best["each_call"])
		line("echo to sysfs, one by one", best["echo_loop"])
		exit best["one_call"] * 4 > best["each_call"]
	}' "$logs/bind-many/out"
