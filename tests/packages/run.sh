#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compares the output of check --next-kernel for Debian's kernel, initrds and unified image (fetch.sh) with the golden
# files.
# usage: tests/packages/run.sh
#        UPDATE=1 tests/packages/run.sh		writes the golden files again
# Needs $VFIO_LU (default: at the top), $BUILD/plant (default build/tests), jq.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}" "${VFIO_LU:=$top/vfio-lu}" "${UPDATE:=}"
export LC_ALL=C
passed=0 failed=0
tmp=$(mktemp -d -p "$("$top/tests/scratch.sh")")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

pass() { passed=$((passed + 1)); }
fail() { # WHAT [FILE]
	failed=$((failed + 1))
	echo "FAIL $1"
	[ -z "${2-}" ] || sed 's/^/    /' "$2"
}

cases="initramfs-tools initramfs-tools-vfio dracut dracut-vfio no-initrd unified arm64 arm64-here"
status=0
packages=$("$here/fetch.sh") || status=$?
case $status in
0) ;;
77)
	# the cases, and the commands of the fix
	set -- $cases
	echo "packages: 0 passed, 0 failed, $(($# + 2)) skipped"
	exit
	;;
*)
	echo "packages: 0 passed, 1 failed, 0 skipped"
	exit 1
	;;
esac
for machine in good arm64; do
	"$BUILD/plant" "$tmp/machine-$machine" "$top/tests/tree/machines/next-$machine.tree"
	cp -a "$packages/boot" "$packages/lib" "$tmp/machine-$machine"
done
kernel=$(basename "$packages"/boot/vmlinuz-*-amd64)
release=${kernel#vmlinuz-} release=${release%-amd64}

# Prints the rows of the next kernel, without the version of the package.
rows() { # MACHINE IMAGE [INITRD]
	"$VFIO_LU" --sysroot "$tmp/machine-$1" check --json --next-kernel "/boot/$2" ${3:+--next-initrd "/boot/$3"} 0000:02:00.0 |
		jq -r '.next_kernel | .verdict, (.checks[] | "  \(.id) \(.result): \(.detail)", (.fix // empty | "    fix: " + .))' |
		sed "s/${release//./\\.}/RELEASE/g; s/\\(tail -c +\\|head -c \\)[0-9]*/\\1N/g"
}

for name in $cases; do
	case $name in
	no-initrd) set -- good "$kernel" ;;
	unified) set -- good uki.efi ;;
	# an image of another architecture, and one of this
	arm64) set -- good "${kernel%amd64}arm64" initramfs-tools ;;
	arm64-here) set -- arm64 "${kernel%amd64}arm64" initramfs-tools ;;
	*) set -- good "$kernel" "$name" ;;
	esac
	rows "$@" >"$tmp/$name" 2>&1 || :
	[ -z "$UPDATE" ] || cp "$tmp/$name" "$here/golden/$name"
	if diff -u "$here/golden/$name" "$tmp/$name" >"$tmp/diff" 2>&1; then pass; else fail "$name" "$tmp/diff"; fi
done

# The commands of the fix extract the parts that ukify joined.
mkdir "$tmp/out"
fix=$("$VFIO_LU" --sysroot "$tmp/machine-good" check --json --next-kernel /boot/uki.efi 0000:02:00.0 |
	jq -r '.next_kernel.checks[] | select(.id == "next-image").fix' || :)
(cd "$tmp/out" && sh -c "${fix//\/boot\//$tmp/machine-good/boot/}") || :
if cmp "$tmp/out/vmlinuz" "$tmp/machine-good/boot/$kernel"; then pass; else fail "the kernel from the unified image: $fix"; fi
if cmp "$tmp/out/initrd" "$tmp/machine-good/boot/initramfs-tools"; then pass; else fail "the initrd from the unified image: $fix"; fi

echo "packages: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
