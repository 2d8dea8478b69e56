#!/bin/bash
# Packs what runs in the VM: busybox, vfio-lu, kexec, strace, pci.ids, the modules of the test kernel, and the tests.
# usage: tests/vm/initramfs.sh [-i] OUT KERNELDIR FILE...
# -i: with what make install would leave, below /install, for a root file system of Debian's.
# KERNELDIR is what kernel.sh printed. A FILE named *.sh is a scenario; any other is a program, and comes on the PATH.
# VFIO_LU names another vfio-lu than the one at the top of the tree.
set -euo pipefail

install=''
[ "${1-}" != -i ] || { install=1; shift; }
[ $# -ge 2 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$1 kernel=$2
shift 2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir -p "$stage"/{bin,dev,proc,sys,run,tmp,boot,disk,root,etc,tests,lib/modules,lib64,usr/share/misc,var/lib}
# Relative: an absolute link would be followed out of the stage while packing.
ln -s bin "$stage/sbin"
for dir in bin sbin lib; do ln -s "../$dir" "$stage/usr/$dir"; done
chmod 755 "$stage" # mktemp made it for us alone
chmod 1777 "$stage/tmp"

cp "$(command -v busybox)" "$stage/bin/busybox"
if ldd "$stage/bin/busybox" >/dev/null 2>&1; then
	echo "initramfs: busybox is not static; install busybox-static" >&2
	exit 1
fi
for applet in $("$stage/bin/busybox" --list); do
	[ "$applet" = busybox ] || printf 'busybox\0%s\0' "$stage/bin/$applet"
done | xargs -0 -n2 ln -s

add_program() { # FILE [NAME]
	local file=$1 library
	cp -L "$file" "$stage/bin/${2:-${file##*/}}.new"
	mv -f "$stage/bin/${2:-${file##*/}}.new" "$stage/bin/${2:-${file##*/}}"
	for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$stage${library%/*}"
		[ -e "$stage$library" ] || cp -L "$library" "$stage$library"
	done
}

find_program() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" || { echo "initramfs: no $1 here" >&2; exit 1; }; }

tool=${VFIO_LU:-$top/vfio-lu}
if [ -x "$tool" ]; then
	add_program "$tool" vfio-lu
else
	echo "initramfs: no $tool; packing without it" >&2
fi
add_program "$(find_program kexec)"
add_program "$(find_program strace)"
add_program "$(find_program setpriv)"
cp -L /usr/share/misc/pci.ids "$stage/usr/share/misc/"

for flavour in m y; do
	[ -d "$kernel/$flavour" ] || continue
	release=$flavour
	for dir in "$kernel/$flavour"/modules/*; do
		[ -d "$dir" ] || continue
		release=${dir##*/}
		cp -rL "$dir" "$stage/lib/modules/"
	done
	echo "RELEASE_$flavour=$release"
done >"$stage/tests/kernels"

cat >"$stage/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/tmp:/bin/sh
END
printf 'root:x:0:\nnogroup:x:65534:\n' >"$stage/etc/group"
cp "$here/init" "$stage/init"
: >"$stage/tests/programs"
cp "$top/tests/scenario/lib.sh" "$stage/tests/"
cp "$here/traced" "$here/calls" "$stage/bin/"
chmod 755 "$stage/init" "$stage/bin/traced" "$stage/bin/calls"

for file; do
	case $file in
	*.sh) cp "$file" "$stage/tests/" ;;
	*) add_program "$file" && echo "${file##*/}" >>"$stage/tests/programs" ;;
	esac
done

[ -z "$install" ] || make -s -C "$top" install DESTDIR="$stage/install"

# Not compressed: unpacking takes longer under emulation than reading.
(cd "$stage" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R +0:+0) >"$out"
