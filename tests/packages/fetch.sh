#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints a directory with the files that check --next-kernel reads of Debian's kernel, and makes the directory if it does
# not exist: the cloud kernel of trixie-backports; an initrd of initramfs-tools and one of dracut, each with and without
# vfio-pci in the configuration; a unified image of ukify; and the same kernel for arm64.
# usage: tests/packages/fetch.sh		exit status 77: the directory cannot be made here
set -euo pipefail

[ $# = 0 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/mirror.sh
. "$here/../vm/mirror.sh"
# shellcheck source=tests/vm/once.sh
. "$here/../vm/once.sh"
say() { echo "packages: $*" >&2; }
without() { say "$*"; exit 77; }

out=$cache/packages-$(sha256sum <"$0" | cut -c1-16)
alone packages
if [ -d "$out" ]; then
	echo "$out"
	exit
fi
[ "$(id -u)" = 0 ] || without "a root file system is made by root; run this once: sudo -E $0"
command -v debootstrap >/dev/null || without "there is no debootstrap here"
uri=$(mirror)
[ -n "$uri" ] || without "apt on this machine names no Debian mirror"
keyring=$(keyrings "$uri")
keyring=${keyring%%,*}

begin packages
root=$work/root
# INITRD=No: the tools are run by hand, below.
inside() { DEBIAN_FRONTEND=noninteractive INITRD=No chroot "$root" "$@" >>"$work/log" 2>&1; }
install() { # OPTION... PACKAGE...
	inside apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install "$@"
}

say "fetching and unpacking Debian packages (about 250 MB)"
debootstrap --variant=minbase --keyring="$keyring" --include=kmod,udev,systemd,zstd trixie "$root" "$uri" >>"$work/log" 2>&1 ||
	without "the mirror does not answer"
echo "deb $uri trixie-backports main" >"$root/etc/apt/sources.list.d/backports.list"
inside dpkg --add-architecture arm64
inside apt-get -q -o APT::Sandbox::User=root update || without "the mirror does not answer"
install dracut-core initramfs-tools systemd-ukify systemd-boot-efi python3-pefile
install -t trixie-backports linux-image-cloud-amd64
release=$(basename "$root"/boot/vmlinuz-*)
release=${release#vmlinuz-}

# Only the image and the configuration of that kernel.
arm64=${release%amd64}arm64
inside sh -c "cd /tmp && apt-get -q -o APT::Sandbox::User=root download linux-base-$arm64:arm64 linux-binary-$arm64:arm64"
for deb in "$root"/tmp/*.deb; do dpkg-deb -x "$deb" "$work/arm64"; done

inside mkinitramfs -o /boot/initramfs-tools "$release"
echo vfio-pci >>"$root/etc/initramfs-tools/modules"
inside mkinitramfs -o /boot/initramfs-tools-vfio "$release"
dracut=(dracut --no-hostonly --kver "$release")
inside "${dracut[@]}" /boot/dracut
inside "${dracut[@]}" --force-drivers vfio-pci /boot/dracut-vfio
inside ukify build --linux "/boot/vmlinuz-$release" --initrd /boot/initramfs-tools \
	--cmdline "root=LABEL=nowhere kho=on liveupdate=on" --output /boot/uki.efi

tree=$work/tree
mkdir -p "$tree/boot" "$tree/lib/modules/$release"
for file in "vmlinuz-$release" "config-$release" initramfs-tools initramfs-tools-vfio dracut dracut-vfio uki.efi; do
	mv "$root/boot/$file" "$tree/boot/$file"
done
for file in vmlinuz config; do mv "$work/arm64/usr/lib/modules/$arm64/$file" "$tree/boot/$file-$arm64"; done
cd "$root/usr/lib/modules/$release"
cp --parents modules.dep modules.alias modules.builtin modules.builtin.modinfo kernel/drivers/vfio/pci/vfio-pci*.ko* \
	"$tree/lib/modules/$release"
chmod -R a+rX "$tree"
mv "$tree" "$out"
for old in "$cache"/packages-*; do [ "$old" = "$out" ] || rm -rf "$old"; done
say "$(du -sm "$out" | cut -f1) MB in $SECONDS s"
echo "$out"
