#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs each cell of tests/matrix, a command for a standing (the state of a session), on the fake machine.
# usage: tests/fake/matrix.sh [-f N] [-j N] [-p] [STANDING...]
#   -f  fewer: only every Nth cell, and lead-on for half of the standings
#   -j  the number of standings at a time (default: twice the number of processors)
#   -p  print the resulting rows with all output, and compare nothing
#
# Each cell starts from the standing, which is made again if the previous cell changed the machine. A cell compares the
# exit status, the standings of all sessions afterwards, and the named words. For each standing, "lead-on" follows the
# next commands of status, step by step, until there are no sessions.
# These are failures, too: a standing of the program (lib/ledger/standing.c) or a changing command that has no cells, a
# missing or a superfluous cell, and a cell that is missing in the VM scenario which it names.
#
# Needs the programs that run.sh needs, and jq.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}"
BUILD=$(cd "$BUILD" && pwd)
export BUILD
a=0000:01:00.0 b=0000:02:00.0 c=0000:03:00.0 image="/boot/vmlinuz-7.3.4-fake --initrd=/boot/initrd.img-7.3.4-fake"

# The commands: NAME ARGUMENT... Commands on a session get --session if the standing is about another session than the
# default.
columns="bind-other bind $c
bind-same bind $a
unbind unbind $a
unbind-other unbind $c
preserve-other preserve $c
preserve-same preserve $a $b
release release
release-one release $b
release-abandon release --abandon
load load $image
kexec-dry-run kexec --dry-run
kexec kexec
kexec-force kexec --force
restore restore
restore-dry-run restore --dry-run
run run -- true
finish finish
finish-dry-run finish --dry-run
finish-discard finish --discard all
status status
status-json status --json"
# The commands that change something and have no cells, with the reason.
exempt="hold: the other commands start it, and send it requests"

# --------------------------------------------------------------- standings

# "WORD" or "WORD.MORE": at least one session has the standing WORD (none: there is no session). A function of this name,
# with "__" for "." and "_" for "-", makes it.

need() { # ARGUMENT...: runs a step that must succeed
	tool "$@"
	case $1-$status in
	*-0 | kexec-90) ;;
	*) die "cannot make it: $* gave $status: $err" ;;
	esac
}
json() { "$BUILD/vfio-lu-fake" --timeout "$patience" status --json 2>/dev/null </dev/null | jq -r "$1"; }
holder() { json '.holder.pid'; }
soon() { # COMMAND...: waits until it succeeds
	local tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || die "waited in vain for: $*"
		sleep 0.02
	done
}
no_holder() { ! "$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state | grep -q '^process hold'; }
kill_holder() {
	kill -KILL "$(holder)"
	soon no_holder
}
# Starts our VMM in the background, and waits until it has printed N lines.
vmm() { # N COMMAND...
	local lines=$1
	shift
	: >"$dir/vmm"
	"$@" >"$dir/vmm" 2>&1 </dev/null &
	vmm=$!
	soon said "$lines"
}
said() { [ "$(wc -l <"$dir/vmm")" -ge "$1" ]; }
# Save the promise, and put the saved one back later.
remember() { for d in run var/lib; do cp "$root/$d/vfio-lu/vfio-lu.json" "$dir/${d##*/}.json"; done; }
promise() { for d in run var/lib; do cp "$dir/${d##*/}.json" "$root/$d/vfio-lu/vfio-lu.json"; done; }

none() { need bind $a $b $c; }
held() { need bind $a $b $c; need preserve $a $b; }
held__loaded() { held; need load $image; }
# one session for the next kernel, and one of the previous kernel
held__overlap() { waiting; need preserve $c --session other; need load $image; }
# a VM has a device that is in no session; a VM has the session's device, and its memory is in the session
held__vm() { held__loaded; vmm 1 "$BUILD/standin" open=$c wait; }
held__vmm() {
	need bind $a $b $c
	vmm 2 "$BUILD/standin" open=$a memfd=1 wait
	need preserve --pid "$vmm" --fd "$(sed -n 's/^memfd \([0-9]*\).*/\1/p' "$dir/vmm")=guest"
	need load $image
}
# preserve was killed after the holder had the file and before the promise; a part of the promise is gone
incomplete__opened() { need bind $a $b $c; need preserve $a; remember; need preserve $b; promise; }
incomplete__part() { need bind $a $b $c; need preserve $a $b; remember; need release $b; promise; }
lost__outgoing() { held; kill_holder; }
stop_holder() {
	stopped=$(holder)
	kill -STOP "$stopped"
}
unknown__silent() { held; stop_holder; }
unknown__silent_restored() { restored; stop_holder; }
unknown__restarting() { # the holder restarts when "go" is written to
	local old
	rm -rf "$dir/manager" "$dir/go"
	mkdir "$dir/manager"
	mkfifo "$dir/go"
	printf '%s\n' '#!/bin/sh' "read -r _ <'$dir/go'" "exec '$BUILD/vfio-lu-fake' hold" >"$dir/slow"
	chmod +x "$dir/slow"
	"$BUILD/manager" "$dir/manager" "$dir/slow" >/dev/null 2>&1 </dev/null &
	manager=$!
	echo >"$dir/go"
	soon grep -qs '^ready' "$dir/manager/log"
	need bind $a $b $c
	need preserve $a $b
	old=$(cat "$dir/manager/pid")
	kill -KILL "$old"
	soon another "$old"
	patience=0
	soon restarting
}
another() { [ "$(cat "$dir/manager/pid")" != "$1" ]; }
restarting() { [ "$(json .holder.health)" = restarting ]; }

waiting() { held__loaded; need kexec; need bind $c; }
waiting__second() {
	need bind $a $b $c
	need preserve $a
	need preserve $b --session second
	need load $image
	need kexec
	need restore
	need bind $c
}
restored() { waiting; need restore; }
restored__second() { waiting__second; }
restored__lent() { restored; vmm 1 "$BUILD/vfio-lu-fake" run -- "$BUILD/standin" env=LISTEN_FDS wait; }
restored__bound() {
	restored
	vmm 2 "$BUILD/vfio-lu-fake" run -- "$BUILD/standin" "bind={$a},{iommufd}" "bind={$b},{iommufd}" wait
}
restored__memory() { held__vmm; kill -KILL "$vmm"; wait "$vmm" 2>/dev/null || :; need kexec; need restore; need bind $c; }
partly_restored__absent() { # one device has disappeared
	waiting
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" vanish $b
	tool restore
	[ $status = 6 ] || die "restore gave $status"
}
partly_restored__failed() { # the kernel did not return one file: the second, since the first is the manifest
	waiting
	FAKE_FAULT=3:EIO FAKE_FAULT_ONLY="ioctl RETRIEVE_FD" tool restore
	[ $status = 6 ] || die "restore gave $status: $err"
}
finished() {
	restored__bound
	kill_holder
	kill -KILL "$vmm"
	wait "$vmm" 2>/dev/null || :
}
lost__leaked() { restored; kill_holder; }
lost__cold() { # only the manifest is left
	held
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" spawn kexec -c -l $image --command-line="kho=on liveupdate=on" || :
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" spawn kexec -e || :
	need bind $a $b $c
}
# no process holds the restored session, and the log does not tell what happened to it
unknown__unheld() { lost__leaked; }

standings="none held held.loaded held.overlap held.vm held.vmm incomplete.opened incomplete.part lost.outgoing unknown.silent
	unknown.restarting waiting waiting.second restored restored.second restored.lent restored.bound restored.memory
	unknown.silent-restored partly-restored.absent partly-restored.failed finished lost.leaked lost.cold unknown.unheld"

session_of() { case $1 in waiting.second) echo second ;; held.overlap) echo other ;; esac; }
# The timeout in seconds: short for a holder that does not answer, long for all others.
patience_of() {
	case $1 in
	unknown.silent* | unknown.restarting) echo 0 ;;
	restored.lent | unknown.unheld) echo 1 ;;
	*) echo 60 ;;
	esac
}
log_of() { [ "$1" != unknown.unheld ] || echo absent; }

# ------------------------------------------------------------------- a unit

usage() { sed -n '/^# usage/,/^#   -p/s/^# //p' "$0" >&2; exit 2; }
fewer=1 print='' jobs=$((2 * $(nproc)))
while getopts f:j:p option; do
	case $option in
	f) fewer=$OPTARG ;;
	j) jobs=$OPTARG ;;
	p) print=1 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

tmp=$(mktemp -d -p "$("$top/tests/scratch.sh")")
cleanup() {
	local machine pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null || :
	wait
	for machine in "$tmp"/*/machine; do [ ! -d "$machine" ] || "$here/machine.sh" stop "$machine"; done
	rm -rf "$tmp"
}
trap cleanup EXIT
# joins the continuation lines, so that each row is one line
awk '/^#/ || !NF { next } /^\t/ { sub(/^\t/, ";"); printf "%s", $0; next } { printf "%s%s", nl, $0; nl = "\n" } END { print "" }' \
	"$top/tests/matrix" >"$tmp/table"
table=$tmp/table
trap 'exit 130' INT
trap 'exit 143' TERM HUP

die() {
	echo "FAIL $standing${command:+ $command}: $*"
	exit 1
}

tool() { # ARGUMENT...
	status=0
	"$BUILD/vfio-lu-fake" --timeout "$patience" "$@" </dev/null >"$dir/out" 2>"$dir/err" || status=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}

# Sets $now to the standings of all sessions: "none", "held", or with another session "restored,second=waiting".
stands() {
	json '[.sessions[] | (if .name == "vfio-lu" then "" else .name + "=" end) + .state] | join(",")' >"$dir/stands"
	now=$(cat "$dir/stands")
	now=${now:-none}
}
state() { "$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state; "$BUILD/vfio-lu-fake" --timeout "$patience" status --json 2>&1 </dev/null || :; }

gone() { [ -z "$(ls "/proc/$1/fd" 2>/dev/null)" ]; }

anew() {
	local name=${standing//./__} child
	if [ -n "$manager" ]; then
		child=$(cat "$dir/manager/pid")
		kill -KILL "$manager" "$child" || :
		wait "$manager" || :
		# wait until it is dead: it has duplicates of the files that the manager kept
		soon gone "$child"
		manager=''
	fi
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" anew
	wait
	# a device that was removed from the machine does not come back
	if [ "$standing" = partly-restored.absent ]; then
		"$here/machine.sh" stop "$FAKE_MACHINE"
		start
	fi
	patience=60
	"${name//-/_}"
	patience=$(patience_of "$standing")
	stands
	[[ ",${now//*=/,}," == *",${standing%%.*},"* ]] || [[ ",$now," == *",${standing%%.*},"* ]] ||
		die "stands as $now"
	before=$(state)
}

start() { "$here/machine.sh" start "$FAKE_MACHINE" nvme e1000e edu >/dev/null; }

row() { # prints the row
	printf '%s %s %s %s - %s\n' "$standing" "$command" "$status" "$now" "$*"
}

# Reports a failure. The next cell is tried all the same.
wrong() {
	failed=$((failed + 1))
	echo "FAIL $standing $command: $*"
	sed 's/^/    /' "$dir/out" "$dir/err"
}

cell() { # ARGUMENT...: the arguments of $command
	local want_status want_now words word session
	session=$(session_of "$standing")
	if [ -n "$session" ]; then
		case $1 in
		preserve | release | restore | run | finish) set -- "$1" --session "$session" "${@:2}" ;;
		esac
	fi
	tool "$@"
	stands
	if [ -n "$print" ]; then
		row "$(tr '\n' '|' <"$dir/out")##$(tr '\n' '|' <"$dir/err")"
	else
		read -r _ _ want_status want_now _ words < <(grep "^$standing $command " "$table")
		if [ "$status" != "$want_status" ]; then
			wrong "exit $status, expected $want_status"
		elif [ "$now" != "$want_now" ]; then
			wrong "the sessions stand as $now, expected $want_now"
		else
			passed=$((passed + 1))
		fi
		while [ -n "$words" ] && [ "$words" != - ]; do
			word=${words%%;*}
			words=${words#"$word"} words=${words#;}
			while [ "${word# }" != "$word" ]; do word=${word# }; done
			[[ $out$err == *"$word"* ]] || wrong "nothing says '$word'"
		done
	fi
	[ "$before" = "$(state)" ] || anew
}

# Removes the obstacle to the next step that the text names.
unblock() { # TEXT
	local pid
	case $standing-$1 in
	unknown.silent*"process "*) kill -CONT "$(sed -n 's/.*process \([0-9]*\).*/\1/p' <<<"$1")" ;;
	unknown.silent*) kill -CONT "$stopped" ;;
	unknown.restarting*) echo >"$dir/go" ;;
	*)
		pid=$(sed -n 's/.*process \([0-9]*\) (.*/\1/p' <<<"$1" | head -n 1)
		[ -n "$pid" ] || die "blocked by: $1"
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || :
		chain+="; (end it)"
		return
		;;
	esac
	patience=60
	soon answers
	chain+="; (await it)"
}
answers() { [ "$(json .holder.health)" = answers ]; }

# Sets $argv to the next command that has no obstacle.
next_words() {
	local word device session
	session=$(json '[.sessions[] | select(.next != null and .blocked_by == [])][0]')
	next=$(jq -r '.next // [] | join(" ")' <<<"$session")
	argv=() lines=''
	while read -r word; do
		case $word in
		vfio-lu | '') ;;
		KERNEL) argv+=("${image% *}" "${image#* }") ;;
		COMMAND)
			argv+=("$BUILD/standin")
			for device in $(jq -r '.devices[] | select(.state == "retrieved") | .bdf' <<<"$session"); do
				argv+=("bind={$device},{iommufd}")
			done
			for device in $(jq -r '.files[].name' <<<"$session"); do
				argv+=("sum={$device}")
			done
			lines=$(grep -c '^bind=\|^sum=' < <(printf '%s\n' "${argv[@]}"))
			argv+=(wait)
			;;
		*) argv+=("$word") ;;
		esac
	done < <(jq -r '.next // [] | .[]' <<<"$session")
}

# Follows the next commands until there are no sessions.
lead_on() {
	local chain='' steps=0 was next argv lines
	while stands; [ "$now" != none ]; do
		steps=$((steps + 1)) was=$now
		if [ $steps -gt 12 ]; then
			wrong "it leads in circles: $chain"
			break
		fi
		next_words
		if [ -z "$next" ]; then
			was=$(json '[.sessions[].blocked_by[]] | join("\n")')
			if [ -z "$was" ]; then
				wrong "nothing leads on from $now: $chain"
				break
			fi
			unblock "$was"
			continue
		fi
		if [ -n "$lines" ]; then
			# a VM that keeps running
			vmm "$lines" "$BUILD/vfio-lu-fake" "${argv[@]}"
			status=0
		else
			tool "${argv[@]}"
		fi
		chain+="; ${next#vfio-lu }"
		case ${argv[*]}-$status in
		*-0 | kexec-90) ;;
		"finish --wait"*-5)
			# the VM was given the device and does not bind it
			kill -KILL "$vmm"
			wait "$vmm" 2>/dev/null || :
			chain+=" gives 5; (end it)"
			;;
		*)
			chain+=" gives $status"
			stands
			if [ "$was" = "$now" ]; then
				wrong "$next changes nothing: $chain"
				break
			fi
			;;
		esac
	done
	chain=${chain#; } status=0
	if [ -n "$print" ]; then
		row "${chain:--}"
	elif [ "$now" = none ]; then
		if [ "$standing lead-on 0 none - ${chain:--}" = "$(grep "^$standing lead-on " "$table")" ]; then
			passed=$((passed + 1))
		else
			wrong "it leads on by: ${chain:--}"
		fi
	fi
}

unit() { # STANDING
	standing=$1 command='' dir=$tmp/$1
	local passed=0 failed=0 n=0 before now out err status vmm='' manager='' stopped='' patience=60 words
	mkdir "$dir"
	export FAKE_MACHINE=$dir/machine
	root=$FAKE_MACHINE/root
	FAKE_LOG=$(log_of "$standing")
	export FAKE_LOG
	start
	anew
	while read -r command words; do
		n=$((n + 1))
		[ $(((n + ${#standing}) % fewer)) = 0 ] || continue
		# shellcheck disable=SC2086 # words
		cell $words
	done <<<"$columns"
	command=lead-on
	[ "$fewer" != 1 ] && [ $((${#standing} % 2)) = 0 ] || lead_on
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" anew
	"$here/machine.sh" stop "$FAKE_MACHINE"
	{ wait; } 2>/dev/null
	if [ -s "$FAKE_MACHINE/log" ]; then
		failed=$((failed + 1))
		echo "FAIL $standing: messages of the fake kernel:"
		cat "$FAKE_MACHINE/log"
	fi
	echo "$passed $failed" >"$dir/result"
	rm -rf "$FAKE_MACHINE"
	[ "$failed" != 0 ] || [ -n "$print" ] || echo "ok   $standing: $passed cells"
}

# ------------------------------------------------------------ the table itself

complete() { # prints missing and superfluous names
	local word name command number commands standing vm scenario
	commands=$(printf '%s\n' "$columns" | cut -d' ' -f1; echo lead-on)
	# each standing of the program is made here
	number=0
	while read -r word; do
		number=$((number + 1))
		[[ " ${standings//[$'\n\t']/ } " == *" $word"[." "]* ]] || echo "no standing $word"
	done < <(sed -n '/^const char \*vlu_standing_word/,/^}/p' "$top/lib/ledger/standing.c" | grep -o '"[^"]*"' | tr -d '"')
	[ $number -gt 5 ] || echo "the program names $number standings"
	# each command of the program that changes something has a column
	number=0
	while IFS=$'\t' read -r _ name _ _ word _; do
		[ "$word" = changes ] || continue
		number=$((number + 1))
		grep -q " $name\( \|\$\)" <<<"$columns" || [[ $'\n'$exempt == *$'\n'"$name:"* ]] || echo "no column for $name"
	done < <("$BUILD/vfio-lu-fake" --dump-commands | grep '^command')
	[ $number -gt 5 ] || echo "the program names $number commands that change something"
	# each cell has one row, and each row has a cell
	{
		for standing in $standings; do
			for command in $commands; do echo "$standing $command"; done
		done
		cut -d' ' -f1-2 "$table"
	} | sort | uniq -c | while read -r number name; do
		[ "$number" = 2 ] || echo "$number rows and cells instead of one of each: $name"
	done
	# each cell that names a scenario of the VM is in that scenario
	while read -r standing command number word vm _; do
		[ "$vm" != - ] || continue
		scenario=$top/tests/scenario/$vm.sh
		if ! grep -qs '^TIERS=.*vm' "$scenario"; then
			echo "no scenario $vm for the VM: $standing $command"
		elif [ "$vm" = matrix-vm ] && ! grep -q "^	cell $standing $command $number $word\( \|\$\)" "$scenario"; then
			echo "scenario $vm has no such cell: $standing $command $number $word"
		fi
	done <"$table"
}

passed=0 failed=0 running=0
if [ -z "$print" ]; then
	FAKE_MACHINE=$tmp/program
	export FAKE_MACHINE
	"$here/machine.sh" start "$FAKE_MACHINE" >/dev/null
	complete >"$tmp/complete"
	"$here/machine.sh" stop "$FAKE_MACHINE"
	sed 's/^/FAIL table: /' "$tmp/complete"
	failed=$(wc -l <"$tmp/complete")
fi
# shellcheck disable=SC2086 # words
[ $# -gt 0 ] || set -- $standings
for name; do
	[[ " ${standings//[$'\n\t']/ } " == *" $name "* ]] || usage
	[ $running -lt "$jobs" ] || { wait -n || :; running=$((running - 1)); }
	# in a shell of its own, which prints the messages about its killed processes
	unit "$name" &
	running=$((running + 1))
done
wait
[ -z "$print" ] || exit 0
for name; do
	if read -r p f 2>/dev/null <"$tmp/$name/result" && [ $((p + f)) -gt 0 ]; then
		passed=$((passed + p)) failed=$((failed + f))
	else
		failed=$((failed + 1))
		echo "FAIL $name: ended without a result"
	fi
done
echo "matrix: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
