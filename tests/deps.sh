#!/bin/sh
# Installs the packages that a part of the work needs (Debian 12).
# usage: tests/deps.sh [-n] build|test|lint|vm|deb|role|fleet...
# -n: prints the command, and installs nothing.
set -eu

build="gcc make pkg-config libc6-dev libpci-dev libkmod-dev libjson-c-dev libfdt-dev libsystemd-dev zlib1g-dev
	liblzma-dev libzstd-dev liblz4-dev libssl-dev"
test="$build libcmocka-dev jq python3-jsonschema strace mandoc util-linux zsh fish bash-completion python3"
lint="$test clang libclang-rt-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross shellcheck codespell"
# The programs that run in the VM, that boot it, and that compile its kernel.
vm="$build qemu-system-x86 busybox-static bash jq kexec-tools strace pci.ids cpio e2fsprogs kmod python3-jsonschema
	apt dpkg debian-archive-keyring xz-utils flex bison bc libelf-dev libssl-dev ccache patch perl debootstrap debhelper fakeroot"

deb="$build debhelper fakeroot lintian debootstrap autopkgtest"

# The programs that run the role, and those that check it
role="$build ansible-core jq python3"
fleet="$vm $deb $role ansible-lint yamllint openssh-client"

usage() { echo "usage: tests/deps.sh [-n] build|test|lint|vm|deb|role|fleet..." >&2; exit 2; }

dry=
[ "${1-}" != -n ] || { dry=1; shift; }

[ $# -gt 0 ] || usage
want=
for set_name; do
	case $set_name in
	build) want="$want $build" ;;
	test) want="$want $test" ;;
	lint) want="$want $lint" ;;
	vm) want="$want $vm" ;;
	deb) want="$want $deb" ;;
	role) want="$want $role" ;;
	fleet) want="$want $fleet" ;;
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

if [ -n "$dry" ] || [ "$(id -u)" != 0 ]; then
	echo "deps.sh: missing packages; as root: apt-get install --no-install-recommends $missing" >&2
	exit 1
fi

echo "deps.sh: installing $missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300"
$apt update >&2 || echo "deps.sh: the package lists could not be updated; trying with those there are" >&2
case " $missing " in
*" kexec-tools "*)
	# By default, kexec-tools turns the next reboot of this machine into a kexec.
	! command -v debconf-set-selections >/dev/null ||
		echo "kexec-tools kexec-tools/load_kexec boolean false" | debconf-set-selections
	;;
esac
# shellcheck disable=SC2086
$apt install --no-install-recommends $missing >&2
