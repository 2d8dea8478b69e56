#!/bin/bash
# Runs scenarios in a virtual machine with the test kernel, each in a machine of its own.
# usage: tests/vm/run.sh [-v|-vv] [-q] [-i] [-c] [-j N] [-p PROGRAM]... [SCENARIO...]
#   -v  show what a scenario prints while it runs; -vv: and the kernel's log
#   -q  show only what a scenario says and prints itself, for a demonstration
#   -i  the machine's clock counts instructions: slower, but what else this host does cannot be seen in its times
#   -c  what vfio-lu asks of the kernel goes into the file "calls" among the logs, for tests/calls.sh: of scenarios
#       that the fake kernel runs as well
#   -j  how many at a time (default 2, with -v 1)
#   -p  a program that the scenarios need in the VM, statically linked or not
# SCENARIO is a file or a name; without any, all there are. The logs stay in ~/.cache/vfio-lu/logs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd)
verbose=0 quiet='' calls='' jobs='' programs=() clock=(-accel "tcg,thread=multi")
usage() { sed -n '/^# usage/,/^# SCEN/s/^# //p' "$0" >&2; exit 2; }
while getopts vqicj:p: option; do
	case $option in
	v) verbose=$((verbose + 1)) ;;
	q) quiet=1 verbose=1 ;;
	i) clock=(-accel "tcg,thread=single" -icount "shift=2,sleep=off") ;;
	c) calls=1 ;;
	j) jobs=$OPTARG ;;
	p) programs+=("$OPTARG") ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ "$verbose" = 0 ] || jobs=${jobs:-1}
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
	[ "${file##*/}" = lib.sh ] || scenarios+=("$file")
done
[ ${#scenarios[@]} -gt 0 ] || die "no scenario"
twice=$(printf '%s\n' "${scenarios[@]##*/}" | sort | uniq -d)
[ -z "$twice" ] || die "two scenarios of one name: $twice"

header() ( # FILE: what the scenario sets at its top, a line each
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
install=''
for file in "${scenarios[@]}"; do
	suite=$(header "$file" | sed -n 10p)
	[ -n "$suite" ] || continue
	install=-i
	roots[$suite]=$("$here/rootfs.sh" "$suite" | tail -n1) || :
done
# shellcheck disable=SC2086 # none or one
"$here/initramfs.sh" $install "$tmp/initrd" "$kernel" ${programs[@]+"${programs[@]}"} "${scenarios[@]}"

# Both kernels lie under their ordinary names on a disk that outlives the jump.
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

slots() { # DEVICES: prints the words for QEMU, one a line
	local slot=0 n=0 words word function port more namespace place
	for words in $1; do
		slot=$((slot + 1)) function=0 place=$slot
		# Of more ports than the root bus has places, eight are functions of one; PORT1... are not theirs then.
		[ "$(wc -w <<<"$1")" -le 30 ] || place=$(((slot + 7) / 8)).$(((slot - 1) % 8)),multifunction=on
		printf '%s\n' -device "pcie-root-port,id=port$slot,bus=pcie.0,addr=$place,chassis=$slot,slot=$slot"
		for word in ${words//+/ }; do
			n=$((n + 1))
			port=bus=port$slot,addr=0.$function,multifunction=on
			more='' namespace=''
			case $word in
			edu | pci-testdev) ;;
			bochs-display | e1000e) more=,romfile= ;;
			virtio-net) word=virtio-net-pci more=,romfile=,disable-legacy=on,iommu_platform=on ;;
			nvme | nvme-sriov)
				printf '%s\n' -blockdev "driver=null-co,node-name=nvme$n,size=16777216,read-zeroes=on"
				more=,serial=vlu-$n
				namespace=nvme-ns,drive=nvme$n,bus=dev$n
				if [ "$word" = nvme-sriov ]; then
					printf '%s\n' -device "nvme-subsys,id=subsystem$n"
					more=$more,subsys=subsystem$n,sriov_max_vfs=2,max_ioqpairs=6,sriov_vq_flexible=4,sriov_vi_flexible=2
				fi
				word=nvme
				;;
			*) die "DEVICES: $word?" ;;
			esac
			printf '%s\n' -device "$word,id=dev$n,$port$more"
			[ -z "$namespace" ] || printf '%s\n' -device "$namespace"
			function=$((function + 1))
		done
	done
}

# Faults in the kernel's log, by the phase in which they happened. What EXPECT_LOG names is excused, with its trace.
kernel_faults() { # FILE EXPECT_LOG
	EXPECT=$2 awk '
		/\] Linux version / { phase++ }
		/\] vlu: / { next }
		/WARNING:|BUG:|Call Trace:|Kernel panic|Oops|general protection|INFO: task .* blocked/ {
			if (ENVIRON["EXPECT"] != "" && $0 ~ ENVIRON["EXPECT"]) { excused++; next }
			if (/Call Trace:/ && excused > 0) { excused--; next }
			sub(/\r$/, "")
			printf "kernel log, phase %d: %s\n", phase, $0
		}' "$1"
}

ending() { # KERNEL-LOG
	case $(tail -n 3 "$1") in
	*"reboot: Power down"*) echo "the machine was powered off" ;;
	*"reboot: Restarting"* | *"reboot: machine restart"*) echo "the machine was reset" ;;
	*) echo "the machine went away" ;;
	esac
}

# "ok", or one line on what is wrong.
verdict() { # PHASES EXPECT_LOG OUT KERNEL-LOG TIMED-OUT QEMU-STATUS
	local phase lines faults started expected='' kernels failures
	faults=$(kernel_faults "$4" "$2")
	started=$(sed -n 's/.*VLU-PHASE scenario=.* phase=\([0-9]*\)$/\1/p' "$3" | tr '\n' ' ')
	kernels=$(grep -ac '\] Linux version ' "$4" || :)
	if [ -n "$faults" ]; then
		echo "${faults%%$'\n'*}"
		return
	fi
	for ((phase = 1; phase <= $1; phase++)); do
		expected="$expected$phase "
		lines=$(grep -ao "VLU-RESULT scenario=.* phase=$phase pass=.*" "$3" || :)
		if [ -z "$lines" ]; then
			if [ -n "$5" ]; then
				echo "phase $phase: no result after $5 s"
			elif [ "$kernels" -lt "$phase" ]; then
				echo "phase $phase never came: $(ending "$4")"
			else
				echo "phase $phase: no result, $(ending "$4")"
			fi
			return
		fi
		if [[ $lines =~ ' fail='[1-9] ]]; then
			failures=$(sed -n "/VLU-PHASE .* phase=$phase\$/,/VLU-PHASE .* phase=$((phase + 1))\$/s/^FAIL *//p" "$3")
			echo "phase $phase: ${failures%%$'\n'*}"
			return
		fi
	done
	if [ -n "$5" ]; then
		echo "still running after $5 s"
	elif [ "$started" != "$expected" ]; then
		echo "phases came as $started, expected $expected"
	elif [ "$6" != 0 ]; then
		echo "QEMU ended with $6"
	elif [ "$(sum pass "$3")" = 0 ]; then
		echo "nothing was tested"
	else
		echo ok
	fi
}

sum() { # pass|skip OUT
	sed -n "s/.*VLU-RESULT .* $1=\([0-9]*\).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

run_one() { # FILE
	local file=$1 name dir tiers phases devices disk flavour arguments expect timeout extra suite why_not vlu
	local qemu='' status=0 timed_out='' start=$SECONDS why='' args=() tails=()
	trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null; exit 143' TERM HUP
	name=${file##*/} name=${name%.sh}
	dir=$tmp/$name
	# What an earlier run left is no result of this one.
	rm -rf "${logs:?}/$name"
	{
		read -r tiers; read -r phases; read -r devices; read -r disk; read -r flavour
		read -r arguments; read -r expect; read -r timeout; read -r extra; read -r suite
		read -r why_not
	} < <(header "$file")
	timeout=${timeout:-$((60 + 60 * phases))}
	# Only what ran on the fake as well can be compared. To be watched takes time.
	if [[ $calls && " $tiers " == *" fake "* && -z $why_not ]]; then
		timeout=$((timeout * 2))
	else
		calls=''
	fi
	if [ -z "$flavour" ]; then
		flavour=m
		[ -e "$kernel/m" ] || flavour=y
	elif [ ! -e "$kernel/$flavour" ]; then
		echo "skip $name: needs vfio-pci as $flavour, the kernel named has it otherwise" >"$dir/verdict"
		return 0
	fi
	if [ -n "$suite" ] && [ ! -f "${roots[$suite]}" ]; then
		echo "FAIL $name: no root file system of $suite" >"$dir/verdict"
		return 0
	fi
	slots "$devices" >"$dir/slots"
	mapfile -t args <"$dir/slots"
	# shellcheck disable=SC2206 # words for QEMU
	args+=($extra)
	# What is written to it lives as long as the machine, over every jump.
	[ -z "$suite" ] || args+=(-drive "if=none,id=root,format=raw,file=${roots[$suite]},snapshot=on"
		-device "nvme,serial=vlu-root,drive=root,bus=pcie.0,addr=1c.0")
	cp --sparse=always "$tmp/disk.img" "$dir/disk.img"
	touch "$dir/out" "$dir/kernel.log"
	# Under load, an emulated timer can miss the kernel's own test of it, and the processor's counter be taken to
	# run fifty times slower than it does: then timeouts end at once.
	vlu="no_timer_check tsc=unstable clocksource=hpet vlu.scenario=$name vlu.phase=1 vlu.flavour=$flavour${disk:+ vlu.disk=$disk}${quiet:+ vlu.quiet=1}${calls:+ vlu.calls=1}${suite:+ vlu.root=$suite}"
	# Not KVM: a nested one may open and then hang the guest.
	# -no-reboot makes a reset end the machine, so that a later phase proves a kexec.
	qemu-system-x86_64 "${clock[@]}" -cpu max -machine q35,kernel-irqchip=split -m 1G -smp 2 \
		-nodefaults -no-user-config -display none -monitor none -no-reboot \
		-serial "file:$dir/kernel.log" -serial "file:$dir/out" \
		-device intel-iommu,intremap=on \
		-drive "if=none,id=disk,format=raw,file=$dir/disk.img,cache=unsafe" \
		-device nvme,serial=vlu-disk,drive=disk,bus=pcie.0,addr=1d.0 "${args[@]}" \
		-kernel "$kernel/$flavour/bzImage" -initrd "$tmp/initrd" \
		-append "console=ttyS0 panic=-1 printk.devkmsg=on kho=on liveupdate=on $vlu${arguments:+ $arguments}" \
		</dev/null >"$dir/qemu.log" 2>&1 &
	qemu=$!
	if [ "$verbose" -ge 1 ]; then
		tail -n +1 -f -s 0.1 --pid="$qemu" "$dir/out" | sed -u '/^VLU-/d' &
		tails+=("$!")
	fi
	if [ "$verbose" -ge 2 ]; then
		tail -n +1 -f -s 0.1 --pid="$qemu" "$dir/kernel.log" | sed -u 's/\r$//' &
		tails+=("$!")
	fi
	while kill -0 "$qemu" 2>/dev/null; do
		if [ $((SECONDS - start)) -ge "$timeout" ]; then
			timed_out=$timeout
			kill "$qemu"
		fi
		sleep 0.2
	done
	wait "$qemu" || status=$?
	qemu=
	[ ${#tails[@]} = 0 ] || wait "${tails[@]}" || :
	[ -z "$timed_out" ] || status=0
	why=$(verdict "$phases" "$expect" "$dir/out" "$dir/kernel.log" "$timed_out" "$status")
	if [ -n "$calls" ]; then
		sed -n '/^VLU-CALLS$/,/^VLU-CALLS-END$/{/^VLU-CALLS/!p}' "$dir/out" >"$dir/calls"
		sed -i '/^VLU-CALLS$/,/^VLU-CALLS-END$/d' "$dir/out"
	fi
	rm -f "$dir/disk.img"
	cp -r "$dir" "$logs/$name"
	if [ "$why" != ok ]; then
		{
			echo "FAIL $name: ${why:-no verdict} ($((SECONDS - start)) s)"
			echo "  the scenario, last lines ($logs/$name/out):"
			tail -n 40 "$dir/out" | sed 's/^/    /'
			echo "  the kernel, last lines ($logs/$name/kernel.log):"
			tail -n 12 "$dir/kernel.log" | sed 's/\r$//; s/^/    /'
			sed '/has no peer/d; s/^/  qemu: /' "$dir/qemu.log"
		} >"$dir/verdict"
	else
		echo "ok   $name: $phases phases, $(sum pass "$dir/out") passed, $(sum skip "$dir/out") skipped," \
			"$((SECONDS - start)) s" >"$dir/verdict"
	fi
}

passed=0 failed=0 skipped=0 running=()
# Reports those that ended; waits until fewer than $1 run.
collect() {
	local left pid entry name
	while :; do
		left=()
		for entry in ${running[@]+"${running[@]}"}; do
			pid=${entry%%:*} name=${entry#*:}
			if kill -0 "$pid" 2>/dev/null; then
				left+=("$entry")
				continue
			fi
			wait "$pid" || echo "FAIL $name: the runner ended early" >"$tmp/$name/verdict"
			# What a scenario checked counts, not the scenario: a skip inside one is a skip.
			case $(head -n1 "$tmp/$name/verdict") in
			ok*)
				passed=$((passed + $(sum pass "$tmp/$name/out")))
				skipped=$((skipped + $(sum skip "$tmp/$name/out")))
				;;
			skip*) skipped=$((skipped + 1)) ;;
			*) failed=$((failed + 1)) ;;
			esac
			case $quiet-$(head -n1 "$tmp/$name/verdict") in
			1-ok*) ;;
			*) cat "$tmp/$name/verdict" ;;
			esac
		done
		running=(${left[@]+"${left[@]}"})
		[ ${#running[@]} -ge "$1" ] || return 0
		sleep 0.2
	done
}

# Those with the most time first, so that the last is a short one and no processor waits for it.
by_time() {
	local file time
	for file; do
		time=$(header "$file" | sed -n 8p)
		printf '%s %s\n' "${time:-0}" "$file"
	done | sort -k 1,1nr -s | cut -d ' ' -f 2-
}

mapfile -t scenarios < <(by_time "${scenarios[@]}")
for file in "${scenarios[@]}"; do
	case " $(header "$file" | head -n1) " in
	*" vm "*) ;;
	*) continue ;;
	esac
	collect "$jobs"
	name=${file##*/}
	mkdir -p "$tmp/${name%.sh}"
	run_one "$file" &
	running+=("$!:${name%.sh}")
done
collect 1

say "vm: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
