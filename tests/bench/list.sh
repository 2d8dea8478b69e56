#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How long list and check take on a tree of 4,096 functions, as ratios to lspci on the same tree in the same run.
# usage: tests/bench/list.sh [FUNCTIONS]
# Needs hyperfine, lspci, jq; $VFIO_LU (default: at the top) and $BUILD/plant (default: build/tests).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}"
many=${1:-4096}
few=$((many / 4))
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
	done
}
for size in "$many" "$few"; do
	machine "$size" >"$tmp/$size.tree"
	cp "$top"/tests/tree/machines/*.tree "$tmp/"
	"$BUILD/plant" "$tmp/$size" "$tmp/$size.tree"
done

cat >"$tmp/commands" <<END
lspci	lspci -Dvmmk -A linux-sysfs -O sysfs.path=$tmp/$many/sys/bus/pci
list	$VFIO_LU --sysroot $tmp/$many list
check	$VFIO_LU --sysroot $tmp/$many check
list-quarter	$VFIO_LU --sysroot $tmp/$few list
check-quarter	$VFIO_LU --sysroot $tmp/$few check
END
arguments=()
while IFS=$'\t' read -r name command; do arguments+=(-n "$name" "$command"); done <"$tmp/commands"
hyperfine -N -i -w 2 -r 10 --style none --export-json "$tmp/times.json" "${arguments[@]}" >/dev/null 2>&1

jq -r '
	def r(x): x * 100 | round / 100;
	(.results | map({(.command): .median}) | add) as $t
	| "lspci -Dvmmk   \(r($t.lspci * 1000)) ms",
	  (("list", "check") as $name
	  | "\($name)          "[0:15] + "\(r($t[$name] * 1000)) ms, \(r($t[$name] / $t.lspci)) of lspci, "
	  + "\(r($t[$name] / $t[$name + "-quarter"])) times a quarter of the functions")' "$tmp/times.json"
