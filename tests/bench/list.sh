#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures list and check on a tree of 4,096 functions, as ratios to lspci on the same tree in the same run: elapsed
# time and processor time, with threads and on one processor; and check of one named function, as a ratio to the same
# on 64 functions. Prints the medians of the runs, and the load of the machine.
# usage: tests/bench/list.sh [FUNCTIONS]
# Needs hyperfine, lspci, jq; $VFIO_LU (default: at the top) and $BUILD/plant (default: build/tests).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}"
many=${1:-4096}
few=64
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Eight functions a bus, 32 buses a domain, a group each, all bound to vfio-pci, behind one bridge a bus.
machine() { # FUNCTIONS
	cat "$top/tests/tree/machines/luo-base.tree"
	local n domain bus slot bdf
	for ((n = 0; n < $1; n++)); do
		domain=$((n / 256 + 1)) bus=$((n / 8 % 32)) slot=$((n % 8))
		bdf=$(printf '%04x:%02x:%02x.0' $domain $bus $slot)
		printf 'p sys/devices/pci%04x:%02x/%s 8086:10d3 020000 %d\nb %s vfio-pci\nv %s %d\n' \
			$domain $bus "$bdf" $((n + 100)) "$bdf" "$bdf" "$n"
		printf 'f sys/devices/pci%04x:%02x/%s/modalias "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00\\n"\n' \
			$domain $bus "$bdf"
	done
}
for size in "$many" "$few"; do
	machine "$size" >"$tmp/$size.tree"
	cp "$top"/tests/tree/machines/*.tree "$tmp/"
	"$BUILD/plant" "$tmp/$size" "$tmp/$size.tree"
done

one="taskset -c 0 $VFIO_LU --sysroot $tmp/$many"
cat >"$tmp/commands" <<END
lspci	lspci -Dvmmk -A linux-sysfs -O sysfs.path=$tmp/$many/sys/bus/pci
list	$VFIO_LU --sysroot $tmp/$many list
check	$VFIO_LU --sysroot $tmp/$many check
list, one processor	$one list
check, one processor	$one check
check BDF	$VFIO_LU --sysroot $tmp/$many check 0001:00:01.0
check BDF of $few	$VFIO_LU --sysroot $tmp/$few check 0001:00:01.0
END
arguments=()
while IFS=$'\t' read -r name command; do arguments+=(-n "$name" "$command"); done <"$tmp/commands"
hyperfine -N -i -w 2 -r 10 --style none --export-json "$tmp/times.json" "${arguments[@]}" >/dev/null 2>&1

jq -r --arg few "$few" '
	def r(x): x * 100 | round / 100;
	def cpu: .user + .system;
	(.results | map({(.command): .}) | add) as $t
	| "lspci -Dvmmk: \(r($t.lspci.median * 1000)) ms, processors \(r($t.lspci | cpu * 1000)) ms",
	  (("list", "check", "list, one processor", "check, one processor") as $name | $t[$name]
	  | "\($name): \(r(.median / $t.lspci.median)) of its time, \(r(cpu / ($t.lspci | cpu))) of its processor time"),
	  "check BDF: \(r($t["check BDF"].median * 1000)) ms, "
	  + "\(r($t["check BDF"].median / $t["check BDF of " + $few].median)) times that of \($few) functions"' "$tmp/times.json"
echo "load: $(cut -d ' ' -f 1-3 /proc/loadavg), processors: $(nproc)"
