#!/bin/bash
# Runs scenarios on the fake machine, and the fake kernel's own test.
# usage: tests/fake/run.sh [-v] [-l LOG] [SCENARIO...]
#   -v  show the output of each scenario
#   -l  absent, reworded, wrapped or unreadable: the state of the log of each kernel that a kexec started, in all
#       scenarios that have a kexec; "all": each of these in turn, "some": one for each scenario. The exit statuses and
#       results must be the same as with a whole log. log-words lists the only texts that may differ.
# SCENARIO is a file or a name; default: all scenarios that have "fake" in their TIERS, and the self-test.
# Runs more scenarios at a time than there are processors, since they mostly wait.
#
# Needs in $BUILD (default build/tests):
#   plant         tests/tree/plant.c tests/handover.c                         -lz -lfdt
#   fake-kernel   tests/fake/{kernel,tree,kmsg,pci,file,vfio,luo,kexec,process,state,calls}.c tests/handover.c   -lz -lfdt
#   selftest      tests/fake/{selftest,client}.c + the objects of lib/        -lcmocka and what lib needs
#   manager, hammer  tests/manager.c, tests/hammer.c
#   standin       tests/standin.c, tests/fake/client.c + the objects of lib/
#   vfio-lu-fake  tests/fake/{main,fault,kill,client}.c + the objects of lib/ and of cli/, without the one that has main()
# Needs vfio-lu itself as $VFIO_LU_REAL (default: at the top), for the refusals that vfio-lu-fake cannot make.
# All are compiled with -std=gnu17 -D_GNU_SOURCE; the last two need no -I.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}"
BUILD=$(cd "$BUILD" && pwd)
export BUILD
: "${VFIO_LU_REAL:=$top/vfio-lu}"
verbose='' log=''
while getopts vl: option; do
	case $option in
	v) verbose=1 ;;
	l) log=$OPTARG ;;
	*) sed -n 's/^# usage: //p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

tmp=$(mktemp -d -p "$("$top/tests/scratch.sh")")
cleanup() {
	local machine
	wait
	for machine in "$tmp"/*/machine; do [ ! -d "$machine" ] || "$here/machine.sh" stop "$machine"; done
	chmod -R u+rwx "$tmp"
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

passed=0 failed=0 skipped=0

header() ( # FILE: prints the settings at the top of the scenario, one in a line
	TIERS=vm PHASES=1 DEVICES='' DISK='' FLAVOUR=m KERNEL_ARGS='' TIMEOUT=120
	# shellcheck source=/dev/null
	. "$1" >/dev/null
	printf '%s\n' "$TIERS" "$PHASES" "$DEVICES" "$DISK" "${FLAVOUR:-m}" "$KERNEL_ARGS" "${TIMEOUT:-120}"
)

run_phase() { # FILE PHASE TIMEOUT: runs the phase, which prints its checks
	local name=${1##*/} release=7.3.4-fake
	printf '. %s\n. %s\n' "$here/shim.sh" "$1" >"$dir/$name"
	env TIER=fake VFIO_LU="$BUILD/vfio-lu-fake" VFIO_LU_REAL="$VFIO_LU_REAL" FAKE_MACHINE="$dir/machine" FAKE_JUMP_EXIT=0 \
		EXAMPLES="$top/dist/examples" \
		SCN_ROOT="$dir/machine/root" KEPT="$dir/kept" JSONS="$dir/json" CALLS="$dir/machine/calls" DISK_BDF=0000:00:1d.0 RELEASE=$release \
		KERNEL=/boot/vmlinuz-$release INITRD=/boot/initrd.img-$release LC_ALL=C TERM=dumb SCN_QUIET='' \
		timeout "$3" sh "$top/tests/scenario/lib.sh" "$dir/$name" "$2" 2>&1 </dev/null
}

# Removes from FILE the failures that log-words allows for this scenario and log, and does not count them. A line of
# log-words whose failure did not occur is a failure, and log-words may not allow another exit status.
allow_words() { # FILE
	awk -v name="${name%.*}" -v log_="$FAKE_LOG" '
		FNR == NR {
			if (/^#/ || !NF) next
			scenario = $1; logs = "," $2 ","; phase = $3
			sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "")
			sub(/ +$/, "")
			if (/: exit /) print "FAIL  log-words lists an exit status: " $0
			if (scenario == name && (logs == ",*," || index(logs, "," log_ ","))) allowed[phase " " $0] = 1
			next
		}
		/^VLU-PHASE / { phase = $0; sub(/.*phase=/, "", phase); failed = 0 }
		/^FAIL / {
			text = $0
			sub(/^FAIL +/, "", text)
			sub(/ +$/, "", text)
			found = 0
			for (key in allowed)
				if (index(phase " " text, key) == 1) found = seen[key] = 1
			if (found) { failed++; print "words " text; next }
		}
		/^VLU-RESULT / && match($0, / fail=[0-9]+/) {
			n = substr($0, RSTART + 6, RLENGTH - 6) - failed
			$0 = substr($0, 1, RSTART - 1) " fail=" n substr($0, RSTART + RLENGTH)
		}
		{ print }
		END {
			for (key in allowed)
				if (!(key in seen)) print "VLU-RESULT phase=0 pass=0 fail=1 log-words lists what does not differ: " key
		}' "$here/log-words" "$1" >"$1.new"
	mv "$1.new" "$1"
}

# Prints one line about the failure, or nothing if all is well.
why_failed() { # PHASES FILE
	local phase lines
	if [ -n "$log" ] && grep -a -m 1 'log-words lists' "$2"; then return; fi
	for ((phase = 1; phase <= $1; phase++)); do
		lines=$(grep -a "^VLU-RESULT .* phase=$phase pass=" "$2" || :)
		if [ -z "$lines" ]; then
			echo "phase $phase: no result"
			return
		fi
		if grep -qv ' fail=0 ' <<<"$lines"; then
			echo "phase $phase: $(grep -am1 '^FAIL ' "$2" | sed 's/^FAIL *//')"
			return
		fi
	done
	grep -aq '^VLU-RESULT.* pass=[1-9]' "$2" || echo "nothing was tested"
}

sum() { sed -n "s/^VLU-RESULT.* $1=\([0-9]*\).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

run_one() { # FILE
	local phases devices disk flavour arguments timeout phase=1 why
	{
		read -r _; read -r phases; read -r devices; read -r disk; read -r flavour
		read -r arguments; read -r timeout
	} < <(header "$1")
	mkdir "$dir/kept"
	# shellcheck disable=SC2086 # words
	if ! DISK=$disk FLAVOUR=$flavour KERNEL_ARGS=$arguments RELEASE=7.3.4-fake \
		"$here/machine.sh" start "$dir/machine" $devices >/dev/null; then
		echo "FAIL $name: no machine"
		failed=1
		return
	fi
	: >"$dir/out"
	while :; do
		run_phase "$1" $phase "$timeout" >>"$dir/out" || break
		[ -e "$dir/kept.jumped" ] || break
		rm "$dir/kept.jumped"
		phase=$((phase + 1))
	done
	[ -z "$log" ] || allow_words "$dir/out"
	[ -z "$verbose" ] || cat "$dir/out"
	why=$(why_failed "$phases" "$dir/out")
	[ ! -s "$dir/machine/log" ] || why="the fake kernel said: $(grep -m 3 . "$dir/machine/log" | tr '\n' ' ')"
	[ "$phase" -le "$phases" ] || why="phase $phase has begun, but PHASES is $phases"
	"$here/machine.sh" stop "$dir/machine"
	if [ -z "$log" ]; then
		mkdir -p "$BUILD/calls"
		cp "$dir/machine/calls" "$BUILD/calls/$name"
		cp "$dir/out" "$BUILD/calls/$name.out"
	fi
	if [ -n "$why" ]; then
		failed=1
		echo "FAIL $name: $why"
		[ -n "$verbose" ] || tail -n 30 "$dir/out" | sed 's/^/    /'
	else
		passed=1
		echo "ok   $name: $phases phases, $(sum pass "$dir/out") passed, $(sum skip "$dir/out") skipped"
	fi
	skipped=$(sum skip "$dir/out")
}

self_test() {
	local all
	"$BUILD/selftest" "$here/machine.sh" "$dir/machine" >"$dir/out" 2>&1 || :
	passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$dir/out")
	failed=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$dir/out")
	all=$(sed -n 's/^\[==========\] Running \([0-9]*\) test.*/\1/p' "$dir/out")
	# A test that neither passed nor failed is a failure.
	[ "$((${passed:-0} + ${failed:-0}))" = "${all:-none}" ] || failed=$((${all:-1} - ${passed:-0}))
	if [ -z "$passed" ] || [ -n "$failed" ]; then
		grep -v '^\[ RUN\|^\[       OK' "$dir/out"
	else
		echo "ok   the fake kernel reacts as measured: $passed tests"
	fi
	: "${passed:=0}" "${failed:=0}"
	[ "$passed" != 0 ] || failed=$((failed + 1))
}

names=() running=0 jobs=$((2 * $(nproc 2>/dev/null || echo 1)))
begin() { # NAME COMMAND...: runs the command with a directory of its own
	local name=$1 dir=$tmp/$1
	shift
	names+=("$name")
	mkdir "$dir"
	[ $running -lt "$jobs" ] || { wait -n || :; running=$((running - 1)); }
	{ "$@" >"$dir/said"; cat "$dir/said"; echo "$passed $failed $skipped" >"$dir/counts"; } &
	running=$((running + 1))
}

logs=''
case $log in
'') ;;
all | some) logs="absent reworded wrapped unreadable" ;;
absent | reworded | wrapped | unreadable) logs=$log ;;
*) sed -n 's/^# usage: //p' "$0" >&2; exit 2 ;;
esac

if [ $# = 0 ]; then
	[ -n "$log" ] || begin self-test self_test
	# Begin with the scenarios that wait most, by the number of waits in their text.
	mapfile -t files < <(grep -cE 'sleep|--timeout' "$top"/tests/scenario/*.sh | sort -t: -k2,2nr | cut -d: -f1)
	for file in "${files[@]}"; do
		[ "${file##*/}" = lib.sh ] || set -- "$@" "$file"
	done
fi

for name; do
	for file in "$name" "$top/tests/scenario/$name.sh"; do
		[ ! -f "$file" ] || break
	done
	[ -f "$file" ] || { echo "run.sh: no scenario $name" >&2; exit 1; }
	# Read the whole header: head would end the pipe early, which pipefail counts as a failure.
	tiers=$(header "$file")
	case " ${tiers%%$'\n'*} " in
	*" fake "*) ;;
	*) continue ;;
	esac
	name=${file##*/} name=${name%.sh}
	if [ -z "$log" ]; then
		begin "$name" run_one "$(realpath "$file")"
		continue
	fi
	# scenarios with one kernel have no kexec
	phases=${tiers#*$'\n'}
	[ "${phases%%$'\n'*}" -gt 1 ] || continue
	for FAKE_LOG in $logs; do
		export FAKE_LOG
		begin "$name.$FAKE_LOG" run_one "$(realpath "$file")"
		[ "$log" != some ] || { logs="${logs#* } $FAKE_LOG"; break; }
	done
done
wait

for name in ${names[@]+"${names[@]}"}; do
	if read -r p f s 2>/dev/null <"$tmp/$name/counts" && [ $((p + f)) -gt 0 ]; then
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	else
		failed=$((failed + 1))
		echo "FAIL $name: ran and left no verdict"
	fi
done

mapfile -t jsons < <(find "$tmp" -path '*/machine' -prune -o -type f -name json -print)
if [ ${#jsons[@]} -gt 0 ] && python3 -c 'import jsonschema' 2>/dev/null; then
	if python3 "$top/tests/schema.py" "${jsons[@]}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi
echo "fake${log:+-log}: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
