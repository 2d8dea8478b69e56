#!/bin/bash
# Prints the directory of the test kernel, after building the kernel if the cache does not have it:
#   m/bzImage m/modules/RELEASE m/config   with vfio-pci as a module
#   y/bzImage y/modules/RELEASE y/config   with vfio-pci built in
# usage: tests/vm/kernel.sh
# VFIO_LU_TEST_KERNEL=bzImage [VFIO_LU_TEST_MODULES=DIR]: use this kernel and build nothing. The directory then has
# only its flavour.
set -euo pipefail

RECIPE=1 # raise when a change in this file must rebuild the kernel
PACKAGE=linux-source-7.3
SUITE=trixie-backports

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfio-lu
jobs=$(nproc)

# shellcheck source=tests/vm/mirror.sh
. "$here/mirror.sh"
say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

# Makes a directory of the same structure for a kernel built elsewhere, by links.
named_kernel() {
	local image modules='' dep flavour=m dir config
	image=$(realpath -e "$VFIO_LU_TEST_KERNEL") || die "VFIO_LU_TEST_KERNEL: no such file"
	if [ -n "${VFIO_LU_TEST_MODULES-}" ]; then
		modules=$(realpath -e "$VFIO_LU_TEST_MODULES") || die "VFIO_LU_TEST_MODULES: no such directory"
		if [ ! -f "$modules/modules.dep" ]; then
			dep=$(find "$modules" -mindepth 2 -maxdepth 2 -name modules.dep -print -quit)
			[ -n "$dep" ] || die "no modules.dep in $modules nor one directory below it"
			modules=$(dirname "$dep")
		fi
		! grep -qs '/vfio-pci\.ko' "$modules/modules.builtin" || flavour=y
	else
		flavour=y
	fi
	dir=$cache/named-$(printf '%s\n' "$image" "$modules" "$flavour" | sha256sum | cut -c1-16)
	mkdir -p "$dir/$flavour/modules"
	[ -z "$modules" ] || ln -sfn "$modules" "$dir/$flavour/modules/${modules##*/}"
	ln -sfn "$image" "$dir/$flavour/bzImage"
	# mkinitramfs requires a config
	for config in "${image%/*}/config" "${image%/*}/config-${modules##*/}" "$modules/config" "${image%/arch/*}/.config"; do
		[ ! -f "$config" ] || ln -sfn "$config" "$dir/$flavour/config"
	done
	echo "$dir"
}

if [ -n "${VFIO_LU_TEST_KERNEL-}" ]; then
	named_kernel
	exit
fi

recipe_key() {
	(cd "$here/kernel" && find . -type f ! -name README.md | LC_ALL=C sort | xargs sha256sum)
	gcc --version | head -n1
	echo "$RECIPE"
}

built() { # prints the newest kernel that was built from this recipe
	local dir out=''
	for dir in "$cache"/kernel-*-"$recipe"; do
		if [ -d "$dir" ] && { [ -z "$out" ] || [ "$dir" -nt "$out" ]; }; then out=$dir; fi
	done
	echo "$out"
}
recipe=$(recipe_key | sha256sum | cut -c1-16)
mkdir -p "$cache"
exec 9>"$cache/kernel.lock"
if ! flock -n 9; then
	# If there is a kernel of this recipe, do not wait for the build of another recipe.
	out=$(built)
	if [ -n "$out" ]; then
		echo "$out"
		exit
	fi
	say "waiting for another build to end"
	flock 9
fi
# We have the lock, so these were left behind by a build that was killed.
ram=/dev/shm/vfio-lu-$(id -u)-$(echo "$cache" | cksum | cut -d' ' -f1)
rm -rf "$cache"/build.* "$ram".*

apt=$cache/apt
apt_options=(-q -c "$apt/conf" -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
	-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o APT::Sandbox::User= -o Acquire::Languages=none
	-o APT::Get::List-Cleanup=false)

update_index() {
	local uri keys
	[ -z "$(find "$apt/fresh" -mmin -720 2>/dev/null)" ] || return 0
	uri=$(mirror)
	[ -n "$uri" ] || { say "apt on this machine names no Debian mirror"; return 1; }
	keys=$(keyrings "$uri")
	[ -n "$keys" ] || { say "no keyring here to verify $SUITE with; install debian-archive-keyring"; return 1; }
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	# Do not run the hooks of this machine's own updates.
	printf '#clear %s;\n' APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
		>"$apt/conf"
	echo "deb [target=Packages signed-by=$keys] $uri $SUITE main" >"$apt/sources.list"
	say "reading the package index of $SUITE"
	# Without Error-Mode, a mirror that is down causes only a warning.
	if ! apt-get "${apt_options[@]}" -o APT::Update::Error-Mode=any update >"$apt/log" 2>&1; then
		sed -n 's/^E: /kernel: apt: /p' "$apt/log" >&2
		! grep -q 'NO_PUBKEY\|EXPKEYSIG' "$apt/log" ||
			say "the keys here do not know $SUITE: apt-get install debian-archive-keyring (2023.3+deb12u2 or later)"
		return 1
	fi
	touch "$apt/fresh"
}

candidate() {
	apt-cache "${apt_options[@]}" show --no-all-versions "$PACKAGE" 2>/dev/null | sed -n 's/^Version: //p'
}

version=
if update_index; then
	version=$(candidate)
	[ -n "$version" ] || say "$SUITE has no $PACKAGE any more"
fi
if [ -z "$version" ]; then
	out=$(built)
	if [ -n "$out" ]; then
		say "using the kernel built before from the same handler: $(cat "$out/version")"
		echo "$out"
		exit
	fi
	version=$(cat "$apt/deb/version" 2>/dev/null || :)
	[ -z "$version" ] || say "building from the source fetched before: $version"
fi
[ -n "$version" ] || die "no kernel source, and no kernel built before. Name one of your own:" \
	"VFIO_LU_TEST_KERNEL=bzImage VFIO_LU_TEST_MODULES=DIR"

key=$(echo "$version" | sha256sum | cut -c1-8)-$recipe
out=$cache/kernel-$key
if [ -d "$out" ]; then
	touch "$out"
	echo "$out"
	exit
fi

# Is there enough memory for a gigabyte of small temporary files? It is faster than the disk.
in_ram() {
	[ "$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)" -gt 8000000 ] &&
		[ "$(df --output=avail /dev/shm 2>/dev/null | tail -n1)" -gt 4000000 ] &&
		! findmnt -nro OPTIONS -T /dev/shm | grep -q noexec
}
if in_ram; then work=$(mktemp -d "$ram.XXXXXX"); else work=$(mktemp -d "$cache/build.XXXXXX"); fi
result=$(mktemp -d "$cache/build.XXXXXX")
progress='' compiler=''
finish() {
	local status=$?
	[ -z "$progress" ] || kill "$progress" 2>/dev/null || :
	[ -z "$compiler" ] || { kill "$compiler" && wait "$compiler"; } 2>/dev/null || :
	[ "$status" != 1 ] && [ "$status" != 2 ] || [ ! -s "$work/log" ] || tail -n 30 "$work/log" >&2
	rm -rf "$work" "$result"
	exit "$status"
}
# Prints COMMAND's output every few seconds, until quiet is called.
loud() { # COMMAND...
	while sleep 5; do say "$("$@" || :), $((SECONDS - start)) s"; done 9>&- &
	progress=$!
}
quiet() {
	kill "$progress" || :
	wait "$progress" 2>/dev/null || :
	progress=''
}
size() { echo "$(du -smc "$work" "$result" 2>/dev/null | tail -n1 | cut -f1) MB $1"; } # VERB
steps() { grep -c '^  \(CC\|AS\|LD\|AR\)' "$work/objects" || :; }
compiled() { echo "flavour $1: $(steps) of about $2 steps"; } # FLAVOUR EXPECTED
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

start=$SECONDS
if [ "$(cat "$apt/deb/version" 2>/dev/null)" != "$version" ]; then
	say "fetching $PACKAGE $version (160 MB)"
	rm -rf "$apt/deb"
	mkdir -p "$result/deb"
	loud size fetched
	(cd "$result/deb" && apt-get "${apt_options[@]}" download "$PACKAGE" >"$apt/log" 2>&1) || {
		cat "$apt/log" >&2
		die "the kernel source could not be fetched"
	}
	quiet
	echo "$version" >"$result/deb/version"
	mv "$result/deb" "$apt/deb"
fi
deb=$(echo "$apt/deb/$PACKAGE"_*.deb)

say "unpacking $version"
loud size unpacked
# Half of the source is for other processors and for devices that no virtual machine has. Of that half, the build needs
# only the Kconfig files.
skip=()
for pattern in 'arch/[a-wyz]*/*.[chS]' 'arch/*/boot/dts/*' 'drivers/gpu/*.[ch]' 'drivers/media/*.[ch]'  \
	'drivers/staging/*.[ch]' 'drivers/net/wireless/*.[ch]' 'sound/*.[ch]' 'Documentation/*/*' 'tools/testing/*'; do
	skip+=("--exclude=$PACKAGE/$pattern")
done
dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$PACKAGE.tar.xz" | xz -dcT0 | tar -x -C "$work" "${skip[@]}"
src=$work/$PACKAGE
quiet
[ -f "$src/Makefile" ] || die "no kernel source in $deb"

fragment=$here/kernel/config
"$here/kernel/apply.sh" "$src" >&2 || die "the handler does not apply to $version"

export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=vfio-lu KBUILD_BUILD_HOST=vfio-lu
export CCACHE_DIR=$cache/ccache CCACHE_MAXSIZE=1G
unset MAKEFLAGS MAKELEVEL MFLAGS
log=$work/log
make=(make --no-print-directory -C "$src" ARCH=x86_64 "CC=ccache gcc" "HOSTCC=ccache gcc")

configure() { # flavour
	"$src/scripts/config" --file "$src/.config" --set-str LOCALVERSION "-$1" --disable LOCALVERSION_AUTO
	[ "$1" = m ] || "$src/scripts/config" --file "$src/.config" --enable VFIO_PCI --module VIRTIO_VFIO_PCI
	"${make[@]}" olddefconfig >>"$log" 2>&1
}

build() { # flavour
	local dir=$result/kernel/$1 expected
	expected=$(cat "$cache/steps-$1" 2>/dev/null || { [ "$1" = m ] && echo 2250 || echo 50; })
	: >"$work/objects"
	loud compiled "$1" "$expected"
	# Run it in the background, since the shell handles a signal during wait, but not while a command runs.
	"${make[@]}" -j"$jobs" bzImage modules >"$work/objects" 2>>"$log" 9>&- &
	compiler=$!
	wait "$compiler" || { compiler=''; die "flavour $1 does not build"; }
	compiler=''
	quiet
	steps >"$cache/steps-$1"

	mkdir -p "$dir"
	cp "$src/arch/x86/boot/bzImage" "$src/.config" "$dir/"
	mv "$dir/.config" "$dir/config"
	"${make[@]}" INSTALL_MOD_PATH="$work/mod-$1" INSTALL_MOD_STRIP=1 modules_install >>"$log" 2>&1
	rm -f "$work/mod-$1"/lib/modules/*/build "$work/mod-$1"/lib/modules/*/source
	mv "$work/mod-$1/lib/modules" "$dir/modules"
	[ -f "$(echo "$dir"/modules/*/modules.dep)" ] || die "flavour $1: no modules.dep; is depmod here?"
}

"${make[@]}" tinyconfig >>"$log" 2>&1
(cd "$src" && scripts/kconfig/merge_config.sh -m .config "$fragment") >>"$log" 2>&1
configure m
"$here/kernel/check-config.sh" "$src/.config" "$fragment" || die "the configuration lost what the fragment asks for"
build m
configure y
grep -qx CONFIG_VFIO_PCI=y "$src/.config" || die "VFIO_PCI cannot be built in"
build y

echo "$version" >"$result/kernel/version"
mv "$result/kernel" "$out"
say "$version built in $((SECONDS - start)) s"
echo "$out"
