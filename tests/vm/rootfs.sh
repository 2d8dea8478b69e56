#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the file that holds a Debian root file system for the VM, and makes it first where it is not there yet: systemd,
# what vfio-lu needs, for bookworm what makes an initial RAM disk, and for sid a QEMU that knows iommufd. vfio-lu itself is not in it.
# usage: tests/vm/rootfs.sh SUITE
set -euo pipefail

[ $# = 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
suite=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/mirror.sh
. "$here/mirror.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu
say() { echo "rootfs: $*" >&2; }
die() { say "$*"; exit 1; }

base=systemd-sysv,udev,kmod,kexec-tools,strace,procps,libpci3,libkmod2,libjson-c5,libfdt1,libsystemd0,zlib1g,liblzma5,libzstd1,liblz4-1
case $suite in
bookworm) extra='initramfs-tools dracut-core' ;;
sid) extra='qemu-system-x86 seabios' ;;
*) extra='' ;;
esac

key=$({ cat "$0"; echo "$suite"; } | sha256sum | cut -c1-16)
image=$cache/rootfs-$suite-$key.img
mkdir -p "$cache"
exec 9>"$cache/rootfs-$suite.lock"
if ! flock -n 9; then
	say "waiting for another to be made"
	flock 9
fi
if [ -e "$image" ]; then
	echo "$image"
	exit
fi
[ "$(id -u)" = 0 ] || die "a root file system is made by root; run this once: sudo -E $0 $suite"
uri=$(mirror)
[ -n "$uri" ] || die "apt on this machine names no Debian mirror"
keyring=$(keyrings "$uri")

# What was left behind by one that was killed.
rm -rf "$cache"/rootfs-"$suite".*.new
work=$(mktemp -d "$cache/rootfs-$suite.XXXXXX.new")
progress=''
finish() {
	local status=$?
	[ -z "$progress" ] || kill "$progress" 2>/dev/null || :
	[ "$status" = 0 ] || [ ! -s "$work/log" ] || tail -n 20 "$work/log" >&2
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
start=$SECONDS
while sleep 10; do say "$suite: $(tail -n1 "$work/log" | cut -c1-60), $((SECONDS - start)) s"; done 9>&- &
progress=$!

say "$suite: fetching and unpacking Debian packages (about 150 MB)"
root=$work/root
debootstrap --variant=minbase --keyring="${keyring%%,*}" --include="$base" "$suite" "$root" "$uri" >"$work/log" 2>&1
if [ -n "$extra" ]; then
	# shellcheck disable=SC2086 # words
	DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root \
		-o Dpkg::Use-Pty=0 install $extra >>"$work/log" 2>&1
fi
echo "making an image" >>"$work/log"

# What a test never looks at; and no name of the mirror stays behind.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/etc/apt/sources.list* "$root"/usr/share/{doc,man,locale,i18n} \
	"$root"/var/log/* "$root"/debootstrap
# One console, no wait for what is not there.
ln -sf /dev/null "$root/etc/systemd/system/getty@.service"
ln -sf /dev/null "$root/etc/systemd/system/serial-getty@.service"
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
echo vm >"$root/etc/hostname"
: >"$root/etc/fstab"
echo 00000000000000000000000000000001 >"$root/etc/machine-id"
size=$(du -sm "$root" | cut -f1)
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -m 0 -E lazy_itable_init=1 -d "$root" "$work/image" "$((size + size / 6 + 64))M" \
	>>"$work/log" 2>&1
mv "$work/image" "$image"
kill "$progress" || :
wait "$progress" 2>/dev/null || :
progress=''
for old in "$cache/rootfs-$suite"-*.img; do [ "$old" = "$image" ] || rm -f "$old"; done
say "$suite: $(du -m "$image" | cut -f1) MB in $((SECONDS - start)) s"
echo "$image"
