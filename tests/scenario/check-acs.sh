# shellcheck shell=sh disable=SC2034
# upstream-acs reads the IOMMU groups. On each topology its result agrees with the configuration space of the ports.
# proof: upstream-acs pass
# proof: upstream-acs fail
TIERS="vm"
PHASES=1
# Buses 01 and 02 are behind ports of their own. The scenario adds a root port without ACS, a switch whose downstream
# port has no ACS (as in QEMU), another one below a root port without ACS, and a bridge to conventional PCI.
DEVICES="edu edu+edu"
QEMU_ARGS="-device pcie-root-port,id=r0,bus=pcie.0,addr=8,chassis=20,slot=20,disable-acs=on -device edu,bus=r0"
QEMU_ARGS="$QEMU_ARGS -device pcie-root-port,id=r1,bus=pcie.0,addr=9,chassis=21,slot=21 -device x3130-upstream,id=u1,bus=r1"
QEMU_ARGS="$QEMU_ARGS -device xio3130-downstream,id=d1,bus=u1,addr=0,chassis=22,slot=22 -device edu,bus=d1"
QEMU_ARGS="$QEMU_ARGS -device pcie-root-port,id=r2,bus=pcie.0,addr=a,chassis=24,slot=24,disable-acs=on -device x3130-upstream,id=u2,bus=r2"
QEMU_ARGS="$QEMU_ARGS -device xio3130-downstream,id=d3,bus=u2,addr=0,chassis=25,slot=25 -device edu,bus=d3"
QEMU_ARGS="$QEMU_ARGS -device pcie-root-port,id=r3,bus=pcie.0,addr=b,chassis=26,slot=26 -device pcie-pci-bridge,id=b1,bus=r3"
QEMU_ARGS="$QEMU_ARGS -device edu,bus=b1,addr=1 -device edu,bus=b1,addr=2"

acs_word() { # BDF OFFSET: 16 bits of its configuration space
	od -An -tu2 -j "$2" -N 2 "/sys/bus/pci/devices/$1/config" 2>/dev/null | tr -d ' '
}

# Reads a function's type from the PCI Express capability ("" for conventional PCI), and whether its ACS capability has
# enabled all that it offers of source validation, both redirects and upstream forwarding (0x1d).
acs_read() { # BDF: sets $express and $acs (on, off, none)
	express='' acs=none at=$(acs_word "$1" 52)
	at=$((at & 0xfc))
	while [ "$at" -ge 64 ] && [ -z "$express" ]; do
		word=$(acs_word "$1" $at)
		[ $((word & 0xff)) = 16 ] && express=$(($(acs_word "$1" $((at + 2))) >> 4 & 15))
		at=$((word >> 8 & 0xfc))
	done
	at=256
	while [ -n "$express" ] && [ "$at" -ge 256 ]; do
		word=$(acs_word "$1" $at)
		if [ "$word" = 13 ]; then
			acs=on
			[ $(($(acs_word "$1" $((at + 4))) & ~$(acs_word "$1" $((at + 6))) & 0x1d)) = 0 ] || acs=off
		fi
		at=$(($(acs_word "$1" $((at + 2))) >> 4 & 0xffc))
	done
}

has_several() { # BDF: lists the other functions in its slot
	[ $(($(acs_word "$1" 14) & 0x80)) != 0 ] || return 1
	set -- /sys/bus/pci/devices/"${1%.*}".*
	[ $# -gt 1 ]
}

# pci_acs_path_enabled(): every downstream port, and the device if it has several functions.
acs_lacks() { # BDF: prints the highest port without ACS, or the device
	found=''
	for one in $(readlink -f "/sys/bus/pci/devices/$1" | tr / '\n' | grep '^[0-9a-f]*:..:..\.[0-7]$'); do
		acs_read "$one"
		case $express in
		4 | 6) ;;				# root port, downstream port
		'' | 7 | 8)	# conventional: all devices below it share a group
			[ "$one" != "$1" ] || has_several "$one" || continue ;;
		*)	has_several "$one" || continue ;;
		esac
		[ -n "$found" ] || [ "$acs" = on ] || found=$one
	done
	echo "$found"
}

phase_1() {
	kinds=''
	for device in /sys/bus/pci/devices/*; do
		bdf=${device##*/}
		case $(cat "$device/vendor" "$device/device" | tr '\n' ' ') in
		"0x1234 0x11e8 ") ;;
		*) continue ;;
		esac
		lacks=$(acs_lacks "$bdf")
		vfio-lu check --json "$bdf" >"$SCN_TMP/json" 2>/dev/null || :
		keep_json "check $bdf" "$SCN_TMP/json"
		row=$(tr '\n' ' ' <"$SCN_TMP/json" | sed 's/[{}]/\n/g' | grep '"id": *"upstream-acs"')
		members=$(ls "$device/iommu_group/devices" | tr '\n' ' ')
		name="$bdf ($(readlink -f "$device" | sed 's,.*/pci0000:00/,,'), group: $members)"
		case $lacks in
		'')	want='"result": *"pass"' kinds="$kinds pass" ;;
		"$bdf")	want='"result": *"warn".*ACS does not separate it from ' kinds="$kinds beside" ;;
		*)	want="\"result\": *\"warn\".* at port $lacks" kinds="$kinds ${lacks#0000:}" ;;
		esac
		if printf '%s\n' "$row" | grep -q "$want"; then
			pass "$name: ${lacks:-nothing} lacks ACS, and check says so"
		else
			fail "$name: ${lacks:-nothing} lacks ACS" "$row"
		fi
	done
	check_that "all topologies were there:$kinds" test "$(echo "$kinds" | wc -w)" -eq 8
	check_that "a root port with it passes" test "$(echo "$kinds" | tr ' ' '\n' | grep -c pass)" -eq 1
	check_that "two are functions of one device" test "$(echo "$kinds" | tr ' ' '\n' | grep -c beside)" -eq 2
	check_that "the others are below a port without" test "$(echo "$kinds" | tr ' ' '\n' | grep -c :)" -eq 5
}
