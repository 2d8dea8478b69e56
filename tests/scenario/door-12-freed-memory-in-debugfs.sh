# shellcheck shell=sh
# Door 12: what debugfs shows of the incoming LUO data is freed memory; vfio-lu does not believe it.
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
	check_that "the address of the FLBs is saved before the jump" \
		grep -q "\"flbs_pa\": *\"0x$flbs\"" /var/lib/vfio-lu/vfio-lu.json
	keep flbs "$flbs"
	run 0 status
	out "live update 0"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	say "Raw: what debugfs has of it begins with something else than its name."
	run 0 status
	out "live update 1"
	say "Other memory is taken, and written to."
	dd if=/dev/zero of=/tmp/fill bs=1M count=200 2>/dev/null
	tr '\0' 'x' </tmp/fill >/tmp/filled
	luo=$(u64 /sys/kernel/debug/kho/in/sub_fdts/LUO 0)
	check_that "raw: debugfs has eight bytes there" test ${#luo} = 16
	check_that "raw: they are not the name of the format" test "$luo" != 000035762d6f756c
	run 0 status
	out "live update 1"
	out "$DEV1  preserved by the previous kernel"
	check_that "the address is known from the manifest alone" \
		grep -q "\"flbs_pa\": *\"0x$(kept flbs)\"" /var/lib/vfio-lu/vfio-lu.json
	run 0 restore
	run 0 finish
}
