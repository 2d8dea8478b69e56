# shellcheck shell=sh
# check --rehearsal reads a result from a file. It reports a missing file, a file without a result, and a result of a
# later vfio-lu. A result without a verdict never hides a verdict.
TIERS="fake"
DEVICES="e1000e"

digest() { sha256sum <"$SCN_ROOT$1" | cut -c1-64; } # FILE

# Writes a record as vfio-lu rehearse does
record() { # VERDICT DATE RESULT
	from=$(digest "$KERNEL") initrd=$(digest "$INITRD")
	cat <<-END
		{ "schema": 1, "verdict": "$1", "from": "a", "to": "b", "checks": [
			{ "id": "hands-over", "result": "$3", "detail": "no word of $2", "fix": null, "fix_argv": null } ],
		  "seconds": 20, "log": "/log", "date": "$2", "accelerator": "tcg",
		  "from_image": { "path": "/a", "sha256": "$from" }, "next_image": { "path": "/b", "sha256": "$from" },
		  "next_initrd": { "path": "/c", "sha256": "$initrd" }, "next_cmdline": "", "devices": [ "nvme" ] }
	END
}

look() { # STATUS RESULT WORDS
	run "$1" check "$DEV1" --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "$(next_cmdline)" \
		--rehearsal /tmp/result --json
	check_that "it is $2" jq -e --arg result "$2" \
		'.next_kernel.checks[] | select(.id == "rehearsed") | .result == $result' "$STDOUT"
	out "$3"
}

refused() { # WORDS
	run 1 check "$DEV1" --next-kernel "$KERNEL" --next-initrd "$INITRD" --rehearsal "$file" --json
	err "$1"
	check_that "it is the file" jq -e '.error.code == "file"' "$STDOUT"
}

phase_1() {
	run 0 bind "$DEV1"
	good=$SCN_TMP/good result=$SCN_ROOT/tmp/result
	record ready 2026-01-02T03:04:05Z pass >"$good"
	cp "$good" "$result"
	look 0 pass "rehearsed at 2026-01-02T03:04:05Z, and passed (/tmp/result)"

	say "An unreadable file is an error; a device or FIFO is not opened."
	file=/tmp/typo
	refused "/tmp/typo: No such file or directory"
	file=/tmp
	refused "/tmp: not a file"
	file=/tmp/fifo
	mkfifo "$SCN_ROOT/tmp/fifo"
	refused "/tmp/fifo: not a file"
	run 1 check "$DEV1" --next-kernel /tmp/fifo
	err "/tmp/fifo: not a file"
	run 1 check "$DEV1" --next-kernel "$KERNEL" --next-initrd /tmp/fifo
	err "/tmp/fifo: not a file"
	run 1 load /tmp/fifo
	err "/tmp/fifo: not a file"
	run 1 inspect --blob /tmp/fifo --format kho
	err "/tmp/fifo: not a file"

	say "Content that rehearse would not write is no result."
	for change in 'del(.date)' '.date = "yesterday"' '.date = 20260102' '.verdict = "perhaps"' '.verdict = true' \
		'del(.schema)' '.schema = 0' '.schema = "1"' '.seconds = "20"' '.log = null' 'del(.devices)' \
		'.checks = {}' '.checks[0].result = 1' '.checks += [null]' '.from_image = null' '.next_image.sha256 = 5' \
		'.next_initrd = []' '[.]' 'null' '"text"'; do
		jq "$change" "$good" >"$result"
		look 3 unknown "/tmp/result is no result of a rehearsal"
	done
	jq '.schema = 2 | .verdict = "splendid"' "$good" >"$result"
	look 3 unknown "/tmp/result was made by a newer vfio-lu"
	jq '.more = 1 | .checks[0].more = 1' "$good" >"$result"
	look 0 pass "and passed"
	jq '.from_image.sha256 = .next_initrd.sha256' "$good" >"$result"
	# a captured machine does not have its rehearsals, and this tree counts as captured
	look 3 unknown "vfio-lu cannot see whether this pair of kernels was rehearsed"

	say "The newest verdict counts; a result without a verdict does not."
	dir=$SCN_ROOT/var/lib/vfio-lu/rehearsals
	mkdir -p "$dir"
	short=$(digest "$KERNEL" | cut -c1-16)
	stored=$dir/$short-$short-$(digest "$INITRD" | cut -c1-16).json
	record unknown 2026-03-01T00:00:00Z unknown >"$result"
	look 0 warn "rehearsed at 2026-03-01T00:00:00Z, and came to no result: hands-over: no word of"
	record not-ready 2026-02-01T00:00:00Z fail >"$stored"
	look 3 fail "rehearsed at 2026-02-01T00:00:00Z, and failed: hands-over: no word of 2026-02"
	cp "$stored" "$SCN_TMP/failed"
	record unknown 2026-03-01T00:00:00Z unknown >"$stored"
	cp "$SCN_TMP/failed" "$result"
	look 3 fail "rehearsed at 2026-02-01T00:00:00Z, and failed"
	cp "$good" "$stored"
	look 3 fail "rehearsed at 2026-02-01T00:00:00Z, and failed"
	record ready 2026-02-01T00:00:01Z pass >"$stored"
	look 0 pass "rehearsed at 2026-02-01T00:00:01Z, and passed"

	say "An unreadable stored result is reported, and does not stop load."
	jq '.schema = 2' "$good" >"$stored"
	run 0 check "$DEV1" -v --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "$(next_cmdline)"
	out "${stored#"$SCN_ROOT"} was made by a newer vfio-lu"
	rm "$stored"
	mkfifo "$stored"
	run 0 check "$DEV1" -v --next-kernel "$KERNEL" --next-initrd "$INITRD" --next-cmdline "$(next_cmdline)"
	out "${stored#"$SCN_ROOT"} is no result of a rehearsal"
	rm "$stored"
}
