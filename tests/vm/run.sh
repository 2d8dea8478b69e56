#!/bin/bash
# Runs scenarios in a virtual machine with the test kernel, each in a machine of its own.
# usage: tests/vm/run.sh [-v|-vv] [-q] [-i] [-c] [-j N] [-n N] [-p PROGRAM]... [SCENARIO...]
#   -v  show the output of a scenario while it runs; -vv: the kernel log, too
#   -q  show only the comments and the output of the scenario itself, for a demonstration
#   -i  the machine's clock counts instructions: slower, but the load of this host hardly changes its times
#   -c  write the calls that vfio-lu makes to the file "calls" among the logs, for tests/calls.sh; only for scenarios
#       that the fake kernel runs as well
#   -j  the number of machines at a time (default 2, with -v 1)
#   -n  run each scenario N times, to see whether the results vary
#   -p  a program that the scenarios need in the VM, statically linked or not
# SCENARIO is a file or a name; default: all scenarios. The logs stay in ~/.cache/vfio-lu/logs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd)
verbose=0 quiet='' calls='' jobs='' times=1 programs=() clock=()
usage() { sed -n '/^# usage/,/^# SCEN/s/^# //p' "$0" >&2; exit 2; }
while getopts vqicj:n:p: option; do
	case $option in
	v) verbose=$((verbose + 1)) ;;
	q) quiet=1 verbose=1 ;;
	# While the machine is idle, its clock runs like the host's. With sleep=off it would skip to the next timer, and so
	# advance by seconds while the host still writes a block of the disk.
	i) clock=(-icount "shift=2,sleep=on") ;;
	c) calls=1 ;;
	j) jobs=$OPTARG ;;
	n) times=$OPTARG ;;
	p) programs+=("$(realpath -s "$OPTARG")") ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ "$verbose" = 0 ] || jobs=${jobs:-1}
shown=(-v -v)
shown=("${shown[@]:0:$verbose}")
jobs=${jobs:-2}

say() { [ -n "$quiet" ] || echo "$*"; }
die() { echo "run.sh: $*" >&2; exit 1; }

scenarios=()
if [ $# = 0 ]; then
	for file in "$top"/tests/scenario/*.sh "$top"/tests/vm/facts/*.sh; do
		[ ! -f "$file" ] || [ "${file##*/}" = lib.sh ] || scenarios+=("$file")
	done
fi
for name; do
	for file in "$name" "$top/tests/scenario/$name.sh" "$top/tests/vm/facts/$name.sh"; do
		[ ! -f "$file" ] || break
	done
	[ -f "$file" ] || die "no scenario $name"
	[ "${file##*/}" = lib.sh ] || scenarios+=("$(realpath -s "$file")")
done
[ ${#scenarios[@]} -gt 0 ] || die "no scenario"
twice=$(printf '%s\n' "${scenarios[@]##*/}" | sort | uniq -d)
[ -z "$twice" ] || die "two scenarios of one name: $twice"

header() ( # FILE: prints the settings at the top of the scenario, one in a line
	TIERS=vm PHASES=1 DEVICES='' DISK='' FLAVOUR='' KERNEL_ARGS='' EXPECT_LOG='' TIMEOUT='' QEMU_ARGS='' ROOT='' NO_CALLS=''
	# shellcheck source=/dev/null
	. "$1" >/dev/null
	printf '%s\n' "$TIERS" "$PHASES" "$DEVICES" "$DISK" "$FLAVOUR" "$KERNEL_ARGS" "$EXPECT_LOG" "$TIMEOUT" "$QEMU_ARGS" "$ROOT" "$NO_CALLS"
)

tmp=$(mktemp -d)
cleanup() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null || :
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

declare -A roots
kernel=$("$here/kernel.sh" | tail -n1)
[ -d "$kernel" ] || die "no kernel"
for file in "${scenarios[@]}"; do
	if grep -q '^[[:space:]]*\. words$' "$file"; then
		gcc -O1 -static -o "$tmp/facts" "$here/facts/facts.c"
		programs+=("$tmp/facts" "$here/facts/words")
		break
	fi
done
suites=''
for file in "${scenarios[@]}"; do
	suite=$(header "$file" | sed -n 10p)
	[ -n "$suite" ] || continue
	suites=yes
	roots[$suite]=$("$here/rootfs.sh" "$suite" | tail -n1) || :
done

# ------------------------------------------------------------------ the initrd
# Lists the files that the machine needs besides init, vfio-lu, kexec and busybox, in the format of machine.c.
layer() {
	local dir file flavour release modules="vfio-pci vfio_iommu_type1 virtio-vfio-pci virtio_net e1000e raid1 nvmet
		target_core_iblock"
	printf 'dir %s\n' boot disk root etc
	for dir in bin sbin lib; do echo "link ../$dir usr/$dir"; done
	# the mke2fs of busybox makes no journal; the scripts of vfio-lu's users need bash and jq
	for file in strace setpriv mke2fs bash jq; do
		echo "program $(PATH=$PATH:/usr/sbin:/sbin command -v $file || die "no $file here")"
	done
	for file in "$top"/dist/examples/* "$here/traced" "$here/calls"; do echo "exec $file bin/${file##*/}"; done
	echo "file $(realpath /usr/share/misc/pci.ids) usr/share/misc/pci.ids"
	echo "file $here/steps steps"
	echo "file $top/tests/scenario/lib.sh tests/lib.sh"
	for file in "${scenarios[@]}"; do echo "file $file tests/${file##*/}"; done
	for file in ${programs[@]+"${programs[@]}"}; do
		echo "program $file"
		echo "${file##*/}" >>"$tmp/layer/programs"
	done
	for flavour in m y; do
		[ -d "$kernel/$flavour" ] || continue
		release=$flavour
		for dir in "$kernel/$flavour"/modules/*; do
			[ -d "$dir" ] || continue
			release=${dir##*/}
			# shellcheck disable=SC2086 # words
			echo modules "$dir" $modules
		done
		echo "RELEASE_$flavour=$release" >>"$tmp/layer/kernels"
	done
	printf 'file %s\n' "$tmp/layer/programs tests/programs" "$tmp/layer/kernels tests/kernels" \
		"$tmp/layer/passwd etc/passwd" "$tmp/layer/group etc/group"
	if [ -n "$suites" ]; then
		make -s -C "$top" deb >&2
		for file in "$top"/build/deb/*.deb; do echo "file $file packages/${file##*/}"; done
	fi
}

machine=${BUILD:-$top/build/tests}/machine
[ -x "$machine" ] || make -s -C "$top" build/tests/machine >&2
mkdir "$tmp/layer"
: >"$tmp/layer/programs"
printf '%s:/bin/sh\n' root:x:0:0:root:/root nobody:x:65534:65534:nobody:/tmp >"$tmp/layer/passwd"
printf '%s\n' root:x:0: nogroup:x:65534: >"$tmp/layer/group"
layer >"$tmp/layer/lines"
"$machine" image "$tmp/initrd" "$(realpath -s "${VFIO_LU:-$top/vfio-lu}")" <"$tmp/layer/lines"

# Both kernels have their ordinary names on a disk that survives the kexec.
mkdir -p "$tmp/disk/boot" "$tmp/disk/lib" "$tmp/disk/kept"
for flavour in m y; do
	[ -e "$kernel/$flavour" ] || continue
	release=$flavour
	for dir in "$kernel/$flavour"/modules/*; do [ ! -d "$dir" ] || release=${dir##*/}; done
	cp -L "$kernel/$flavour/bzImage" "$tmp/disk/boot/vmlinuz-$release"
	[ ! -f "$kernel/$flavour/config" ] || cp "$kernel/$flavour/config" "$tmp/disk/boot/config-$release"
	ln "$tmp/initrd" "$tmp/disk/boot/initrd.img-$release"
done
size=$(du -sm "$tmp/disk" | cut -f1)
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -E root_owner=0:0 -d "$tmp/disk" "$tmp/disk.img" \
	"$((size + size / 4 + 24))M" >"$tmp/log" 2>&1 ||
	{ cat "$tmp/log" >&2; die "no disk image"; }

logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs
mkdir -p "$logs"

# Runs one machine from power-on to its end, and sets the variables of run_one to the result.
boot() {
	local word value
	cp --sparse=always "$tmp/disk.img" "$dir/disk.img"
	"$machine" run -k "$kernel/$flavour/bzImage" -i "$tmp/initrd" -a "$words" -o "$dir" -d "$devices" -p "$phases" \
		-e "$expect" -t "$timeout" "${shown[@]}" -- ${clock[@]+"${clock[@]}"} \
		-drive "if=none,id=disk,format=raw,file=$dir/disk.img,cache=unsafe" \
		-device nvme,serial=vlu-disk,drive=disk,bus=pcie.0,addr=1d.0 "${args[@]}" 2>"$dir/error" &
	pid=$!
	wait "$pid" || :
	pid=''
	rm -f "$dir/disk.img"
	result=([why]=$(cat "$dir/error") [passed]=0 [skipped]=0 [kernels]=0 [lost]='' [seconds]=0 [cpu]=0)
	[ ! -e "$dir/result" ] || while read -r word value; do result[$word]=$value; done <"$dir/result"
	kernels_booted=$((kernels_booted + result[kernels]))
	echo "${result[seconds]} ${result[cpu]}" >"$dir/seconds"
	[ -z "${result[lost]}" ] || echo "${result[lost]}" >>"$dir/lost"
}

run_one() { # FILE ID
	local file=$1 id=$2 name dir tiers phases devices disk flavour arguments expect timeout extra suite why_not words
	local pid='' why args=() kernels_booted=0 again=''
	local -A result
	trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; exit 143' TERM HUP
	name=${file##*/} name=${name%.sh}
	dir=$tmp/$id
	# Remove the results of an earlier run.
	rm -rf "${logs:?}/$id" "$logs/$id.lost"
	{
		read -r tiers; read -r phases; read -r devices; read -r disk; read -r flavour
		read -r arguments; read -r expect; read -r timeout; read -r extra; read -r suite
		read -r why_not
	} < <(header "$file")
	# Be generous, since the host may be busy. The timeout is for guests in an endless loop; a frozen machine is ended
	# before.
	timeout=$((3 * ${timeout:-$((60 + 60 * phases))}))
	# Calls can be compared only if the fake machine runs the scenario as well.
	[[ $calls && " $tiers " == *" fake "* && -z $why_not ]] || calls=''
	if [ -z "$flavour" ]; then
		flavour=m
		[ -e "$kernel/m" ] || flavour=y
	elif [ ! -e "$kernel/$flavour" ]; then
		echo "skip $id: needs vfio-pci as $flavour, the kernel named has it otherwise" >"$dir/verdict"
		return 0
	fi
	if [ -n "${VFIO_LU_TEST_KERNEL-}" ] && [[ $arguments == *pci_liveupdate.* ]]; then
		echo "skip $id: sets a parameter of the test kernel's own handler" >"$dir/verdict"
		return 0
	fi
	if [ -n "$suite" ] && [ ! -f "${roots[$suite]}" ]; then
		echo "FAIL $id: no root file system of $suite" >"$dir/verdict"
		return 0
	fi
	# shellcheck disable=SC2206 # words for QEMU
	args=($extra)
	# Writes to this disk stay until the machine ends, so they survive each kexec.
	[ -z "$suite" ] || args+=(-drive "if=none,id=root,format=raw,file=${roots[$suite]},snapshot=on"
		-device "nvme,serial=vlu-root,drive=root,bus=pcie.0,addr=1c.0")
	words="vlu.scenario=$name vlu.phase=1 vlu.flavour=$flavour${disk:+ vlu.disk=$disk}${quiet:+ vlu.quiet=1}${calls:+ vlu.calls=1}"
	words+="${suite:+ vlu.root=$suite}${arguments:+ $arguments}"
	boot
	# A lost machine is no result of the test, unless a check had failed before.
	if [ -n "${result[lost]}" ] && [ -z "${result[why]}" ]; then
		rm -rf "$logs/$id.lost"
		cp -r "$dir" "$logs/$id.lost"
		again="; run again, since the machine ${result[lost]}"
		boot
	fi
	why=${result[why]}
	[ -z "${result[lost]}" ] || why="${why:+$why, and }the machine ${result[lost]}"
	if [ -n "$calls" ]; then
		sed -n '/^VLU-CALLS$/,/^VLU-CALLS-END$/{/^VLU-CALLS/!p}' "$dir/out" >"$dir/calls"
		sed -i '/^VLU-CALLS$/,/^VLU-CALLS-END$/d' "$dir/out"
	fi
	sed -n 's/^VLU-JSON //p' "$dir/out" >"$dir/json"
	sed -i '/^VLU-JSON /d' "$dir/out"
	echo "$kernels_booted" >"$dir/kernels"
	# If a scenario runs several times, keep only the logs of failures.
	[ "$times" != 1 ] && [ "$why" = ok ] || cp -r "$dir" "$logs/$id"
	if [ "$why" != ok ]; then
		{
			echo "FAIL $id: ${why:-no verdict} (${result[seconds]} s)$again"
			echo "  the scenario, last lines ($logs/$id/out):"
			tail -n 40 "$dir/out" | sed 's/^/    /'
			echo "  the kernel, last lines ($logs/$id/kernel.log):"
			tail -n 12 "$dir/kernel.log" | sed 's/\r$//; s/^/    /'
			sed '/has no peer/d; s/^/  /' "$dir/qemu.log"
		} >"$dir/verdict"
	else
		echo "ok   $id: $phases phases, ${result[passed]} passed, ${result[skipped]} skipped, ${result[seconds]} s$again" \
			>"$dir/verdict"
	fi
}

passed=0 failed=0 skipped=0 lost=0 booted=0 running=()
# Reports the scenarios that have ended. Waits until fewer than $1 run.
collect() {
	local left pid entry id
	while :; do
		left=()
		for entry in ${running[@]+"${running[@]}"}; do
			pid=${entry%%:*} id=${entry#*:}
			if kill -0 "$pid" 2>/dev/null; then
				left+=("$entry")
				continue
			fi
			wait "$pid" || echo "FAIL $id: the runner ended early" >"$tmp/$id/verdict"
			# Count the checks of a scenario, not the scenario: a skip inside it is a skip.
			case $(head -n1 "$tmp/$id/verdict") in
			ok*)
				passed=$((passed + $(sed -n 's/^passed //p' "$tmp/$id/result")))
				skipped=$((skipped + $(sed -n 's/^skipped //p' "$tmp/$id/result")))
				;;
			skip*) skipped=$((skipped + 1)) ;;
			*) failed=$((failed + 1)) ;;
			esac
			[ ! -s "$tmp/$id/lost" ] || lost=$((lost + $(wc -l <"$tmp/$id/lost")))
			[ ! -s "$tmp/$id/kernels" ] || booted=$((booted + $(cat "$tmp/$id/kernels")))
			case $quiet-$(head -n1 "$tmp/$id/verdict") in
			1-ok*) ;;
			*) cat "$tmp/$id/verdict" ;;
			esac
		done
		running=(${left[@]+"${left[@]}"})
		[ ${#running[@]} -ge "$1" ] || return 0
		sleep 0.2
	done
}

# Begins with the scenarios that took longest the last time, so that a short one is the last and no processor idles. For
# an unknown scenario, assumes a part of its timeout.
by_time() {
	local file name time _
	for file; do
		name=${file##*/} name=${name%.sh}
		time=''
		[ ! -s "$logs/$name/seconds" ] || read -r time _ <"$logs/$name/seconds"
		[ -n "$time" ] || time=$(($(header "$file" | sed -n '8s/^$/240/;8p') / 4))
		printf '%s %s\n' "$time" "$file"
	done | sort -k 1,1nr -s | cut -d ' ' -f 2-
}

mapfile -t scenarios < <(by_time "${scenarios[@]}")
for file in "${scenarios[@]}"; do
	case " $(header "$file" | head -n1) " in
	*" vm "*) ;;
	*) continue ;;
	esac
	for ((n = 1; n <= times; n++)); do
		collect "$jobs"
		id=${file##*/} id=${id%.sh}
		[ "$times" = 1 ] || id=$id.$n
		mkdir -p "$tmp/$id"
		run_one "$file" "$id" &
		running+=("$!:$id")
	done
done
collect 1

mapfile -t jsons < <(find "$tmp" -mindepth 2 -maxdepth 2 -name json -size +0)
[ -n "$quiet" ] || [ ${#jsons[@]} = 0 ] || python3 "$top/tests/schema.py" "${jsons[@]}" || failed=$((failed + 1))
say "vm: $booted kernels booted"
say "vm: $lost machines froze or died; where no check had failed, they were run again"
allowed=$(sed -n 's/^vm-again \([0-9]*\) .*/\1/p' "$top/tests/skips")
if [ "$lost" -gt "${allowed:-0}" ]; then
	echo "FAIL more than ${allowed:-0} (tests/skips)"
	failed=$((failed + 1))
fi
say "vm: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
