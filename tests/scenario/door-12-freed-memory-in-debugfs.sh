# shellcheck shell=sh
# Door 12: the incoming LUO data in debugfs is freed memory; vfio-lu does not trust it.
TIERS="vm"
PHASES=2
DEVICES="edu"

# The u64 at OFFSET of a file.
u64() { od -An -v -tx8 -j"$2" -N8 "$1" | tr -d ' '; }

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	luo=/sys/kernel/debug/kho/out/sub_fdts/LUO
	flbs=$(u64 $luo 24 | sed 's/^0*//')
	check_that "the address of the FLBs is saved before the kexec" \
		grep -q "\"flbs_pa\": *\"0x$flbs\"" /var/lib/vfio-lu/vfio-lu.json
	keep flbs "$flbs"
	run 0 status
	out "no live update yet"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

# The file is freed memory, whose content is random. So the test replaces the content with possible values, and the
# result must stay the same.
shows() { # WHAT FORMAT-OF-PRINTF
	say "Freed memory that has $1."
	# shellcheck disable=SC2059
	printf "$2" >"$SCN_TMP/forged"
	check_that "the file shows it" mount --bind "$SCN_TMP/forged" "$LUO"
	run 0 status
	check_that "status is the same" cmp "$STDOUT" "$SCN_TMP/status"
	run 3 check "$DEV1"
	check_that "so is check" cmp "$STDOUT" "$SCN_TMP/checked"
	run 0 inspect
	out_re "^luo-in  *stale "
	check_that "the list of devices is found from the manifest" grep -q "^flbs-in .*/proc/kcore at 0x$(kept flbs)\$" "$STDOUT"
	out "  $DEV1      refcount 1"
	umount "$LUO"
}

phase_2() {
	LUO=/sys/kernel/debug/kho/in/sub_fdts/LUO
	run 0 status
	out "live update 1"
	out "$DEV1  preserved by the previous kernel"
	cp "$STDOUT" "$SCN_TMP/status"
	run 3 check "$DEV1"
	cp "$STDOUT" "$SCN_TMP/checked"
	check_that "the address is known from the manifest alone" \
		grep -q "\"flbs_pa\": *\"0x$(kept flbs)\"" /var/lib/vfio-lu/vfio-lu.json
	check_that "raw: debugfs has bytes there" test -n "$(u64 $LUO 0)"
	shows "nothing" ''
	shows "zeroes" "$(printf '\\000%.0s' $(seq 32))"
	shows "a text" 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
	shows "what looks like it, of update 9, with all at the first page" \
		'luo-v5\000\000\011\000\000\000\000\000\000\000\000\020\000\000\000\000\000\000\000\020\000\000\000\000\000\000'
	run 0 restore
	out "$DEV1  retrieved"
	run 0 finish
}
