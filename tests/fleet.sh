#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests the role of dist/ansible on three Debian hosts: virtual machines that make real kexecs from one test kernel
# into the other. Ansible reaches them with ssh over the loopback interface.
# usage: tests/fleet.sh [-v]       -v: shows what Ansible prints
# Needs build/deb (make deb), and root to make the disk of the hosts. The logs stay in ~/.cache/vfio-lu/logs/fleet.
set -euo pipefail
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "$0")/.." && pwd)
ansible=$top/dist/ansible
logs=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu/logs/fleet
verbose=''
[ "${1-}" != -v ] || { verbose=1; shift; }
[ $# = 0 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
passed=0 failed=0 skipped=0 hosts=(1 2 3)
declare -A machines ports

tmp=$(mktemp -d)
finish() {
	for host in "${!machines[@]}"; do kill "${machines[$host]}" 2>/dev/null || :; done
	wait
	# connections that Ansible keeps open for the next task
	for socket in "$tmp"/cp/*; do [ ! -S "$socket" ] || ssh -o ControlPath="$socket" -O exit host 2>/dev/null || :; done
	! mountpoint -q "$tmp/host/proc" || umount "$tmp/host/proc"
	rm -rf --one-file-system "$tmp"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
die() { echo "fleet: $*" >&2; exit 1; }
say() { echo "-- $((SECONDS / 60)):$(printf %02d $((SECONDS % 60)))  $*"; }

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

tell() {
	echo "fleet: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
	exit
}

# ------------------------------------------------------------------ the role as it lies there
fails() { ! "$@"; }
lint() { (cd "$ansible" && "$@"); }
export ANSIBLE_HOME=$tmp/ansible ANSIBLE_LOCAL_TEMP=$tmp/ansible
check "yamllint reports nothing" lint yamllint --strict .
check "ansible-lint reports nothing" lint env XDG_CACHE_HOME="$tmp/lint" \
	ansible-lint --offline --nocolor live-update.yml release.yml roles/vfio_lu_live_update

# The report of a host with three sessions: two were held for a month, one was finished after days
report() {
	cat >"$tmp/two.yml" <<-'END'
		all:
		  hosts:
		    two:
		      vfio_lu_live_update_to_release: b
		      vfio_lu_live_update_result: updated
		      vfio_lu_live_update_timeline:
		        - &update {session: vm-1, from_release: a, to_release: b, started: x, seconds: 2592010.3, away_s: 5,
		            phases: [{name: held, start: 0.1, seconds: 2592000.2}, {name: kexec, start: 2592000.3, seconds: 10}],
		            devices: [{bdf: "0000:01:00.0", from: 2592000.3, to: 2592005.3}]}
		        - {<<: *update, session: vm-2, to_release: null, away_s: 9.5}
		        - session: vm-3
		          from_release: a
		          to_release: b
		          started: x
		          seconds: 432002
		          away_s: 432002
		          phases: [{name: init, start: 0, seconds: 2}, {name: to-finish, start: 2, seconds: 432000}]
		          devices: []
	END
	cat >"$tmp/two-play.yml" <<-END
		- hosts: all
		  gather_facts: false
		  tasks:
		    - ansible.builtin.template: {src: "$ansible/roles/vfio_lu_live_update/templates/report.{{ item }}.j2", dest: "$tmp/two.{{ item }}"}
		      loop: [txt, html]
		      delegate_to: localhost
	END
	ansible-playbook -i "$tmp/two.yml" "$tmp/two-play.yml"
}
check "the report of a host with three sessions is made" report
check "it has the longest time away" grep -q '^two .* 432002\.0  updated$' "$tmp/two.txt"
check "the page has a picture of each session" test "$(grep -c '<svg' "$tmp/two.html")" = 3
check "which begins after the time for which it was held" grep -q '<rect x="200.0" y="26" width="210.0"' "$tmp/two.html"
check "and cuts a long wait" grep -q '>cut here: 432000\.000 s<' "$tmp/two.html"
check "so that the other bars can be seen" grep -q '<rect x="200.0" y="4" width="350.0"' "$tmp/two.html"
check "an unknown kernel is called so" grep -q '^an unknown kernel, began' "$tmp/two.html"

# Plays with hosts that are this machine, on which a stub of vfio-lu has nothing to do, and one that never answers.
locally() { # PLAYBOOK ARGUMENT...
	mkdir -p "$tmp/stub"
	cat >"$tmp/stub/vfio-lu" <<-'END'
		#!/bin/sh
		echo '{"complete": true, "kernel": {"release": "b", "kho_boot": false}, "sessions": []}'
	END
	chmod +x "$tmp/stub/vfio-lu"
	cat >"$tmp/local.yml" <<-END
		all:
		  vars: {ansible_connection: local, ansible_become: false, vfio_lu_live_update_report: "$tmp/local",
		         vfio_lu_live_update_to_release: b, vfio_lu_live_update_devices: ["0000:01:00.0"],
		         vfio_lu_live_update_result: ready}
		  children:
		    here: {hosts: {host-2: , host-3: }}
		    silent:
		      hosts: {host-1: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}}
	END
	PATH=$tmp/stub:$PATH ANSIBLE_ROLES_PATH=$ansible/roles ansible-playbook -i "$tmp/local.yml" "$@" >"$tmp/said" 2>&1
}
tells() { grep -qF -- "$1" "$tmp/said" || { tail -n 40 "$tmp/said"; false; }; }
stops() { ! locally "$@"; }

cat >"$tmp/wrong.yml" <<-'END'
	here:
	  hosts:
	    host-2: {vfio_lu_live_update_sessions: [{name: .vm, pidfile: /x}]}
	    host-3: {vfio_lu_live_update_devices: []}
END
check "wrong sessions are refused" stops "$ansible/live-update.yml" --limit here -i "$tmp/wrong.yml"
check "such as a name that no session can have" tells "'.vm' cannot be the name of a session"
check "and a session without devices" tells "session vfio-lu has neither devices nor a pidfile"
check "before a host is asked" fails tells "TASK [vfio_lu_live_update : Connect to the host]"
check "a list of batches is accepted" locally "$ansible/live-update.yml" --limit here \
	-e '{"vfio_lu_live_update_serial": [1, 5]}'
check "the report tells of a host that was not handed over" tells "up to date, but booted with nothing handed over"

cat >"$tmp/batches.yml" <<-'END'
	- hosts: host-1,host-2,host-3
	  gather_facts: false
	  serial: 2
	  max_fail_percentage: 0
	  tasks:
	    - ansible.builtin.import_role: {name: vfio_lu_live_update}
END
check "a host that does not answer stops the roll-out" stops "$tmp/batches.yml"
check "its neighbour is not begun" tells "no live update is begun here: no answer from host-1"
check "nor is the next batch" fails tells "[host-3]"

cat >"$tmp/failing.yml" <<-END
	- hosts: here
	  gather_facts: false
	  tasks:
	    - block:
	        - ansible.builtin.command: {argv: [sh, -c, 'echo said; echo "no unit {{ item }}" >&2; exit 3']}
	          loop: [one, two]
	      rescue:
	        - ansible.builtin.debug:
	            msg: "{{ lookup('ansible.builtin.template', '$ansible/roles/vfio_lu_live_update/templates/failure.j2') }}"
END
check "the reason of a failed task is read" locally "$tmp/failing.yml"
check "and has what the task printed" tells "exit status 3: no unit one"

if [ "$(id -u)" != 0 ]; then
	echo "skip the roll-out: the disk of the hosts is made by root"
	skipped=1
	tell
fi

# ------------------------------------------------------------------------------- the hosts
kernel=$("$top/tests/vm/kernel.sh" | tail -n1)
[ -d "$kernel" ] || die "no kernel"
rootfs=$("$top/tests/vm/rootfs.sh" bookworm-ssh | tail -n1)
[ -f "$rootfs" ] || die "no root file system"
if [ ! -e "$kernel/m" ] || [ ! -e "$kernel/y" ]; then
	echo "skip the roll-out: it goes from one kernel to another, and one alone was named"
	skipped=1
	tell
fi
rm -rf "$logs"
mkdir -p "$logs"

# Makes one disk for all hosts: Debian with vfio-lu, both kernels, and initrds of initramfs-tools.
release_of() { # FLAVOUR
	local dir
	for dir in "$kernel/$1"/modules/*; do [ ! -d "$dir" ] || echo "${dir##*/}"; done
}
from=$(release_of y) to=$(release_of m)
in_root() { chroot "$tmp/host" env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

make_disk() {
	local root=$tmp/host flavour release unit size
	mkdir -p "$root"
	PATH=$PATH:/usr/sbin debugfs -R "rdump / $root" "$rootfs"
	mount -t proc proc "$root/proc"
	cp "$top"/build/deb/*.deb "$root/tmp/"
	in_root sh -c 'dpkg -i /tmp/*.deb'
	rm "$root"/tmp/*.deb
	# fast under emulation, and the only compression that the test kernel knows
	printf 'COMPRESS=gzip\nCOMPRESSLEVEL=1\n' >"$root/etc/initramfs-tools/conf.d/test"
	for flavour in y m; do
		release=$(release_of $flavour)
		cp "$kernel/$flavour/bzImage" "$root/boot/vmlinuz-$release"
		cp "$kernel/$flavour/config" "$root/boot/config-$release"
		mkdir -p "$root/lib/modules"
		tar -C "$kernel/$flavour/modules" --exclude=build --exclude=source -chf - "$release" | tar -C "$root/lib/modules" -xf -
		in_root depmod "$release"
		in_root update-initramfs -c -k "$release"
		cp "$root/boot/initrd.img-$release" "$tmp/initrd-$flavour"
	done
	# An initrd that restores nothing: it has neither vfio-lu nor vfio-pci.
	mv "$root/usr/share/initramfs-tools/hooks/vfio-lu" "$tmp/hook"
	in_root mkinitramfs -o /boot/initrd.img-broken "$to"
	mv "$tmp/hook" "$root/usr/share/initramfs-tools/hooks/vfio-lu"
	umount "$root/proc"
	# The initrds are made; to make one again when a package comes or goes takes a minute under emulation.
	echo update_initramfs=no >"$root/etc/initramfs-tools/update-initramfs.conf"

	mkdir -p "$root/etc/ssh/sshd_config.d"
	in_root sh -c 'mkdir -m 700 -p ~/.ssh && cat >~/.ssh/authorized_keys' <"$tmp/key.pub"
	printf 'UsePAM no\nUseDNS no\n' >"$root/etc/ssh/sshd_config.d/test.conf"
	printf '[Match]\nDriver=virtio_net\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\n' \
		>"$root/etc/systemd/network/test.network"
	in_root systemctl enable systemd-networkd ssh
	for unit in systemd-networkd-wait-online.service e2scrub_reap.service e2scrub_all.timer apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-update-utmp.service getty-static.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	echo 'UUID=5a7d35a6-7d05-4f36-a3f2-0c3e0f1f6f11 / ext4 defaults 0 0' >"$root/etc/fstab"
	size=$(du -sm "$root" | cut -f1)
	PATH=$PATH:/usr/sbin mke2fs -q -t ext4 -m 0 -U 5a7d35a6-7d05-4f36-a3f2-0c3e0f1f6f11 -E lazy_itable_init=1 -d "$root" \
		"$tmp/disk.img" "$((size + 300))M"
	rm -rf --one-file-system "$root"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A reset ends the machine, so a later kernel proves a kexec. The devices under test are at 01:00.0 and 02:00.0; the
# network interface for ssh is another one.
start_machine() { # HOST
	ports[$1]=$(free_port)
	qemu-system-x86_64 -accel tcg,thread=single -cpu max,-erms -machine q35,kernel-irqchip=split -m 1G -smp 1 \
		-nodefaults -no-user-config -display none -monitor none -no-reboot \
		-serial "file:$logs/host-$1.log" -device intel-iommu,intremap=on \
		-device pcie-root-port,id=port1,bus=pcie.0,addr=1,chassis=1,slot=1 -device e1000e,bus=port1,romfile= \
		-device pcie-root-port,id=port2,bus=pcie.0,addr=2,chassis=2,slot=2 -device edu,bus=port2 \
		-drive "if=none,id=root,format=raw,file=$tmp/disk.img,snapshot=on" -device nvme,serial=root,drive=root,bus=pcie.0,addr=1c.0 \
		-netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${ports[$1]}-10.0.2.15:22" \
		-device virtio-net-pci,netdev=net,bus=pcie.0,addr=1b.0,disable-legacy=on,iommu_platform=on,romfile= \
		-kernel "$kernel/y/bzImage" -initrd "$tmp/initrd-y" \
		-append "console=ttyS0 panic=-1 kho=on liveupdate=on mitigations=off no_timer_check tsc=unstable clocksource=hpet
root=UUID=5a7d35a6-7d05-4f36-a3f2-0c3e0f1f6f11 rw quiet" </dev/null >"$logs/qemu-$1.log" 2>&1 &
	machines[$1]=$!
}

ssh_words=(-i "$tmp/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10
	-o BatchMode=yes)
on() { # HOST COMMAND...
	local port=${ports[$1]}
	shift
	ssh "${ssh_words[@]}" -p "$port" root@127.0.0.1 "$*" </dev/null
}
answers() { # HOST: waits some minutes until it answers, unless its machine has ended
	local try
	for ((try = 0; try < 60; try++)); do
		kill -0 "${machines[$1]}" || return 1
		! on "$1" true || return 0
		sleep 2
	done
	return 1
}

write_inventory() {
	local host
	cat >"$tmp/ansible.cfg" <<-END
		[defaults]
		host_key_checking = False
		interpreter_python = /usr/bin/python3
		[ssh_connection]
		pipelining = True
		control_path_dir = $tmp/cp
		ssh_args = ${ssh_words[*]:2} -o ControlMaster=auto -o ControlPersist=120 -o ServerAliveInterval=10
	END
	{
		echo "all:"
		echo "  hosts:"
		for host in "${hosts[@]}"; do echo "    host-$host: {ansible_port: ${ports[$host]}}"; done
		cat <<-END
			  vars:
			    ansible_host: 127.0.0.1
			    ansible_user: root
			    ansible_ssh_private_key_file: $tmp/key
			    vfio_lu_live_update_devices: ["0000:01:00.0", "0000:02:00.0"]
			    vfio_lu_live_update_report: $logs/report
		END
	} >"$tmp/hosts.yml"
}

# ------------------------------------------------------------------------------- the plays
# Runs a playbook and sets its exit status; the output is in the file of that name.
play() { # NAME PLAYBOOK ARGUMENT...
	local name=$1 status=0 playbook=$2
	shift 2
	said=$logs/$name.log
	ANSIBLE_CONFIG=$tmp/ansible.cfg ansible-playbook -i "$tmp/hosts.yml" "$ansible/$playbook" "$@" >"$said" 2>&1 || status=$?
	[ -z "$verbose" ] || cat "$said"
	[ ! -e "$logs/report.txt" ] || cp "$logs/report.txt" "$logs/$name.txt"
	say "$name: exit status $status"
	return "$status"
}
printed() { grep -qF -- "$1" "$said" || { tail -n 60 "$said"; false; }; }
count() { # changed|failed|unreachable: over all hosts
	sed -n "s/^host-[0-9] .*[ :]$1=\([0-9]*\) .*/\1/p" "$said" | awk '{ n += $1 } END { print n + 0 }'
}
changed_nothing() { [ "$(count changed)" = 0 ] || { grep -B3 '^changed:' "$said"; false; }; }
reported() { # PATTERN of a row
	grep -q "$1" "$logs/report.txt" || { cat "$logs/report.txt"; false; }
}

runs() { [ "$(on "$1" uname -r)" = "$2" ] || { on "$1" uname -r; false; }; } # HOST RELEASE
settled() { on "$1" vfio-lu status --check && on "$1" vfio-lu status | grep -q '^no sessions'; } # HOST
# The state that a live update changes.
state() { # HOST
	on "$1" 'cat /proc/sys/kernel/random/boot_id /sys/kernel/kexec_loaded
		readlink /sys/bus/pci/devices/0000:0[12]:00.0/driver; vfio-lu status | tail -n +2; dpkg -l vfio-lu | tail -n 1
		ls /var/lib/vfio-lu /run/vfio-lu 2>/dev/null; true'
}
keep_states() { for host in "${hosts[@]}"; do state "$host" >"$tmp/state-$host"; done; }
untouched() { state "$1" | diff "$tmp/state-$1" -; } # HOST

say "making the disk of the hosts"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
make_disk >"$logs/disk.log" 2>&1 || { tail -n 20 "$logs/disk.log"; die "no disk"; }
say "starting them"
for host in "${hosts[@]}"; do start_machine "$host"; done
write_inventory
for host in "${hosts[@]}"; do check "host-$host answers" answers "$host"; done
[ "$failed" = 0 ] || tell
to_m=(-e vfio_lu_live_update_to_release="$to") to_y=(-e vfio_lu_live_update_to_release="$from")

say "a dry run"
keep_states
check "a dry run succeeds" play dry live-update.yml "${to_m[@]}" --check
check "it changes nothing" changed_nothing
check "and says what it would do" printed "would be updated"
for host in "${hosts[@]}"; do check "host-$host is unchanged" untouched "$host"; done

say "the device of one host is in use"
on 2 vfio-lu bind 0000:01:00.0
on 2 'systemd-run -q --unit=user sh -c "exec sleep 1000 9<>\$(echo /dev/vfio/devices/*)"'
keep_states
check "the play refuses" fails play in-use live-update.yml "${to_m[@]}"
check "it says why" printed "0000:01:00.0 not-in-use: process"
check "the report names it" reported '^host-2 .* not ready$'
for host in "${hosts[@]}"; do check "host-$host is unchanged" untouched "$host"; done
on 2 'systemctl stop user; vfio-lu unbind 0000:01:00.0'

say "the next kernel of one host cannot restore"
on 2 "mkdir /srv/kept && mv /lib/modules/$to/kernel/drivers/vfio/pci/vfio-pci.ko /srv/kept/ && depmod $to"
on 3 'dpkg -r vfio-lu libvfio-lu-dev' >/dev/null
cat >"$tmp/broken.yml" <<-END
	all:
	  hosts:
	    host-2:
	      vfio_lu_live_update_initrd: /boot/initrd.img-broken
	      vfio_lu_live_update_force_next: true
END
packages=$(printf '"%s",' "$top"/build/deb/vfio-lu_*.deb)
to_m+=(-i "$tmp/broken.yml" -e "{\"vfio_lu_live_update_packages\": [${packages%,}]}")
check "the roll-out stops" fails play broken live-update.yml "${to_m[@]}"
check "host-1 runs the next kernel" runs 1 "$to"
check "and needs no command" settled 1
check "host-2 runs the next kernel, too" runs 2 "$to"
check "and status shows its session" fails on 2 vfio-lu status --check
check "host-3 got vfio-lu" on 3 vfio-lu --version
check "and was not changed otherwise" runs 3 "$from"
check "no session was begun there" settled 3
check "the report names the updated host" reported "^host-1 .*$from to $to .* updated\$"
check "the failed host, and its step" reported '^host-2 .* failed at: restore$'
check "and the host that was not changed" reported '^host-3 .* not changed$'

say "the cause is removed"
on 2 "mv /srv/kept/vfio-pci.ko /lib/modules/$to/kernel/drivers/vfio/pci/ && depmod $to"
boot_1=$(on 1 cat /proc/sys/kernel/random/boot_id)
boot_2=$(on 2 cat /proc/sys/kernel/random/boot_id)
check "the same play completes" play cured live-update.yml "${to_m[@]}"
for host in "${hosts[@]}"; do
	check "host-$host runs the next kernel" runs "$host" "$to"
	check "host-$host needs no command" settled "$host"
done
check "host-1 was left alone" test "$(on 1 cat /proc/sys/kernel/random/boot_id)" = "$boot_1"
check "host-2 continued where it had stopped" test "$(on 2 cat /proc/sys/kernel/random/boot_id)" = "$boot_2"
check "the report says so" reported '^host-2 .* updated$'
check "once more" play again live-update.yml "${to_m[@]}"
check "changes nothing" changed_nothing

say "a roll-out to all hosts, the first one alone, with tasks of an operator"
for what in stop start; do
	cat >"$tmp/$what.yml" <<-END
		- name: Note that it is time to $what VMMs
		  ansible.builtin.shell: uname -r >/srv/$what
		  changed_when: true
	END
done
check "it completes" play all live-update.yml "${to_y[@]}" -e '{"vfio_lu_live_update_serial": [1, 2]}' \
	-e vfio_lu_live_update_stop_tasks="$tmp/stop.yml" -e vfio_lu_live_update_start_tasks="$tmp/start.yml"
# If vfio-lu has no record of the times, the report says unknown.
away=unknown
! on 1 vfio-lu timeline >/dev/null 2>&1 || away='[0-9][0-9.]*'
for host in "${hosts[@]}"; do
	check "host-$host runs the other kernel" runs "$host" "$from"
	check "host-$host needs no command" settled "$host"
	check "the tasks before the kexec ran" test "$(on "$host" cat /srv/stop)" = "$to"
	check "and those after it" test "$(on "$host" cat /srv/start)" = "$from"
	check "the report has host-$host" reported "^host-$host .*$to to $from  *2  *$away  *updated\$"
done

say "one host is given up"
on 1 'vfio-lu preserve --session other 0000:01:00.0' >/dev/null
check "the play releases the held session, which no variable names" play release release.yml
check "host-1 holds nothing" settled 1
check "a second time" play released release.yml
check "changes nothing" changed_nothing

check "the page of the report is complete" python3 - "$logs/report.html" <<-'END'
	import html.parser, sys
	text = open(sys.argv[1]).read()
	assert text.startswith("<!DOCTYPE html>") and text.count("<tr>") == 4, text
	assert "http:" not in text and "https:" not in text and "<script" not in text
	html.parser.HTMLParser().feed(text)
END
say "done"
tell
