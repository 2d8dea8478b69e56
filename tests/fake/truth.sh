# shellcheck shell=bash
# shellcheck disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# Reads the state of a fake machine, and compares status with it. To be sourced; $dir is the directory of the machine.

slurp() { IFS= read -r -d '' "$1" <"$2" || :; }

# Waits until other processes have ended. Then sets $state to the state of the machine, and writes the answer of status
# to $dir/json.
look() {
	local tries=0
	while :; do
		"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state >"$dir/state"
		slurp state "$dir/state"
		# a service manager runs as long as there are files to keep, so it is not waited for
		state=${state//$'\nprocess '"$dir/manager"/}
		if [[ ${state//$'\nprocess hold'/} != *$'\nprocess '* ]] || [ $tries = 500 ]; then break; fi
		tries=$((tries + 1))
		sleep 0.01
	done
	# status waits only a second for the holder, which may be slow on a busy machine
	for ((tries = 0; tries < 20; tries++)); do
		"$BUILD/vfio-lu-fake" --json status </dev/null >"$dir/json" 2>"$dir/status.err" || :
		grep -q '"complete": false' "$dir/json" || break
	done
}

# Looks until the state has not changed for a while: work that a command leaves to the holder may take long.
settle() {
	local last='' same=0
	while [ $same -lt 10 ]; do
		look
		if [ "$state" = "$last" ]; then same=$((same + 1)); else last=$state same=0; fi
		sleep 0.03
	done
}

# Prints the wrong statements of status, and the facts that status does not mention.
lies() {
	jq -r --rawfile state "$dir/state" --arg jumped "${jumped:-}" \
		--arg binds "${binds:-}" '
		def list(re): [$state | split("\n")[] | capture(re)];
		list("^session (?<name>[^ ]+) (?<way>outgoing|incoming)(?<retrieved> retrieved)?$") as $sessions |
		list("^session (?<name>[^ ]+) has 0x[0-9a-f]+ (?<bdf>[0-9a-f:.]+) (?<as>.*)$") as $entries |
		list("^(?<bdf>[0-9a-f:.]+) driver=.* files=(?<files>[1-9])") as $open |
		any($state | split("\n")[]; . == "process hold") as $held |
		($held and any($state | split("\n")[]; startswith("open session "))) as $kept |
		. as $says |
		def kernel(name; way): [$sessions[] | select(.name == name and .way == way)][0];
		def entry(name; bdf): [$entries[] | select(.name == name and .bdf == bdf)][0];
		def lie(no; text): if no then text else empty end;
		lie(.complete | not; "complete is false"),
		# a holder that holds nothing may be starting or ending
		lie($kept and .holder.health != "answers"; "a holder runs, but status has holder \(.holder)"),
		(.sessions[] | . as $s | kernel($s.name; $s.direction) as $k | (
			lie(.state == "unknown" or .direction == "unknown"; "session \(.name) is unknown"),
			lie(.state != "lost" and .next == null; "session \(.name) is \(.state), and has no next command"),
			(select(.direction == "outgoing") |
				lie(.state == "held" and ($k == null or ($kept | not)); "status says held, but the session is not held"),
				lie(.state == "lost" and $k; "status says lost, but the session exists")),
			(select(.direction == "incoming") |
				lie(.state == "waiting" and (($k == null and $jumped == "") or $k.retrieved);
				    "status says waiting, but the session does not exist or was retrieved"),
				lie(.state == "lost" and $k and (($k.retrieved | not) or $kept); "status says lost, but the session exists"),
				lie((.state == "restored" or .state == "partly-restored") and ($kept | not);
				    "status says \(.state), but no process has the session")),
			(.devices[] | . as $d | entry($s.name; $d.bdf) as $e | (
				lie(.state == "preserved" and $s.state != "waiting" and $e == null; "\(.bdf) is not preserved"),
				lie((.state == "retrieved" or .state == "bound") and (any($open[]; .bdf == $d.bdf) | not);
				    "no process has \(.bdf) open"),
				# the holder notes a bind a moment later; before that, only an ioctl, as in run, can
				# show it
				lie(.state == "retrieved" and $e.as == "bound" and $binds == ""; "\(.bdf) is bound, but status says retrieved"),
				lie(.state == "bound" and $e != null and $e.as != "bound"; "\(.bdf) is not bound, but status says bound"))))),
		# until the next kernel starts, nobody can use a retrieved session that no process holds
		($sessions[] | . as $k | select((.retrieved and ($kept | not)) | not) |
			lie(any($says.sessions[]; .name == $k.name and .state != "lost") | not;
			    "the kernel has the \(.way) session \(.name), but status does not")),
		($open[] | . as $o | select($held) |
			lie(any($says.sessions[].devices[]; .bdf == $o.bdf) | not;
			    "\(.bdf) is held, but status does not list it"))
		' "$dir/json" 2>&1 | tr '\n' ';' || :
}

# Sets $changed to the lines that are in only one of two states.
changes() { # STATE STATE
	local line one=$'\n'$1$'\n' two=$'\n'$2$'\n'
	changed=()
	while IFS= read -r line; do
		[[ $two == *$'\n'"$line"$'\n'* ]] || changed+=("$line")
	done <<<"$1"
	while IFS= read -r line; do
		[[ $one == *$'\n'"$line"$'\n'* ]] || changed+=("$line")
	done <<<"$2"
}
