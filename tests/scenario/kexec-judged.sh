# shellcheck shell=sh
# What load judged is not unpacked and judged once more by kexec while every file that it was judged by is what it was,
# for the devices that are held; any other file, device or word is.
TIERS="fake"
NO_CALLS="not all commands are run by the scenario"
DEVICES="e1000e edu"

judged="nothing that it was judged by has changed"
as_judged() { run 0 kexec --dry-run -v && err "$judged"; }
judged_anew() { # STATUS
	run "$1" kexec --dry-run -v
	err_not "$judged"
}
load() { run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	load
	err_not "$judged"
	as_judged
	as_judged

	say "another device"
	run 0 preserve "$DEV2" --session later
	judged_anew 0
	run 0 release --session later
	as_judged

	say "a file that was not there, in a directory that was not"
	mkdir -p "$SCN_ROOT/etc/modprobe.d"
	echo "blacklist nothing" >"$SCN_ROOT/etc/modprobe.d/new.conf"
	judged_anew 0
	load
	as_judged
	echo "# the same length" >"$SCN_ROOT/etc/modprobe.d/new.conf"
	judged_anew 0

	say "the same initrd, written again with the same times"
	load
	as_judged
	cp -p "$SCN_ROOT$INITRD" "$SCN_TMP/initrd"
	cp -p "$SCN_TMP/initrd" "$SCN_ROOT$INITRD"
	judged_anew 0

	say "an image that is none any more, of the same size and time"
	load
	as_judged
	cp -p "$SCN_ROOT$KERNEL" "$SCN_TMP/kernel"
	head -c "$(stat -c %s "$SCN_TMP/kernel")" /dev/zero >"$SCN_ROOT$KERNEL"
	touch -r "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	judged_anew 3
	err "is no kernel image"
	run 3 kexec
	cp -p "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	judged_anew 0
	run 0 release
}
