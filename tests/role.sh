#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests the role of dist/ansible on fake machines (fake/), without root: the refusals and failures that tests/fleet.sh
# would need minutes for. role/ has the connection to a fake machine, and its vfio-lu.
# usage: tests/role.sh [-v]       -v: shows what Ansible prints
# Needs ansible-playbook, jq, and in $BUILD (default build/tests): plant, fake-kernel, vfio-lu-fake.
set -euo pipefail
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "$0")/.." && pwd)
: "${BUILD:=$top/build/tests}"
BUILD=$(cd "$BUILD" && pwd)
export BUILD
ansible=$top/dist/ansible role=$top/dist/ansible/roles/vfio_lu_live_update
verbose=''
[ "${1-}" != -v ] || { verbose=1; shift; }
[ $# = 0 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
passed=0 failed=0 skipped=0

tell() {
	echo "role: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
	exit
}
if ! command -v ansible-playbook >/dev/null || ! command -v jq >/dev/null; then
	echo "skip the role: ansible-playbook or jq is not installed (tests/deps.sh role)"
	skipped=1
	tell
fi

tmp=$(mktemp -d)
finish() {
	for machine in "$tmp"/machines/*; do [ ! -d "$machine" ] || "$top/tests/fake/machine.sh" stop "$machine"; done
	chmod -R u+rwx "$tmp"
	rm -rf --one-file-system "$tmp"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what"
		tail -n 20 "$tmp/out" | sed 's/^/    /'
	fi
}
fails() { ! "$@"; }

# ------------------------------------------------------------------------------- the hosts
from=7.3.4-fake to=7.3.5-fake
export ROLE_HOSTS=$tmp/hosts ANSIBLE_CONNECTION_PLUGINS=$top/tests/role ANSIBLE_ROLES_PATH=$ansible/roles
export ANSIBLE_HOME=$tmp/ansible ANSIBLE_LOCAL_TEMP=$tmp/ansible ANSIBLE_REMOTE_TEMP=$tmp/ansible/remote
export ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 ANSIBLE_PIPELINING=True ANSIBLE_FORKS=4 ANSIBLE_RETRY_FILES_ENABLED=False
# The plays must not obey it.
export ANSIBLE_STRATEGY=free
export ANSIBLE_CONFIG=$tmp/ansible.cfg
mkdir -p "$tmp/machines" "$tmp/hosts"
: >"$tmp/ansible.cfg"

machine() { # NAME: a machine with two kernels, and a file that is no initrd
	local dir=$tmp/machines/$1 root=$tmp/machines/$1/root
	local boot=$root/boot modules=$root/lib/modules
	RELEASE=$from "$top/tests/fake/machine.sh" start "$dir" e1000e edu nvme >/dev/null
	sed "s/$from/$to/g" "$boot/vmlinuz-$from" >"$boot/vmlinuz-$to"
	cp "$boot/initrd.img-$from" "$boot/initrd.img-$to"
	cp -r "$modules/$from" "$modules/$to"
	echo "no initrd" >"$boot/initrd.img-other"
	fake "$1" release "$to"
}
fake() { "$BUILD/fake-kernel" ctl "$tmp/machines/$1" "${@:2}"; } # MACHINE REQUEST...: to the fake kernel
host() { # NAME MACHINE: a host on this machine; others may be on it, too
	mkdir -p "$tmp/hosts/$1/bin"
	ln -s "$tmp/machines/$2" "$tmp/hosts/$1/machine"
	ln -s "$top/tests/role/vfio-lu" "$tmp/hosts/$1/bin/vfio-lu"
}
on() ( # HOST ARGUMENT...: vfio-lu there
	export HOST=$tmp/hosts/$1 FAKE_MACHINE=$tmp/hosts/$1/machine
	"$BUILD/vfio-lu-fake" "${@:2}"
)
did() { grep -qF -- "$2" "$tmp/hosts/$1/commands"; } # HOST WORDS: it ran this command
settled() { [[ $(on "$1" status) == *"no sessions"* ]]; } # HOST

# ------------------------------------------------------------------------------- the plays
inventory() { # NAME: writes the inventory from the hosts on standard input
	{
		cat <<-END
			all:
			  vars:
			    ansible_connection: fakehost
			    ansible_become: false
			    vfio_lu_live_update_report: $tmp/report
			    vfio_lu_live_update_to_release: $to
			    vfio_lu_live_update_devices: ["0000:01:00.0"]
			  hosts:
		END
		sed 's/^/    /'
	} >"$tmp/$1.yml"
}
play() { # INVENTORY PLAYBOOK ARGUMENT...
	local inventory=$1 playbook=$2 status=0 seconds=$SECONDS
	shift 2
	rm -f "$tmp/report.txt"
	ansible-playbook -i "$tmp/$inventory.yml" "$playbook" "$@" >"$tmp/said" 2>&1 || status=$?
	[ -z "$verbose" ] || { cat "$tmp/said"; echo "-- $((SECONDS - seconds)) s"; } >&3
	[ "$status" != 250 ] || cat "$tmp/said"
	return "$status"
}
exec 3>&1
said() { grep -qF -- "$1" "$tmp/said" || { tail -n 40 "$tmp/said"; false; }; }
# The report that was printed: a dry run writes no file
report() { sed -n 's/^        "\(.*\)",\{0,1\}$/\1/p' "$tmp/said"; }
reported() { report | grep -- "$1" || { tail -n 40 "$tmp/said"; false; }; } # PATTERN
plain() { reported "^$1 .* would be updated\$"; } # HOST
# Does the report give this reason for the host?
because() { # HOST TEXT
	report | awk -v host="$1" '/^[^ ]/ { of = $0 } of == host' | grep -F -- "$2" || { report; false; }
}

# ------------------------------------------------------------------------------- the checks before a roll-out
echo '{"updates": []}' >"$tmp/rehearsal.json"
echo '- name: Wrong' >"$tmp/wrong-tasks.yml"
cat >"$tmp/tasks.yml" <<-'END'
	- name: Say so
	  ansible.builtin.command: "{{ no_such_variable }}"
END
machine one
machine two
host taken two
for name in plain kernel words number none foreign previous lost; do host $name one; done
{
	on taken bind 0000:01:00.0 0000:02:00.0
	on taken preserve --session other 0000:01:00.0
	on taken preserve --session 42 0000:02:00.0
} >"$tmp/out"
echo '.kernel.release = "7.3"' >"$tmp/hosts/number/status"
cat >"$tmp/hosts/foreign/status" <<-'END'
	.sessions += [{name: "luod", direction: "unknown", state: "unknown", next: null, blocked_by: [], holder_pid: 1,
		manifest: "missing", known_from: ["processes"], devices: [], files: [], detail: null}]
END
sed 's/processes/kernel/' "$tmp/hosts/foreign/status" >"$tmp/hosts/kernel/status"
cat >"$tmp/hosts/previous/status" <<-END
	.kernel.release = "$to" | .kernel.previous_release = null |
	.sessions += [{name: "vfio-lu", direction: "incoming", state: "waiting", next: ["vfio-lu", "restore"], blocked_by: [],
		manifest: "missing", known_from: ["kernel"], devices: [], files: [], detail: null}]
END
cat >"$tmp/hosts/lost/before" <<-'END'
	case $command in *check*) : >"$HOST/down" ;; esac
END
inventory checks <<-END
	plain:
	kernel:
	  vfio_lu_live_update_kernel: /boot/vmlinuz-$from
	words:
	  vfio_lu_live_update_initrd: /boot/initrd.img-other
	  vfio_lu_live_update_force_next: "false"
	  vfio_lu_live_update_rehearsed: "false"
	taken:
	  vfio_lu_live_update_sessions: [{name: vfio-lu, devices: ["0000:01:00.0"]}, {name: 42, pidfile: /nowhere}]
	number: {vfio_lu_live_update_to_release: 7.3}
	none: {vfio_lu_live_update_sessions: []}
	foreign: {vfio_lu_live_update_rehearsal: $tmp/rehearsal.json, vfio_lu_live_update_rehearsed: true}
	previous:
	lost:
END
check "a roll-out is refused" fails play checks "$ansible/live-update.yml" --check --limit '!lost' \
	-e vfio_lu_live_update_stop_tasks="$tmp/tasks.yml"
check "but not because of a good host" plain plain
check "a kernel of another release is found" because kernel "next-image: /boot/vmlinuz-$from is a bzImage of $from, not of $to"
check "the word false does not force the next kernel" because words "next-initrd: "
check "nor does it demand a rehearsal" fails because words "rehearsed: "
check "a device in another session is found" \
	because taken "0000:01:00.0 is in session other, which is held; first: vfio-lu release --session other 0000:01:00.0"
check "a release may be a number" reported "^number .* up to date"
check "so may the name of a session" fails because taken "session 42"
check "a host without sessions is refused" because none "vfio_lu_live_update_sessions is empty"
check "a dry run does not judge a rehearsal that it has not copied" reported "^foreign .* would be updated, if the rehearsal passed"
check "a session of another program is no obstacle" fails because foreign "session"
check "an unknown session is one, with a reason" because kernel "session luod: unknown: vfio-lu cannot see why"
check "an unknown previous kernel is called so" reported "^previous  *unknown to $to "

check "a host that is lost ends the play" fails play checks "$ansible/live-update.yml" --check --limit plain,lost
check "it says which one" said "no host was changed: no answer from lost"
check "the report says so" reported "^lost .* no answer"
check "and has the other host" plain plain

for file in "$tmp/nowhere.yml" "$tmp/wrong-tasks.yml"; do
	check "tasks that cannot be loaded are found" fails play checks "$ansible/live-update.yml" --check --limit plain \
		-e vfio_lu_live_update_start_tasks="$file"
	check "before the host is asked" fails said "TASK [vfio_lu_live_update : Read the state of the host]"
done
for serial in 0 one; do
	check "$serial is not the size of a batch" fails play checks "$ansible/live-update.yml" --check --limit plain \
		-e vfio_lu_live_update_serial=$serial
	check "it says what is" said "vfio_lu_live_update_serial is $serial: it must be a number from 1"
done

cat >"$tmp/failure.yml" <<-END
	- hosts: localhost
	  gather_facts: false
	  tasks:
	    - ansible.builtin.debug:
	        msg: "{{ lookup('ansible.builtin.template', '$role/templates/failure.j2') }}"
	      vars:
	        ansible_failed_result:
	          msg: 'Reboot command failed: {"error": {"code": "busy", "message": "a file \\"/a\\" is open"}}, '
END
check "the reason of a failed kexec is read" play checks "$tmp/failure.yml"
check "and is not cut at a quote" said 'busy: a file \"/a\" is open'

# ------------------------------------------------------------------------------- a roll-out
mkdir "$tmp/reports"
for name in good memory unseen later; do
	machine $name
	host $name $name
done
cat >"$tmp/hosts/memory/status" <<-'END'
	(.sessions[] | select(.direction == "incoming" and .state == "restored") | .next) |= . + ["--discard", "ram"]
END
cat >"$tmp/hosts/unseen/status" <<-END
	if .kernel.release == "$to" and (.sessions | length) == 0 then $(cat "$tmp/hosts/kernel/status") else . end
END
# It has a record of an earlier live update of the session vfio-lu, and lost that of this one.
cat >"$tmp/hosts/good/before" <<-END
	case \$command in "--json timeline")
		"\$BUILD/vfio-lu-fake" "\$@" | jq '.updates = [(.updates // [])[] | select(.session == "42")] +
			[{session: "vfio-lu", from_release: "$from", to_release: "$to", away_s: 99999, devices: [], phases: []}]'
		exit ;;
	esac
END
inventory hosts <<-END
	good: {vfio_lu_live_update_sessions: [{name: 42, devices: ["0000:01:00.0"]}, {name: vfio-lu, devices: ["0000:02:00.0"]}]}
	memory:
	unseen:
	later:
END
cat >"$tmp/stop.yml" <<-END
	- name: Lose the directory of the report
	  ansible.builtin.file: {path: $tmp/reports, state: absent}
	  delegate_to: localhost
	  run_once: true
END
check "a roll-out stops" fails play hosts "$ansible/live-update.yml" -e '{"vfio_lu_live_update_serial": [3, 1]}' \
	-e vfio_lu_live_update_force_next=false -e vfio_lu_live_update_report="$tmp/reports/report" \
	-e vfio_lu_live_update_stop_tasks="$tmp/stop.yml"
check "but not because the report cannot be written" reported "^good .*$from to $to .* updated\$"
check "and has the time of a session whose name is a number, not of an earlier live update" \
	reported "^good .*  2  *[0-9]\{1,3\}\.[0-9]  updated\$"
check "the report that is not written is a warning" said "WARNING: the report is not up to date: "
check "the good host needs no command" settled good
check "and has no device that was given up" test "$(on good --json status | jq -c .incoming_devices)" = "[]"
check "the next kernel was not forced there" fails did good --force
check "the role does not free memory" fails did memory finish
check "and says which" because memory "its VMM ended, and vfio-lu finish --discard ram would free the memory of ram"
check "a host with an unknown session is not updated" because unseen "left: luod; vfio-lu status says why"
check "the next batch is not begun" fails did later bind

# ------------------------------------------------------------------------------- release.yml
echo 'export FAKE_EUID=65534' >"$tmp/hosts/taken/before"
check "a user who does not see the sessions cannot release them" fails play checks "$ansible/release.yml" --limit taken
check "it says who can" said "only root sees the sessions; use become"
check "the word false does not give up a session" fails play hosts "$ansible/release.yml" --limit memory \
	-e vfio_lu_live_update_abandon=false
check "which is still there" fails settled memory
check "abandon gives it up" play hosts "$ansible/release.yml" --limit memory -e vfio_lu_live_update_abandon=true
check "the next dry run" play hosts "$ansible/live-update.yml" --check --limit memory
check "says that its devices were given up" reported "^memory .* up to date, but devices were handed over and given up"
tell
