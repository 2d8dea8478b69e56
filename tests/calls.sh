#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compares, line by line, the calls that vfio-lu makes to the fake kernel in a scenario with those that it makes to a real
# kernel, and the output.
# usage: tests/calls.sh [-v] [SCENARIO...]      after tests/fake/run.sh and tests/vm/run.sh -c
#   -v  print the calls, not only those that differ
# The compared calls are opens of /dev/liveupdate, /dev/iommu and vfio files, their ioctls, writes into sysfs, and
# loads of modules and images; each with its errno. Parallel calls for several devices are sorted by device, and the
# holder's calls follow those of a phase. A scenario whose calls depend on timing, or that kills a process, sets
# NO_CALLS="WHY".
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
: "${BUILD:=$here/../build/tests}"
logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs
verbose=''
if [ "${1-}" = -v ]; then
	verbose=1
	shift
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

header() ( # FILE
	TIERS="" NO_CALLS=""
	# shellcheck source=/dev/null
	. "$1" >/dev/null
	printf '%s\n' "$TIERS" "$NO_CALLS"
)

normal() { # FILE
	awk '
	BEGIN {
		split("0xba00 CREATE_SESSION 0xba01 RETRIEVE_SESSION 0xba40 PRESERVE_FD 0xba41 RETRIEVE_FD 0xba42 FINISH " \
		      "0x3b6b GET_INFO 0x3b6c GET_REGION_INFO 0x3b6d GET_IRQ_INFO 0x3b6e SET_IRQS 0x3b6f RESET " \
		      "0x3b76 BIND_IOMMUFD 0x3b80 DESTROY", part, " ")
		for (i = 1; i in part; i += 2)
			name[part[i]] = part[i + 1]
	}
	function flush(   i, j, lane, seen, order, n) {
		n = 0
		for (i = 1; i <= lines; i++)
			if (!(lanes[i] in seen)) {
				seen[lanes[i]] = 1
				order[++n] = lanes[i]
			}
		for (i = 1; i <= n; i++)
			for (j = i + 1; j <= n; j++)
				if (order[j] < order[i]) { lane = order[i]; order[i] = order[j]; order[j] = lane }
		for (i = 1; i <= n; i++)
			for (j = 1; j <= lines; j++)
				if (lanes[j] == order[i])
					print "  " text[j]
		lines = 0
	}
	function flush_holder(   i) {
		flush()
		for (i = 1; i <= held; i++)
			print "  holder: " holder[i]
		held = 0
	}
	/^scenario / { flush_holder(); print "phase " $NF; next }
	/^\$ vfio-lu / { flush(); print "vfio-lu " $3; next }
	/^\$ / { flush(); next }
	/^FAIL / { next }
	{
		who = $1
		sub(/^[a-z]* /, "")
		# modules that it depends on are loaded too
		if (/^module / && !/^module vfio[-_]pci /)
			next
		sub(/vfio_pci/, "vfio-pci")
		if ($1 == "ioctl" && $2 in name)
			$2 = name[$2]
		if (who == "holder") {
			holder[++held] = $0
			next
		}
		text[++lines] = $0
		lanes[lines] = /^write / && match($0, /[0-9a-f]+:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]\.[0-7]/) ? \
			substr($0, RSTART, RLENGTH) : ""
	}
	END { flush_holder() }' "$1"
}

# Prints every command with its output, without process ids, numbers of cdevs, names of kernels, and the warnings of
# load and kexec about the initrd, disks and rehearsals: the fake machine has none of these. The trees and the check-*
# scenarios test those warnings.
said() { # FILE RELEASE...
	local release own=''
	for release in "${@:2}"; do own+="s/${release//./\\.}/RELEASE/g;"; done
	awk '/^\$ / { on = /^\$ vfio-lu / } /^(ok   |FAIL |skip |VLU-)/ { on = 0 }
		/^vfio-lu (load|kexec): the next kernel: .* \((next-initrd-vfio|next-driver-match|rehearsed)\); fix: / { next }
		/: verify that nothing has \/dev\// { next }
		# the detail of a check that passes differs between the machines (-v)
		/^  [a-z0-9-]+ +pass: / { next }
		on' "$1" | sed "$own$same"
}
same='
s/\(--cmdline \|--append \|--command-line=\|command line: \).*/\1.../
s/process [0-9]\+/process N/g
s/pid [0-9]\+/pid N/g
s,/dev/vfio/devices/vfio[0-9]\+,/dev/vfio/devices/vfioN,g
s,/dev/nvme[0-9]\+n,/dev/nvmeNn,g
s,--fd [0-9]\+=,--fd N=,g
s,/[^ ]*/standin ,standin ,g
'

# Prints a result line, and the differences.
compare() { # WHAT FAKE VM
	local n
	n=$(wc -l <"$3")
	if [ "$n" = 0 ]; then
		echo "FAIL $name: no $1"
	elif diff -U 3 --label fake --label vm "$2" "$3" >"$tmp/diff"; then
		passed=$((passed + 1))
		echo "ok   $name: $n lines of $1, the same on both"
		return
	else
		echo "FAIL $name: of $1, $(grep -c '^[-+][^-+]' "$tmp/diff" || :) lines differ"
		sed 's/^/    /' "$tmp/diff"
	fi
	failed=$((failed + 1))
}

if [ $# = 0 ]; then
	for file in "$here"/scenario/*.sh; do
		file=${file##*/}
		[ "$file" = lib.sh ] || set -- "$@" "${file%.sh}"
	done
fi
for name; do
	{
		read -r tiers
		read -r why_not || :
	} < <(header "$here/scenario/$name.sh")
	case " $tiers " in
	*" fake "*) ;;
	*) continue ;;
	esac
	case " $tiers " in
	*" vm "*) ;;
	*) continue ;;
	esac
	if [ -n "$why_not" ]; then
		skipped=$((skipped + 1))
		echo "skip $name: $why_not"
		continue
	fi
	if [ ! -s "$BUILD/calls/$name" ] || [ ! -s "$logs/$name/calls" ]; then
		failed=$((failed + 1))
		echo "FAIL $name: it did not run on both, or left no calls"
		continue
	fi
	normal "$BUILD/calls/$name" >"$tmp/fake"
	normal "$logs/$name/calls" >"$tmp/vm"
	[ -z "$verbose" ] || cat "$tmp/vm"
	compare calls "$tmp/fake" "$tmp/vm"
	said "$BUILD/calls/$name.out" 7.3.4-fake >"$tmp/fake"
	mapfile -t releases < <(sed -n 's/.*\] Linux version \([^ ]*\).*/\1/p' "$logs/$name/kernel.log" | sort -u)
	said "$logs/$name/out" "${releases[@]}" >"$tmp/vm"
	compare output "$tmp/fake" "$tmp/vm"
done

echo "calls: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
