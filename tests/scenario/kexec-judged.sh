# shellcheck shell=sh
# kexec checks the image of load again, since files may have changed and devices may have been added. It need not do so
# while everything that load read for the check is still the same. Failures that load --force accepted still pass; all
# others are refused.
TIERS="fake"
NO_CALLS="not all commands are run by the scenario"
DEVICES="e1000e edu"

judged="nothing that the check read has changed"
as_judged() { run 0 kexec --dry-run -v && err "$judged"; }
again() { # STATUS
	run "$1" kexec --dry-run -v
	err_not "$judged"
}
load() { run "$1" load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	say "load --force accepts nothing for devices that are preserved later"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off" --force
	out_not "with handover"
	start_standin memfd=1
	run 0 preserve --session ram --pid $standin --fd "$(said memfd)=ram"
	run 3 kexec
	err "(next-cmdline)"
	run 0 release --session ram
	end_process $standin
	run_cmd 0 kexec -s -u
	run 0 preserve "$DEV1"
	run 3 kexec
	err "(next-cmdline)"
	run 0 release
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off" --force
	run 0 preserve "$DEV1"
	run 0 status
	out "not checked for all that is preserved now"
	run 3 kexec
	err "the failures that vfio-lu load --force accepted count again: since then, something was preserved"
	err "(next-cmdline)"
	load 0
	out "with handover"
	err_not "$judged"
	as_judged
	as_judged

	say "another device"
	run 0 preserve "$DEV2" --session later
	again 0
	run 0 release --session later
	as_judged

	say "a new file in a new directory"
	mkdir -p "$SCN_ROOT/etc/modprobe.d"
	echo "blacklist nothing" >"$SCN_ROOT/etc/modprobe.d/new.conf"
	again 0
	load 0
	as_judged
	touch -r "$SCN_ROOT/etc/modprobe.d/new.conf" "$SCN_TMP/times"
	echo "blacklist another" >"$SCN_ROOT/etc/modprobe.d/new.conf"
	touch -r "$SCN_TMP/times" "$SCN_ROOT/etc/modprobe.d/new.conf"
	again 0
	load 0

	say "the initrd is written again, with the same content"
	cp "$SCN_ROOT$INITRD" "$SCN_TMP/initrd"
	cat "$SCN_TMP/initrd" >"$SCN_ROOT$INITRD"
	as_judged

	say "the host needs another disk, by a file of /proc"
	cp "$SCN_ROOT/proc/swaps" "$SCN_TMP/swaps"
	echo "/dev/sdz partition 1 0 -2" >>"$SCN_ROOT/proc/swaps"
	again 0
	cp "$SCN_TMP/swaps" "$SCN_ROOT/proc/swaps"
	as_judged

	say "the file is no image any more, but has the same size and time"
	cp -p "$SCN_ROOT$KERNEL" "$SCN_TMP/kernel"
	head -c "$(stat -c %s "$SCN_TMP/kernel")" /dev/zero >"$SCN_ROOT$KERNEL"
	touch -r "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	again 3
	err "is not a kernel image"
	run 3 kexec
	cp -p "$SCN_TMP/kernel" "$SCN_ROOT$KERNEL"
	as_judged

	say "failures that load --force accepted"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) liveupdate=off" --force
	err "(next-cmdline)"
	again 0
	err "(next-cmdline)"
	run 0 preserve "$DEV2" --session later
	again 3
	run 0 release --session later
	again 0
	mv "$SCN_ROOT$INITRD" "$SCN_TMP/initrd"
	echo "no initrd" >"$SCN_ROOT$INITRD"
	again 3
	err "(next-cmdline)"
	err "$INITRD"
	# it cannot be unpacked here, so its content is unknown
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
	as_judged

	say "kexec must load the kernel once more, so it is refused if no kernel can be loaded any more"
	echo 1 >"$SCN_ROOT/proc/sys/kernel/kexec_load_disabled"
	run 4 check
	out "kernel.kexec_load_disabled is 1"
	again 4
	err "no kernel can be loaded any more: kernel.kexec_load_disabled is 1"
	echo 0 >"$SCN_ROOT/proc/sys/kernel/kexec_load_disabled"
	as_judged
	run 0 release
}
