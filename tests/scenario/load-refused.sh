# shellcheck shell=sh
# load performs the checks of check --next-kernel, and refuses a kernel that would lose the devices.
TIERS="fake vm"
NO_CALLS="check and load say of each image what it is, and each kernel has its own"
PHASES=1
DEVICES="e1000e"

loaded() { cat "$SCN_ROOT/sys/kernel/kexec_loaded" "$SCN_ROOT/sys/kernel/kexec/loaded" 2>/dev/null | head -n 1; }

# check and load give the same verdict. With --force, load still reports the failures.
refused() { # WHAT COMMAND-LINE [INITRD]
	run 3 check "$DEV1" --next-kernel "$KERNEL" ${3:+--next-initrd "$3"} --next-cmdline "$2" --json
	out "$1"
	out '"verdict": "not-ready"'
	run 3 load "$KERNEL" ${3:+--initrd "$3"} --cmdline "$2"
	err "$1"
	err "(next-"
	run 0 load "$KERNEL" ${3:+--initrd "$3"} --cmdline "$2" --force --dry-run
	err "$1"
}

digest() { sha256sum <"$SCN_ROOT$1" | cut -c1-64; } # FILE

# Writes a record as vfio-lu rehearse does, with the running kernel as both kernels, and its initrd.
rehearsed() { # VERDICT
	from=$(digest "$KERNEL") initrd=$(digest "$INITRD") dir=$SCN_ROOT/var/lib/vfio-lu/rehearsals
	mkdir -p "$dir"
	cat >"$dir/$(echo "$from" | cut -c1-16)-$(echo "$from" | cut -c1-16)-$(echo "$initrd" | cut -c1-16).json" <<-END
		{ "schema": 1, "verdict": "$1", "from": "a", "to": "b", "checks": [
			{ "id": "boots", "result": "pass", "detail": "both", "fix": null, "fix_argv": null },
			{ "id": "hands-over", "result": "fail", "detail": "it does not", "fix": null, "fix_argv": null } ],
		  "seconds": 20, "log": "/log", "date": "2026-01-02T03:04:05Z", "accelerator": "tcg",
		  "from_image": { "path": "/a", "sha256": "$from" }, "next_image": { "path": "/b", "sha256": "$from" },
		  "next_initrd": { "path": "/c", "sha256": "$initrd" }, "next_cmdline": "", "devices": [ "nvme" ] }
	END
}

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 3 load "$INITRD"
	err "the next kernel: $INITRD is not a kernel image (next-image); fix: name the file"
	refused "intel_iommu=off turns the IOMMU off, and vfio-pci cannot work without it" "$(next_cmdline) intel_iommu=off" "$INITRD"
	refused "liveupdate=off turns it off" "$(next_cmdline) liveupdate=off" "$INITRD"
	refused "no initrd is named for it, and the running kernel had one" "$(next_cmdline)"
	refused "root=/dev/nosuch is not a disk of this host" "$(next_cmdline) root=/dev/nosuch" "$INITRD"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) intel_iommu=off" --dry-run
	check_that "nothing is loaded" test "$(loaded)" = 0
	run 3 kexec
	err "no kernel is loaded"

	say "A refusal leaves the loaded image loaded."
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	out_not "added"
	run 3 load "$INITRD"
	check_that "it is still loaded" test "$(loaded)" = 1
	run 0 kexec --dry-run
	out "disable its interrupts"

	say "load prints the words that it adds, and check announces them."
	cmdline=$(next_cmdline | sed 's/kho=on//; s/liveupdate=on//')
	run 0 check "$DEV1" --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "$cmdline"
	out "there is no kho=on liveupdate=on; vfio-lu load adds it"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$cmdline" --append "liveupdate=1"
	out "added: kho=on"

	say "The kernel itself accepts no longer command line, even with --force."
	cmdline="$(next_cmdline) $(printf '%02100d' 0)"
	run 3 check "$DEV1" --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "$cmdline"
	out "bytes, and $KERNEL accepts 2047"
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$cmdline" --force
	err "accepts 2047; shorten it"

	if in_vm; then
		say "kexec may be run elsewhere."
		# shellcheck disable=SC2016 # it is that shell's
		run_cmd 0 sh -c 'cd "${1%/*}" && vfio-lu load "${1##*/}" --initrd "$2" --cmdline "$3"' sh \
			"$KERNEL" "$INITRD" "$(next_cmdline)"
		out "loaded $KERNEL"
		run 0 kexec --dry-run
	fi

	say "The chosen files are gone at the time of the kexec."
	for file in kernel initrd; do
		cp "$SCN_ROOT$KERNEL" "$SCN_ROOT/tmp/kernel"
		cp "$SCN_ROOT$INITRD" "$SCN_ROOT/tmp/initrd"
		run 0 load /tmp/kernel --initrd /tmp/initrd --cmdline "$(next_cmdline)"
		rm "$SCN_ROOT/tmp/$file"
		run 3 kexec --json
		err "/tmp/$file does not exist any more; first: vfio-lu load KERNEL"
		check_that "it is no-image" jq -e '.error.code == "no-image"' "$STDOUT"
	done

	say "A failed rehearsal is a failure, and a missing one is a warning."
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	err "this pair of kernels was not rehearsed (rehearsed); fix: vfio-lu rehearse --next-kernel $KERNEL --next-initrd $INITRD"
	rehearsed not-ready
	run 3 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	err "rehearsed at 2026-01-02T03:04:05Z, and failed: hands-over: it does not"
	run 3 kexec --dry-run
	err "and failed: hands-over: it does not"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)" --force
	rehearsed ready
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	check_that "a passed rehearsal is not mentioned" sh -c '! grep -q rehearsed "$1"' - "$STDERR"
	run 0 release
}
