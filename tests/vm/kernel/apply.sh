#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# apply.sh SRCDIR: put the test handler into a kernel source tree.
#
# The hooks are anchored on functions and statements, not on lines, so that a
# point release does not move them; and every anchor is counted, so that a
# release which changes one is noticed here and not in a test that fails for
# no reason. Nothing in the tree is touched before every anchor was found.

# shellcheck disable=SC2016 # dollars are for make

set -eu

here=$(cd "$(dirname "$0")" && pwd)
mark=drivers/pci/Kconfig.liveupdate

die()
{
	echo "apply.sh: $*" >&2
	exit 1
}

[ $# -eq 1 ] || { echo "usage: apply.sh SRCDIR" >&2; exit 2; }
[ -f "$1/kernel/liveupdate/luo_file.c" ] ||
	die "$1: no kernel source with a Live Update Orchestrator"
src=$(cd "$1" && pwd)

if [ -e "$src/$mark" ]; then
	echo "apply.sh: $src has the handler already" >&2
	exit 0
fi
if [ -e "$src/drivers/pci/liveupdate.c" ]; then
	die "$src: has a PCI live update of its own, which this would replace"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# stage FILE: a copy to work on, one however many edits it gets.
stage()
{
	[ -f "$src/$1" ] || die "$1: no such file"
	[ -e "$work/$1" ] && return 0
	mkdir -p "$work/$(dirname "$1")"
	cp "$src/$1" "$work/$1"
}

# hook FILE FUNCTION ANCHOR before|after COUNT TEXT
# Insert TEXT at each of the COUNT lines of FUNCTION ("-": of the file) that
# match the extended regular expression ANCHOR. In ANCHOR, " ;; " stands
# between expressions for lines that follow each other; the last is the place.
hook()
{
	stage "$1"
	_status=0
	HOOK_FUNC=$2 HOOK_ANCHOR=$3 HOOK_WHERE=$4 HOOK_TEXT=$6 \
	awk -v want="$5" '
		BEGIN {
			func_name = ENVIRON["HOOK_FUNC"]
			where = ENVIRON["HOOK_WHERE"]
			text = ENVIRON["HOOK_TEXT"]
			n = split(ENVIRON["HOOK_ANCHOR"], re, " ;; ")
			inside = func_name == "-"
		}
		# A definition starts at the margin; a prototype ends in ";".
		func_name != "-" && !inside && /^[a-z]/ && !/;$/ &&
		match($0, "(^|[ *])" func_name "\\(") { inside = 1; seen++ }
		{
			hit = 0
			if (inside) {
				state = $0 ~ re[state + 1] ? state + 1 : ($0 ~ re[1])
				if (state == n) {
					hit = 1
					state = 0
				}
			}
			if (hit && where == "before") print text
			print
			if (hit && where == "after") print text
			found += hit
			if (func_name != "-" && inside && /^}/) inside = 0
		}
		END { exit !(found == want && (func_name == "-" || seen == 1)) }
	' "$work/$1" >"$work/.new" || _status=$?
	[ $_status -eq 0 ] ||
		die "$1: in $2: not exactly $5 of the anchor '$3'"
	cp "$work/.new" "$work/$1"
}

# export_symbol FILE FUNCTION
export_symbol()
{
	if grep -q "^EXPORT_SYMBOL_GPL($2);" "$src/$1"; then
		return 0
	fi
	hook "$1" "$2" '^}' after 1 "EXPORT_SYMBOL_GPL($2);"
}

# append FILE TEXT
append()
{
	stage "$1"
	printf '\n%s\n' "$2" >>"$work/$1"
}

tab='	'

# LUO: let modules register.
export_symbol kernel/liveupdate/luo_file.c liveupdate_register_file_handler
export_symbol kernel/liveupdate/luo_file.c liveupdate_unregister_file_handler

# PCI: a bus notifier does the rest.
append drivers/pci/Makefile \
	'obj-$(CONFIG_PCI_LIVEUPDATE) += liveupdate.o intel_display.o'
hook drivers/pci/Kconfig - '^config PCI_IOV$' before 1 \
	'source "drivers/pci/Kconfig.liveupdate"
'

# VFIO core: no open of an incoming device, no use of a frozen one.
hook include/linux/vfio.h - "^${tab}u8 cdev_opened:1;" after 1 \
	"${tab}bool liveupdate_frozen;"
hook drivers/vfio/vfio_main.c - '^#include "vfio\.h"$' before 1 \
	'#include <linux/vfio_liveupdate.h>'
hook drivers/vfio/vfio_main.c vfio_allocate_device_file \
	"^${tab}df = k[a-z]*alloc" before 1 \
	"${tab}if (vfio_liveupdate_is_incoming(device))
${tab}${tab}return ERR_PTR(-EBUSY);
"
for f in unl_ioctl read write mmap; do
	# VFIO_DEVICE_FEATURE answers otherwise.
	[ $f = unl_ioctl ] && answer='cmd == VFIO_DEVICE_FEATURE ? -ENOTTY : -EIO' || answer=-EIO
	hook drivers/vfio/vfio_main.c "vfio_device_fops_$f" \
		'smp_load_acquire\(&df->access_granted\) ;; return -EINVAL;' \
		after 1 "
${tab}if (vfio_liveupdate_is_frozen(device))
${tab}${tab}return $answer;"
done
append drivers/vfio/Makefile \
	'vfio-$(CONFIG_VFIO_PCI_LIVEUPDATE) += vfio_liveupdate.o'

# vfio-pci: the file handler comes and goes with the module.
hook drivers/vfio/pci/vfio_pci.c - '^#include "vfio_pci_priv\.h"$' before 1 \
	'#include <linux/vfio_liveupdate.h>'
hook drivers/vfio/pci/vfio_pci.c vfio_pci_init "^${tab}return 0;" before 1 \
	"${tab}vfio_pci_liveupdate_init(&vfio_pci_ops);
"
hook drivers/vfio/pci/vfio_pci.c vfio_pci_cleanup \
	"^${tab}pci_unregister_driver\\(" before 1 \
	"${tab}vfio_pci_liveupdate_exit();"
append drivers/vfio/pci/Makefile \
	'vfio-pci-$(CONFIG_VFIO_PCI_LIVEUPDATE) += vfio_pci_liveupdate.o'
hook drivers/vfio/pci/Kconfig - \
	'^source "drivers/vfio/pci/mlx5/Kconfig"$' before 1 \
	'source "drivers/vfio/pci/Kconfig.liveupdate"
'

rm -f "$work/.new"
cp -R "$work/." "$src/"

cp "$here/pci_liveupdate.h" "$here/vfio_liveupdate.h" "$src/include/linux/"
cp "$here/pci_liveupdate.c" "$src/drivers/pci/liveupdate.c"
cp "$here/pci_intel_display.c" "$src/drivers/pci/intel_display.c"
cp "$here/vfio_liveupdate.c" "$src/drivers/vfio/"
cp "$here/vfio_pci_liveupdate.c" "$src/drivers/vfio/pci/"
cp "$here/Kconfig.vfio_pci" "$src/drivers/vfio/pci/Kconfig.liveupdate"
# Last, because its being there means that all of it is.
cp "$here/Kconfig.pci" "$src/$mark"
