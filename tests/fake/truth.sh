# shellcheck shell=bash
# shellcheck disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# What a fake machine is, and whether vfio-lu tells the truth about it. Sourced: $dir is the directory of the machine.

slurp() { IFS= read -r -d '' "$1" <"$2" || :; }

# All that the machine is, and what status says of it, when whatever goes on has ended.
look() {
	local tries=0
	while :; do
		"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" state >"$dir/state"
		slurp state "$dir/state"
		# a service manager has files only as long as there are some to be kept
		state=${state//$'\nprocess '"$dir/manager"/}
		if [[ ${state//$'\nprocess hold'/} != *$'\nprocess '* ]] || [ $tries = 500 ]; then break; fi
		tries=$((tries + 1))
		sleep 0.01
	done
	"$BUILD/vfio-lu-fake" --json status </dev/null >"$dir/json" 2>"$dir/status.err" || :
}

# The same, once it has stayed as it is for a while: what a command leaves to the holder takes longer on a busy machine.
settle() {
	local last='' same=0
	while [ $same -lt 10 ]; do
		look
		if [ "$state" = "$last" ]; then same=$((same + 1)); else last=$state same=0; fi
		sleep 0.03
	done
}

# What is not so of what status says, and what is and it does not say; nothing: it is true.
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
		lie(.complete | not; "it is not complete"),
		# one that holds nothing may just come or go
		lie($kept and .holder.health != "answers"; "a holder runs, and status says \(.holder)"),
		(.sessions[] | . as $s | kernel($s.name; $s.direction) as $k | (
			lie(.state == "unknown" or .direction == "unknown"; "session \(.name) is unknown"),
			lie(.state != "lost" and .next == null; "nothing leads on from \(.state)"),
			(select(.direction == "outgoing") |
				lie(.state == "held" and ($k == null or ($kept | not)); "it says held, and it is not"),
				lie(.state == "lost" and $k; "it says lost, and it is there")),
			(select(.direction == "incoming") |
				lie(.state == "waiting" and (($k == null and $jumped == "") or $k.retrieved);
				    "it says waiting, and it is not there or not where it was"),
				lie(.state == "lost" and $k and (($k.retrieved | not) or $kept); "it says lost, and it is there"),
				lie((.state == "restored" or .state == "partly-restored") and ($kept | not);
				    "it says \(.state), and nobody has it")),
			(.devices[] | . as $d | entry($s.name; $d.bdf) as $e | (
				lie(.state == "preserved" and $s.state != "waiting" and $e == null; "\(.bdf) is not preserved"),
				lie((.state == "retrieved" or .state == "bound") and (any($open[]; .bdf == $d.bdf) | not);
				    "\(.bdf) is open nowhere"),
				# the holder is told a moment after, and only an ioctl could tell before: run makes it
				lie(.state == "retrieved" and $e.as == "bound" and $binds == ""; "\(.bdf) is bound"),
				lie(.state == "bound" and $e != null and $e.as != "bound"; "\(.bdf) is not bound"))))),
		# what was retrieved and is held by nobody is of no use to anybody before the next kernel
		($sessions[] | . as $k | select((.retrieved and ($kept | not)) | not) |
			lie(any($says.sessions[]; .name == $k.name and .state != "lost") | not;
			    "the kernel has session \(.name), \(.way)")),
		($open[] | . as $o | select($held) |
			lie(any($says.sessions[].devices[]; .bdf == $o.bdf) | not;
			    "\(.bdf) is held, and it says nothing of that"))
		' "$dir/json" 2>&1 | tr '\n' ';' || :
}

# The lines that are in one of two states only.
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
