#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests the packages on one fresh Debian: an ordinary user builds them, apt installs them, the program runs, the next
# initrd has the hook, man shows the pages, purge leaves no file, and autopkgtest passes. deb.sh runs this script.
# usage: unshare --mount tests/deb-suite.sh SUITE DIRECTORY	(DIRECTORY: empty)
# Prints a line for each check, ok, FAIL or skip, and "done" last.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
[ $# = 2 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
suite=$1 tmp=$2
root=$tmp/root
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/vm/mirror.sh
. "$top/tests/vm/mirror.sh"
# shellcheck source=tests/vm/once.sh
. "$top/tests/vm/once.sh"
say() { echo "$suite: $*"; }
uri=$(mirror)
keyring=$(keyrings "$uri")
extra="initramfs-tools kmod jq bash-completion man-db busybox kexec-tools"
# One rehearsal is enough.
[ "$suite" != bookworm ] || extra="$extra qemu-system-x86"

check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok   $suite: $what"
	else
		echo "FAIL $suite: $what"
		tail -n 20 "$tmp/out" | sed 's/^/    /'
	fi
}

key() { sha256sum | cut -c1-16; }
in_root() { chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; } # COMMAND...
apt() { in_root apt-get -q -y -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 --no-install-recommends "$@"; }

copy_packages() { # DIRECTORY
	cp "$1"/*.deb "$root/tmp/"
	packages=$(cd "$root" && echo tmp/*.deb | sed 's, \|^,&/,g')
}

# Makes a root file system, from the cache, with the packages that the build and the program need.
make_root() (
	tar=$cache/deb-$suite-$({ echo "$extra"; cat "$top/dist/debian/control"; } | key).tar
	mkdir -p "$root"
	alone "deb-$suite"
	if [ ! -e "$tar" ]; then
		rm -f "$cache/deb-$suite"-*.tar
		debootstrap --variant=minbase --keyring="${keyring%%,*}" "$suite" "$root" "$uri" || exit 1
		mkdir "$root/tmp/source"
		cp -r "$top/dist/debian" "$root/tmp/source/debian"
		apt build-dep /tmp/source || exit 1
		copy_packages "$top/build/deb"
		# shellcheck disable=SC2086 # words
		apt install $extra $packages || exit 1
		in_root dpkg -P vfio-lu libvfio-lu-dev libvfio-lu0
		rm -rf "$root"/tmp/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
		tar -C "$root" -cf "$tar.new" .
		mv "$tar.new" "$tar"
	else
		tar -C "$root" -xf "$tar"
	fi
)

# The packages of this suite: those of this machine, those in the cache, or newly built ones.
sources() {
	(cd "$top" && find . \( -path ./build -o -path ./.git -o -path ./tests -o -path ./vfio-lu \) -prune -o -type f -print0 |
		sort -z | xargs -0 sha256sum)
}
build() {
	debs=$top/build/deb
	! grep -qx "VERSION_CODENAME=$suite" /etc/os-release || return 0
	debs=$cache/deb-built-$suite-$(sources | key)
	[ ! -d "$debs" ] || return 0
	rm -rf "$cache/deb-built-$suite"-*
	mkdir "$root/tmp/build"
	tar -C "$top" -c --exclude=./build --exclude=./.git --exclude=./vfio-lu . | tar -x -C "$root/tmp/build"
	chown -R nobody: "$root/tmp/build"
	in_root setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent TMPDIR=/tmp/build \
		/tmp/build/dist/debian/build.sh /tmp/build/out || return 1
	cp -r "$root/tmp/build/out" "$debs.new"
	mv "$debs.new" "$debs"
	rm -rf "$root/tmp/build"
}

# Leaves out the databases of dpkg, apt and others, which always change.
# Leaves out the files that systemd's helpers of maintainer scripts leave: in /run until the next boot, and their
# catalog.
files_of() {
	find "$root" -xdev \( -path "*/var/lib/dpkg" -o -path "*/var/lib/apt" -o -path "*/var/log" -o -path "*/var/cache" \
		-o -path "$root/proc" -o -path "$root/sys" -o -path "$root/tmp" -o -path "*/ld.so.cache" \
		-o -path "*/var/lib/systemd/catalog" -o -path "$root/run/systemd" \) -prune -o -print | sort
}

check "a fresh root file system" make_root
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
check "the packages can be built" build
[ "$debs" = "$top/build/deb" ] || check "lintian reports nothing" "$top/dist/debian/lint.sh" "$debs"
files_of >"$tmp/before"
copy_packages "$debs"
# shellcheck disable=SC2086 # words
check "apt installs the packages" apt install $packages
check "vfio-lu check runs" in_root sh -c 'vfio-lu check --json >/tmp/check; jq -e ".host.checks | length > 10" /tmp/check'
check "the manual shows" in_root sh -c 'dpkg -L vfio-lu | grep -q man8/vfio-lu.8.gz'
check "bash completes" in_root bash -c \
	'. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/vfio-lu; complete -p vfio-lu'
check "the early unit is enabled" in_root sh -c 'ls /etc/systemd/system/*.wants/vfio-lu-restore.service'
# with the systemd of this suite, if the suite has the tool
if [ -x "$root/usr/bin/systemd-analyze" ]; then
	for unit in vfio-lu.service vfio-lu-restore.service; do
		check "systemd-analyze verify accepts $unit" in_root env SYSTEMD_LOG_LEVEL=warning sh -c \
			'said=$(systemd-analyze --man=no --recursive-errors=no verify "$1" 2>&1) && [ -z "$said" ] || { echo "$said"; false; }' - "$unit"
		check "$unit has a small exposure" in_root systemd-analyze security --no-pager --offline=true --threshold=50 "$unit"
	done
fi
mkdir -p "$root/lib/modules/1.0-none"
check "the next initrd has the hook" in_root sh -c '
	depmod 1.0-none && echo CONFIG_RD_GZIP=y >/boot/config-1.0-none && update-initramfs -c -k 1.0-none 2>&1 || exit 1
	lsinitramfs /boot/initrd.img-1.0-none >/tmp/list
	for file in "\(usr/\)\?sbin/vfio-lu" "\(usr/\)\?sbin/vfio-lu-restore" scripts/init-top/00-vfio-lu; do
		grep -x "$file" /tmp/list || exit 1
	done'
# Files that commands leave behind
mkdir -p "$root/run/vfio-lu" "$root/var/lib/vfio-lu/rehearsals"
touch "$root/run/vfio-lu/lock" "$root/var/lib/vfio-lu/vfio-lu.json"
held_is_kept() {
	printf '#!/bin/sh\necho "session  vm   incoming, waiting"\n' >"$root/usr/sbin/vfio-lu"
	in_root dpkg -P vfio-lu >"$tmp/purge" 2>&1 && grep "incoming, waiting" "$tmp/purge" && [ -e "$root/var/lib/vfio-lu/vfio-lu.json" ] &&
		rm "$root/var/lib/vfio-lu/vfio-lu.json" && in_root sh -c 'dpkg -i /tmp/vfio-lu_*.deb'
}
check "the removal names and keeps a waiting session" held_is_kept
purges() {
	apt purge vfio-lu libvfio-lu0 libvfio-lu-dev >"$tmp/purge" 2>&1 || { cat "$tmp/purge"; return 1; }
	! grep -iE 'warning|still held' "$tmp/purge"
}
check "apt purges them, without a warning" purges
rm -rf "$root"/lib/modules/1.0-none "$root"/boot/*1.0-none "$root"/var/lib/initramfs-tools/1.0-none
rmdir "$root/lib/modules" 2>/dev/null || :
files_of >"$tmp/after"
check "and no file is left" diff "$tmp/before" "$tmp/after"

# --------------------------------------------------------------- the package's own tests
# A kernel that hands over, for the rehearsal
add_kernel() {
	local kernel release
	kernel=$("$top/tests/vm/kernel.sh" | tail -n1)/m
	release=$(ls "$kernel/modules")
	cp -L "$kernel/bzImage" "$root/boot/vmlinuz-$release"
	mkdir -p "$root/lib/modules"
	tar -C "$kernel/modules" --exclude="$release/build" --exclude="$release/source" -chf - "$release" |
		tar -C "$root/lib/modules" -xf -
}
[ ! -e "$root/usr/bin/qemu-system-x86_64" ] || check "the test kernel is there" add_kernel
mkdir "$tmp/source"
cp -r "$top/dist/debian" "$tmp/source/debian"
dpkg-deb --fsys-tarfile "$debs"/vfio-lu_*.deb | tar -xO ./usr/share/doc/vfio-lu/changelog.gz | gunzip >"$tmp/source/debian/changelog"
status=0
autopkgtest --output-dir "$tmp/tests" "$debs"/*.deb "$tmp/source/" -- chroot "$root" >"$tmp/said" 2>&1 || status=$?
# 2: at least one was skipped
case $status in 0 | 2) ;; *) tail -n 40 "$tmp/said" | sed 's/^/    /' ;; esac
own_tests() { sed -n 's/^Tests: //p' "$top/dist/debian/tests/control"; }
for one in $(own_tests); do
	case $(sed -n "s/^$one  *//p" "$tmp/tests/summary") in
	PASS*) echo "ok   $suite: autopkgtest $one" ;;
	SKIP*) echo "skip $suite: autopkgtest $one" ;;
	*) echo "FAIL $suite: autopkgtest $one" ;;
	esac
done
umount "$root/proc" "$root/sys"
rm -rf --one-file-system "$root"
echo "done"
