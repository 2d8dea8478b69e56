#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests rehearse with the test kernels: pairs that hand over, pairs that do not, and what a killed rehearsal leaves
# behind. Each check compares an exit status, a row and its text.
# usage: tests/rehearse.sh [NAME...]	only these
# Needs: $VFIO_LU (default: at the top), root, QEMU, jq; tests/vm/kernel.sh and rootfs.sh give kernels and initrds.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
: "${VFIO_LU:=$top/vfio-lu}" "${MAKE:=make}"
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
mounted=()
leave() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # words
	[ -z "$pids" ] || kill $pids 2>/dev/null || :
	wait
	[ ${#mounted[@]} = 0 ] || umount "${mounted[@]}"
	rm -rf "$tmp"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ "$(id -u)" = 0 ] || { echo "rehearse: initrds are made by root" >&2; exit 1; }

kernel=$("$top/tests/vm/kernel.sh" | tail -n1)
# a directory that any user may read
for flavour in m y; do
	other=$flavour
	[ -d "$kernel/$flavour" ] || other=$([ $flavour = m ] && echo y || echo m)
	mkdir -p "$tmp/$flavour"
	cp -L "$kernel/$other/bzImage" "$tmp/$flavour/"
	for dir in "$kernel/$other"/modules/*; do
		[ -d "$dir" ] || continue
		mkdir -p "$tmp/$flavour/modules"
		tar -C "${dir%/*}" --exclude="${dir##*/}/build" --exclude="${dir##*/}/source" -chf - "${dir##*/}" |
			tar -C "$tmp/$flavour/modules" -xf -
		# make modules_install makes these links; they lead to more files than a machine has room for
		for link in build source; do ln -s / "$tmp/$flavour/modules/${dir##*/}/$link"; done
	done
done
chmod 755 "$tmp"
from_m=(--from "$tmp/m/bzImage" --from-modules "$tmp/m/modules")
from_y=(--from "$tmp/y/bzImage" --from-modules "$tmp/y/modules")
next_m=(--next-kernel "$tmp/m/bzImage" --next-modules "$tmp/m/modules")
next_y=(--next-kernel "$tmp/y/bzImage" --next-modules "$tmp/y/modules")

# make install below links the program again, for another PREFIX
cp "$VFIO_LU" "$tmp/vfio-lu"
VFIO_LU=$tmp/vfio-lu

wanted=" $* "
check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$tmp/said" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $what: $*"
		head -n 20 "$tmp/said" | sed 's/^/    /'
	fi
}

# ------------------------------------------------------------------- rehearsals
# Two rehearsals run at a time, and all are judged at the end.
names=()
declare -A status rows words
# Sets the options. Each has a value; of a repeated option the last one counts, except --device, which is a list.
once() { # OPTION VALUE...
	local -A at=()
	options=()
	while [ $# -gt 0 ]; do
		if [ -n "${at[$1]-}" ] && [ "$1" != --device ]; then
			options[${at[$1]}]=$2
		else
			options+=("$1" "$2")
			at[$1]=$((${#options[@]} - 1))
		fi
		shift 2
	done
}
rehearse() { # NAME STATUS "ROW=RESULT..." WORDS OPTION...: WORDS is a regular expression for the text of a row or for stderr
	local name=$1 options
	[ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || return 0
	names+=("$name")
	status[$name]=$2 rows[$name]=$3 words[$name]=$4
	shift 4
	once --log "$tmp/$name" "$@"
	while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n || :; done
	{
		local got=0
		mkdir "$tmp/$name" && chmod 777 "$tmp/$name"
		HOME=$tmp/$name XDG_STATE_HOME='' "${as[@]}" "$VFIO_LU" rehearse --json "${options[@]}" \
			>"$tmp/$name/json" 2>"$tmp/$name/err" || got=$?
		echo $got >"$tmp/$name/status"
	} &
}

# With a parameter of the test kernel's handler
handler() { if [ -n "${VFIO_LU_TEST_KERNEL-}" ]; then skipped=$((skipped + 1)); else rehearse "$@"; fi; }

row() { # NAME ROW RESULT
	test "$(jq -r --arg id "$2" '.checks[] | select(.id == $id) | .result' "$tmp/$1/json")" = "$3" ||
		{ jq -r '.checks[] | "\(.id) \(.result) \(.detail)"' "$tmp/$1/json"; return 1; }
}
says() { jq -r '.checks[].detail' "$tmp/$1/json" 2>/dev/null | cat - "$tmp/$1/err" | grep -E -- "$2"; } # NAME WORDS
ended() { test "$(cat "$tmp/$1/status")" = "$2" || { cat "$tmp/$1/status" "$tmp/$1/err"; return 1; }; } # NAME STATUS

judge() { # NAME
	local expected
	check "$1: exit status" ended "$1" "${status[$1]}"
	for expected in ${rows[$1]}; do check "$1: row" row "$1" "${expected%=*}" "${expected#*=}"; done
	[ -z "${words[$1]}" ] || check "$1: words" says "$1" "${words[$1]}"
	[ -z "${rows[$1]}" ] || check "$1: its log is there" test -e "$(jq -r .log "$tmp/$1/json")"
}

all="boots=pass hands-over=pass recognizes-devices=pass restores=pass finishes=pass second-kexec=pass"
as=()

# --------------------------------------------------------------------- initrds
# Unpacks a Debian from the cache, and adds the files of make install and the modules of the m kernel.
make_initrds() {
	local root=$tmp/root image release
	image=$("$top/tests/vm/rootfs.sh" bookworm | tail -n1)
	release=$(ls "$tmp/m/modules")
	mkdir "$root"
	PATH=$PATH:/usr/sbin:/sbin debugfs -R "rdump / $root" "$image" >"$tmp/said" 2>&1
	mkdir -p "$root/usr/lib/modules"
	cp -r "$tmp/m/modules/$release" "$root/usr/lib/modules/"
	# mkinitramfs asks only for this
	echo CONFIG_RD_GZIP=y >"$root/boot/config-$release"
	[ ! -f "$kernel/m/config" ] || cp "$kernel/m/config" "$root/boot/config-$release"
	mount -t proc proc "$root/proc" && mounted+=("$root/proc")
	mount --bind /dev "$root/dev" && mounted+=("$root/dev")
	in_root() { chroot "$root" /usr/bin/env PATH=/usr/local/sbin:/usr/sbin:/usr/bin "$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; return 1; }; }
	printf 'COMPRESS=gzip\nCOMPRESSLEVEL=1\n' >"$root/etc/initramfs-tools/conf.d/gzip"
	in_root mkinitramfs -o /boot/tools-without "$release"
	"$MAKE" --no-print-directory -s -C "$top" install DESTDIR="$root" PREFIX=/usr >"$tmp/said" 2>&1
	in_root mkinitramfs -o /boot/tools "$release"
	# Debian's usual initrd, with systemd in it
	in_root dracut --no-hostonly --compress "gzip -1" --kver "$release" /boot/dracut
	umount "${mounted[@]}"
	mounted=()
	mv "$root/boot" "$tmp/initrds"
	chmod -R a+rX "$tmp/initrds"
}

# Contains only the systemd of Debian sid, which opens /dev/liveupdate before it loads its first unit.
make_systemd_initrd() {
	local root=$tmp/sid stage=$tmp/systemd image file
	image=$("$top/tests/vm/rootfs.sh" sid | tail -n1)
	mkdir "$root" "$stage"
	PATH=$PATH:/usr/sbin:/sbin debugfs -R "rdump / $root" "$image" >"$tmp/said" 2>&1
	mkdir -p "$stage"/{dev,proc,sys,run,tmp,etc,usr/lib,usr/lib64}
	ln -s usr/lib "$stage/lib"
	ln -s usr/lib64 "$stage/lib64"
	ln -s usr/lib/systemd/systemd "$stage/init"
	cp "$root/usr/lib/os-release" "$stage/etc/initrd-release"
	for file in /usr/lib/systemd/systemd /usr/lib/systemd/systemd-executor /usr/lib/x86_64-linux-gnu/libmount.so.1; do
		echo "$file"
		chroot "$root" /usr/bin/ldd "$file" | grep -o '/[^ ]*'
	done | sed 's,^/lib,/usr/lib,' | sort -u | while read -r file; do (cd "$root" && cp -L --parents ".$file" "$stage/"); done
	(cd "$stage" && find . | cpio --quiet -o -H newc -R +0:+0) >"$tmp/initrds/systemd"
	rm -rf "$root" "$stage"
}

# proof: boots pass
# proof: hands-over pass
# proof: recognizes-devices pass
# proof: restores pass
# proof: finishes pass
# proof: second-kexec pass
as=(env -C "$tmp")
rehearse m-m 0 "$all" "" "${from_m[@]}" "${next_m[@]}" --export exported --log m-m
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
as=("${nobody[@]}")
rehearse m-y 0 "$all" "" "${from_m[@]}" "${next_y[@]}"
# a user whose results cannot be stored, and who exports into a device node
mknod -m 666 "$tmp/null" c 1 3
as=("${nobody[@]}" env HOME=/proc/nowhere)
rehearse y-y 0 "$all" "cannot make /proc/nowhere/.*; so the result is not stored" "${from_y[@]}" "${next_y[@]}" \
	--device nvme --device e1000e --device edu --export "$tmp/null"
as=()
# proof: hands-over fail
rehearse no-liveupdate 3 "boots=pass hands-over=fail restores=unknown" "KHO: exec from" "${from_m[@]}" "${next_m[@]}" \
	--next-cmdline "kho=on"
# proof: recognizes-devices fail
handler other-name 3 "recognizes-devices=fail finishes=fail" "refcount_t: underflow" "${from_m[@]}" "${next_m[@]}" \
	--from-cmdline pci_liveupdate.flb=block
# proof: boots fail
handler flat32-block 3 "boots=fail hands-over=unknown" " in kho_block_set_restore.*Kernel panic" "${from_m[@]}" "${next_m[@]}" \
	--from-cmdline pci_liveupdate.flb=flat32 --next-cmdline "kho=on liveupdate=on pci_liveupdate.flb=block"
# proof: finishes fail
handler block-flat32 3 "boots=pass recognizes-devices=fail finishes=fail second-kexec=unknown" "Kernel panic .* never finished" \
	"${from_m[@]}" "${next_m[@]}" \
	--from-cmdline pci_liveupdate.flb=block --next-cmdline "kho=on liveupdate=on pci_liveupdate.flb=flat32"
# A vfio-pci that registers its handler under another name: the files that were handed over have no handler.
mkdir "$tmp/n"
cp -r "$tmp/m/modules" "$tmp/n/"
find "$tmp/n/modules" -name vfio-pci.ko -exec sed -i s/vfio-pci-v1/vfio-pci-v9/ {} +
# proof: restores fail
rehearse no-handler 3 "hands-over=pass restores=fail finishes=unknown" "No registered handler for compatible .vfio-pci-v1" \
	"${from_m[@]}" --next-kernel "$tmp/m/bzImage" --next-modules "$tmp/n/modules"
# proof: second-kexec fail
rehearse no-second 3 "boots=pass finishes=pass second-kexec=fail" "not permitted" "${from_m[@]}" "${next_m[@]}" \
	--next-cmdline "kho=on liveupdate=on sysctl.kernel.kexec_load_disabled=1"
rehearse no-vfio-pci 3 "hands-over=pass recognizes-devices=fail" "does not go to vfio-pci" "${from_m[@]}" \
	--next-kernel "$tmp/m/bzImage"
echo "no kernel, but a text" >"$tmp/text"
rehearse no-kernel 3 "boots=fail" "Cannot determine the file type" "${from_m[@]}" "${next_m[@]}" --next-kernel "$tmp/text"
rehearse from-no-kernel 3 "boots=fail" "it is not a kernel image for x86" --from "$tmp/text" "${next_m[@]}"
rehearse from-no-luo 4 "" "has no live update" "${from_m[@]}" "${next_m[@]}" --from-cmdline liveupdate=off
rehearse too-slow 3 "boots=unknown hands-over=unknown" "no answer within 1 s" "${from_m[@]}" "${next_m[@]}" --timeout 1
mkfifo "$tmp/fifo"
as=(timeout -s KILL 20)
for option in from next-kernel next-initrd; do
	rehearse "fifo-$option" 1 "" "fifo: not a file" "${from_m[@]}" "${next_m[@]}" "--$option" "$tmp/fifo"
done
# reported before the long run
rehearse export-nowhere 1 "" "cannot write .*/none/file: No such file or directory" "${from_m[@]}" "${next_m[@]}" \
	--export "$tmp/none/file"
rehearse export-fifo 1 "" "cannot write .*/fifo: No such device or address" "${from_m[@]}" "${next_m[@]}" --export "$tmp/fifo"
as=("${nobody[@]}" timeout -s KILL 20)
rehearse export-locked 1 "" "cannot write $tmp/file: Permission denied" "${from_m[@]}" "${next_m[@]}" --export "$tmp/file"
as=()
rehearse no-such-kind 2 "" "no kind of device 'toaster'" "${from_m[@]}" "${next_m[@]}" --device toaster
rehearse no-modules 1 "" "no modules.dep" "${from_m[@]}" "${next_m[@]}" --next-modules /etc
: >"$tmp/nothing"
as=(unshare -m sh -c "mount --bind $tmp/nothing \$(command -v qemu-system-x86_64); exec \"\$@\"" -)
rehearse no-qemu 4 "" "install qemu-system-x86" "${from_m[@]}" "${next_m[@]}"
as=(unshare -m sh -c "mount --bind /bin/false \$(command -v qemu-system-x86_64); exec \"\$@\"" -)
rehearse cannot-start 4 "" "QEMU does not start the virtual machine" "${from_m[@]}" "${next_m[@]}"
# The ways in which a machine ends, and what each says about its kernels. A stand-in plays QEMU.
cat >"$tmp/emulator" <<'END'
#!/bin/sh
echo "[    0.000000] Linux version 7.3"
[ "$STANDIN" = early ] || [ "$STANDIN" = slow ] || {
	echo "1 ok up" >&3
	# later kernel messages belong to the next step
	until grep -qs "1 ok up" "$LOGS"/*.log; do sleep 0.1; done
}
case $STANDIN in
once)
	[ -e "$LOGS/first" ] || { touch "$LOGS/first" && exit; }
	for step in 1:luo 1:bind 1:preserve 1:config 1:load 2:up; do echo "${step%:*} ok ${step#*:}" >&3; done
	exec sleep 60
	;;
killed) kill -KILL $$ ;;
told | early) echo "[    1.000000] the last lineqemu: terminating on signal 15 from pid 1 (x)" ;;
aborted) echo "qemu: Bad memory" && exit 1 ;;
panicked) echo "[    1.000000] Kernel panic - not syncing: no way on" && kill -KILL $$ ;;
damaged) echo "[    1.000000] BUG: unable to handle page fault" && exec sleep 60 ;;
slow) echo "[    1.000000] WARNING: the clock is slow" && exec sleep 60 ;;
esac
END
chmod 755 "$tmp/emulator"
standin() { # HOW STATUS RESULT WORDS
	as=(env "STANDIN=$1" "LOGS=$tmp/ends-$1" unshare -m sh -c "mount --bind $tmp/emulator \$(command -v qemu-system-x86_64); exec \"\$@\"" -)
	rehearse "ends-$1" "$2" "boots=$3 hands-over=unknown" "$4" "${from_m[@]}" "${next_m[@]}" --timeout 2
}
standin killed 3 unknown "signal 9 ended QEMU"
standin told 3 unknown "another process ended QEMU: terminating on signal 15 from pid 1"
standin early 3 unknown "another process ended QEMU: terminating on signal 15 from pid 1"
standin aborted 3 unknown "QEMU ended with exit status 1: qemu: Bad memory"
standin slow 3 unknown "no answer within 2 s"
# a reset without a message can be an error of QEMU: the second one is a failure
standin reset 3 fail "the machine was reset; the last line of its log: Linux version"
standin once 3 warn "in a first run, the machine was reset here, and the kernel gave no reason"
standin panicked 3 fail "it panicked; the kernel: Kernel panic - not syncing: no way on"
standin damaged 3 fail "no answer within 2 s.*; the kernel: BUG: unable to handle page fault"
mkdir "$tmp/full"
as=(unshare -m sh -c "mount -t tmpfs -o size=4k tmpfs $tmp/full; exec \"\$@\"" -)
rehearse full-disk 1 "" "cannot write .*No space left" "${from_m[@]}" "${next_m[@]}" --log "$tmp/full"
as=()
# The initrds made here are for vfio-pci as a module.
if [ ! -d "$kernel/m" ]; then
	skipped=$((skipped + 4))
elif [ "$wanted" = "  " ] || [[ $wanted == *initrd* ]]; then
	make_initrds
	make_systemd_initrd
	# proof: initrd-restores pass
	rehearse initrd-tools 0 "$all initrd-restores=pass" "" "${from_m[@]}" "${next_m[@]}" --next-initrd "$tmp/initrds/tools"
	# proof: initrd-restores fail
	rehearse initrd-without 3 "finishes=pass initrd-restores=fail" "0000:04:00.0 is with e1000e; the kernel: e1000e 0000:04:00.0" \
		"${from_m[@]}" "${next_m[@]}" --next-initrd "$tmp/initrds/tools-without"
	rehearse initrd-systemd 3 "finishes=pass initrd-restores=fail" "opened /dev/liveupdate before .*luo: No registered handler" \
		"${from_m[@]}" "${next_m[@]}" --next-initrd "$tmp/initrds/systemd"
	rehearse initrd-dracut 0 "$all initrd-restores=pass" "" "${from_m[@]}" "${next_m[@]}" --next-initrd "$tmp/initrds/dracut"
fi
wait
for name in ${names[@]+"${names[@]}"}; do judge "$name"; done

# --------------------------------------------------------- what became of them
kept() { # STATUS FILE RESULT: in a host whose running kernel is the m kernel
	local got=0 release
	release=$(uname -r)
	unshare -m sh -c 'mount -t tmpfs tmpfs /boot; mount -t tmpfs tmpfs /var/lib; cp "$1" "/boot/vmlinuz-$2"; shift 2; exec "$@"' - \
		"$tmp/m/bzImage" "$release" "$VFIO_LU" check --json "${@:3}" >"$tmp/check" 2>"$tmp/check.err" || got=$?
	test "$(jq -r '.next_kernel.checks[] | select(.id == "rehearsed") | .result' "$tmp/check")" = "$1" &&
		jq -r '.next_kernel.checks[] | select(.id == "rehearsed") | .detail' "$tmp/check" | grep -E -- "$2" ||
		{ cat "$tmp/check" "$tmp/check.err"; return 1; }
}
if [[ " ${names[*]-} " == *" y-y "* ]]; then
	check "a device node stays one when it is written to" test -c "$tmp/null"
fi
for name in export-nowhere export-fifo export-locked fifo-from fifo-next-kernel fifo-next-initrd; do
	[[ " ${names[*]-} " != *" $name "* ]] || check "$name: ends before it begins" sh -c '! ls "$1"/*.log' - "$tmp/$name"
done
if [[ " ${names[*]-} " == *" ends-once "* ]]; then
	check "the first reset is a warning" jq -e '.warnings[0].message | test("was reset, .* begins again")' "$tmp/ends-once/json"
fi
if [[ " ${names[*]-} " == *" m-m "* ]]; then
	check "a relative --log is recorded as it is found" test "$(jq -r .log "$tmp/exported" | sed 's,/[^/]*$,,')" = "$tmp/m-m"
	# proof: rehearsed pass
	check "check reads the exported result" kept pass "rehearsed at 20.*, and passed" \
		--next-kernel "$tmp/m/bzImage" --rehearsal "$tmp/exported"
	check "and notices that it belongs to another pair" kept warn "is of another pair, and this pair of kernels was not rehearsed" \
		--next-kernel "$tmp/m/bzImage" --next-initrd "$tmp/text" --rehearsal "$tmp/exported"
	sed 's/"verdict": *"ready"/"verdict": "not-ready"/; 0,/"result": *"pass"/s//"result": "fail"/' "$tmp/exported" >"$tmp/bad"
	# proof: rehearsed fail
	check "check reports a failed rehearsal" kept fail "and failed: boots: both kernels" \
		--next-kernel "$tmp/m/bzImage" --rehearsal "$tmp/bad"
	check "a file that is no result" kept unknown "no result of a rehearsal" --next-kernel "$tmp/m/bzImage" --rehearsal "$tmp/text"
	check "none at all" kept warn "was not rehearsed" --next-kernel "$tmp/m/bzImage"
fi

# A result without a verdict does not replace the stored result of the pair.
nothing() { # WORDS SIGNAL|none OPTION...: the signal is for the emulator
	local got=0 words=$1 dir=$tmp/nothing pid qemu before
	shift
	before=$(sha256sum "$stored")
	rm -rf "$dir"
	mkdir -m 777 "$dir"
	HOME=$tmp/m-y XDG_STATE_HOME='' "${nobody[@]}" "$VFIO_LU" rehearse --json "${from_m[@]}" "${next_y[@]}" --log "$dir" \
		"${@:2}" >"$dir.json" 2>"$dir.err" &
	pid=$!
	if [ "$1" != none ]; then
		while kill -0 "$pid" && ! grep -qs "Linux version" "$dir"/*; do sleep 0.1; done
		qemu=$(pgrep -P "$pid")
		kill "-$1" "$qemu"
	fi
	wait "$pid" || got=$?
	jq -r '.verdict, .checks[].detail' "$dir.json"
	cat "$dir.err"
	[ "$got" = 3 ] || { echo "exit status $got"; return 1; }
	[ "$(jq -r '.verdict, .error' "$dir.json" | tr '\n' ' ')" = "unknown null " ] || return 1
	jq -r '.checks[] | select(.id == "boots") | .detail' "$dir.json" | grep -E "$words" || return 1
	[ "$(sha256sum "$stored")" = "$before" ] || return 1
}
if [[ " ${names[*]-} " == *" m-y "* ]]; then
	stored=$(echo "$tmp"/m-y/.local/state/vfio-lu/rehearsals/*.json)
	check "the result is stored" test -f "$stored"
	check "a time limit that is too short" nothing "no answer within 1 s" none --timeout 1
	check "QEMU is killed" nothing "signal 9 ended QEMU" KILL
	check "QEMU is told to end" nothing "another process ended QEMU: terminating on signal 15" TERM
fi

# -------------------------------------------------------------------- the fix
# check prints a command for a pair that was never rehearsed. Executed unchanged, it makes the check pass. The
# running kernel of that host is the y kernel, and its modules are where a host has them.
cured() {
	unshare -m bash -euo pipefail -c '
		tmp=$1 vfio_lu=$2
		mount -t tmpfs tmpfs /boot
		mount -t tmpfs tmpfs /var/lib
		cp "$tmp/y/bzImage" "/boot/vmlinuz-$(uname -r)"
		mkdir -p /lib/modules
		mount --bind "$tmp/y/modules" /lib/modules
		row() { # EXPRESSION
			"$vfio_lu" check --json --next-kernel "$tmp/y/bzImage" >"$tmp/cured" 2>"$tmp/cured.err" || :
			jq -r ".next_kernel.checks[] | select(.id == \"rehearsed\") | $1" "$tmp/cured"
		}
		fix=$(row "select(.result == \"warn\") | .fix_argv | @sh")
		echo "the fix: $fix"
		eval "set -- $fix"
		[ "$1 $2" = "vfio-lu rehearse" ]
		shift
		"$vfio_lu" "$@"
		[ "$(row "\"\(.result) \(.fix_argv)\"")" = "pass null" ] || { cat "$tmp/cured"; exit 1; }
	' - "$tmp" "$VFIO_LU"
}
if [ "$wanted" = "  " ] || [[ $wanted == *" cured "* ]]; then
	check "the fix makes the check pass" cured
fi

# A killed rehearsal leaves only the log: QEMU ends too, and there is no other file.
killed() { # SIGNAL STATUS
	local pid got=0 dir=$tmp/killed-$1 qemu
	mkdir "$dir"
	touch "$dir.begin"
	"$VFIO_LU" rehearse "${from_m[@]}" "${next_m[@]}" --log "$dir" >"$dir.out" 2>&1 &
	pid=$!
	while kill -0 "$pid" && ! grep -qs "Linux version" "$dir"/*; do sleep 0.1; done
	qemu=$(pgrep -P "$pid")
	kill "-$1" "$pid"
	wait "$pid" || got=$?
	[ "$got" = "$2" ] || { echo "exit status $got"; return 1; }
	# the kernel kills QEMU while the rehearsal ends
	for _ in $(seq 100); do kill -0 "$qemu" 2>/dev/null || break; sleep 0.1; done
	! kill -0 "$qemu" 2>/dev/null || return 1
	[ "$(ls -A "$dir" | wc -l)" = 1 ] || return 1
	[ -z "$(find /tmp /var/tmp /dev/shm -path "$tmp" -prune -o -newer "$dir.begin" -name '*rehears*' -print)" ]
}
if [ "$wanted" = "  " ] || [[ $wanted == *" killed "* ]]; then
	check "SIGKILL" killed KILL 137
	check "SIGTERM" killed TERM 143
fi

echo "rehearse: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
