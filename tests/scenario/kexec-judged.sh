# shellcheck shell=sh
# kexec judges the image that load judged, again: between the two, files may change, and devices come. What load --force
# let pass still passes, and nothing else does.
TIERS="fake"
NO_CALLS="not all commands are run by the scenario"
DEVICES="e1000e edu"

again() { run "$1" kexec --dry-run; }
load() { run "$1" load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1"
	load 0
	again 0

	say "an image that is none any more, of the same size and time"
	cp -p "$SCN_ROOT$KERNEL" "$SCN_TMP/kernel"
	head -c "$(stat -c %s "$SCN_TMP/kernel")" /dev/zero >"$SCN_ROOT$KERNEL"
	touch -r "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	again 3
	err "is not a kernel image"
	run 3 kexec
	cp -p "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	again 0

	say "what load --force let pass"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off" --force
	err "(next-cmdline)"
	again 0
	err "(next-cmdline)"
	mv "$SCN_ROOT$INITRD" "$SCN_TMP/initrd"
	echo "no initrd" >"$SCN_ROOT$INITRD"
	again 3
	err "(next-cmdline)"
	err "$INITRD"
	# it cannot be unpacked here, so nothing is known of it
	printf '\211LZO\000\r\n\032\n0123456789' >"$SCN_ROOT$INITRD"
	again 3
	err "(next-initrd)"
	mv "$SCN_TMP/initrd" "$SCN_ROOT$INITRD"
	again 0

	say "a file that is gone: status looks as kexec does"
	load 0
	run 0 status --json
	out '"judged": true'
	out '"missing": null'
	for file in "$KERNEL" "$INITRD"; do
		mv "$SCN_ROOT$file" "$SCN_TMP/gone"
		again 3
		err "$file does not exist any more; first: vfio-lu load KERNEL"
		run 0 status
		out "; $file does not exist any more"
		out "held   next: vfio-lu load KERNEL"
		run 0 status --json
		out '"judged": false'
		out "\"missing\": \"$file\""
		mv "$SCN_TMP/gone" "$SCN_ROOT$file"
	done
	run 0 status
	out "held   next: vfio-lu kexec"

	say "an image that somebody else has loaded"
	mv "$SCN_ROOT/run/vfio-lu/loaded" "$SCN_TMP/loaded"
	again 3
	err "first: vfio-lu load KERNEL"
	run 0 status
	out "held   next: vfio-lu load KERNEL"
	mv "$SCN_TMP/loaded" "$SCN_ROOT/run/vfio-lu/loaded"

	say "one path, one line"
	cp "$SCN_ROOT$KERNEL" "$SCN_ROOT/boot/two
lines"
	run 1 load "/boot/two
lines" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	err "the path of the kernel has a line break"
	again 0
	run 0 release
}
