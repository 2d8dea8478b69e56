#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the file of a Debian root file system for the VM, after making it if the cache does not have it. It has systemd
# and the packages that vfio-lu needs, for bookworm also the makers of initrds, for sid a QEMU with iommufd. It does not
# have vfio-lu itself. A layer adds packages for the scenarios that name it, and is an image of its own.
# usage: tests/vm/rootfs.sh SUITE[-LAYER]
set -euo pipefail

RECIPE=1 # raise when a change in this file must make the images again

[ $# = 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
name=$1 suite=${1%%-*}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/mirror.sh
. "$here/mirror.sh"
# shellcheck source=tests/vm/once.sh
. "$here/once.sh"
say() { echo "rootfs: $name: $*" >&2; }
die() { say "$*"; exit 1; }

base=systemd-sysv,udev,kmod,kexec-tools,strace,procps,libpci3,libkmod2,libjson-c5,libfdt1,libsystemd0,zlib1g,liblzma5,libzstd1,liblz4-1
case $suite in
bookworm) extra='initramfs-tools dracut-core' ;;
sid) extra='qemu-system-x86 seabios' ;;
*) extra='' ;;
esac
case $name in
"$suite") ;;
bookworm-ssh) extra="$extra openssh-server python3 python3-apt" ;;
sid-libvirt) extra="$extra libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients apparmor" ;;
*) die "there is no such layer" ;;
esac

key=$(echo "$RECIPE $name $base $extra" | sha256sum | cut -c1-16)
image=$cache/rootfs-$name-$key.img
alone "rootfs-$name"
if [ -e "$image" ]; then
	echo "$image"
	exit
fi
[ "$(id -u)" = 0 ] || die "a root file system is made by root; run this once: sudo -E $0 $name"
uri=$(mirror)
[ -n "$uri" ] || die "apt on this machine names no Debian mirror"
keyring=$(keyrings "$uri")

begin "rootfs-$name"
say "fetching and unpacking Debian packages (about 150 MB)"
root=$work/root
debootstrap --variant=minbase --keyring="${keyring%%,*}" --include="$base" "$suite" "$root" "$uri" >>"$work/log" 2>&1
if [ -n "$extra" ]; then
	# shellcheck disable=SC2086 # words
	DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root \
		-o Dpkg::Use-Pty=0 install $extra >>"$work/log" 2>&1
fi
echo "making an image" >>"$work/log"

# Remove files that no test needs, and all names of the mirror.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/etc/apt/sources.list* "$root"/usr/share/{doc,man,locale,i18n} \
	"$root"/var/log/* "$root"/debootstrap
# The machine has one console, so do not wait for others.
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
quiet
for old in "$cache/rootfs-$name"-????????????????.img; do [ "$old" = "$image" ] || rm -f "$old"; done
say "$(du -m "$image" | cut -f1) MB in $SECONDS s"
echo "$image"
