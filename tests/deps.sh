#!/bin/sh
# Makes sure that what a part of the work needs is installed (Debian 12).
# usage: tests/deps.sh build|test|lint|vm...
set -eu

build="gcc make pkg-config libc6-dev libpci-dev libkmod-dev libjson-c-dev libfdt-dev libsystemd-dev zlib1g-dev
	liblzma-dev libzstd-dev liblz4-dev"
test="$build libcmocka-dev jq strace mandoc util-linux zsh fish"
lint="$test clang libclang-rt-dev shellcheck codespell"
# What runs in the VM, what boots it, and what compiles its kernel.
vm="$build qemu-system-x86 busybox-static kexec-tools strace pci.ids cpio e2fsprogs kmod
	apt dpkg debian-archive-keyring xz-utils flex bison bc libelf-dev libssl-dev ccache patch perl debootstrap"

usage() { echo "usage: tests/deps.sh build|test|lint|vm..." >&2; exit 2; }

[ $# -gt 0 ] || usage
want=
for set_name; do
	case $set_name in
	build) want="$want $build" ;;
	test) want="$want $test" ;;
	lint) want="$want $lint" ;;
	vm) want="$want $vm" ;;
	*) usage ;;
	esac
done

command -v dpkg-query >/dev/null || {
	echo "deps.sh: no dpkg here; install by hand what the Debian packages named in it hold" >&2
	exit 1
}

# shellcheck disable=SC2086 # package names are words
have=$(dpkg-query -W -f '${Package}:${db:Status-Status} ' $want 2>/dev/null) || :
missing=
for package in $want; do
	case " $have $missing" in
	*" $package:installed "*) ;;
	*" $package "*) ;;
	*) missing="$missing $package " ;;
	esac
done
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086,SC2116
missing=$(echo $missing)

if [ "$(id -u)" != 0 ]; then
	echo "deps.sh: missing packages; as root: apt-get install --no-install-recommends $missing" >&2
	exit 1
fi

echo "deps.sh: installing $missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300"
$apt update >&2 || echo "deps.sh: the package lists could not be updated; trying with those there are" >&2
case " $missing " in
*" kexec-tools "*)
	# Left to its default, kexec-tools turns the next reboot of this machine into a kexec.
	! command -v debconf-set-selections >/dev/null ||
		echo "kexec-tools kexec-tools/load_kexec boolean false" | debconf-set-selections
	;;
esac
# shellcheck disable=SC2086
$apt install --no-install-recommends $missing >&2
