# shellcheck shell=sh
# finish frees memory that no VMM has taken only with --discard, and checks everything before it binds the first
# device.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu"

# Waits until the program has printed its last line.
said() { # WORD
	scn_n=0
	until grep -q "^$1" "$SCN_TMP/said" || [ $scn_n = 100 ]; do
		scn_n=$((scn_n + 1))
		sleep 0.1
	done
	sed -n "s/^$1 \([0-9]*\).*/\1/p" "$SCN_TMP/said"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	"$STANDIN" "open=$DEV1" memfd=1 wait >"$SCN_TMP/said" 2>&1 &
	vmm=$!
	run 0 preserve --pid $vmm --fd "$(said memfd)=ram"
	{ kill $vmm; wait $vmm; } 2>/dev/null || :
	run 0 preserve "$DEV2" --session other
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}


phase_2() {
	run 0 restore
	run 0 status
	out "next: vfio-lu run -- COMMAND"
	run 3 finish --dry-run
	err "no process has ram"
	run 3 finish
	err "session vfio-lu: no process has ram, and finish would free the memory"
	err "vfio-lu finish --discard ram"
	klog_not "$DEV1: Device is finished participating"
	run 2 finish --discard rom
	err "session vfio-lu has no file rom"
	run 3 finish --wait --timeout 1

	say "No device was bound: a VMM can get all files."
	run 0 run -- "$STANDIN" "sum={ram}"
	run 0 status
	out "next: vfio-lu run -- COMMAND"
	say "The first VMM has ended and so no longer has the memory; the next one keeps running."
	run 3 finish
	err "no process has ram, and finish would free the memory"
	"$VFIO_LU" run -- "$STANDIN" "bind={$DEV1}" "sum={ram}" wait >"$SCN_TMP/said" 2>&1 &
	vmm=$!
	said sum >/dev/null
	run 0 finish
	{ kill $vmm; wait $vmm; } 2>/dev/null || :
	run 0 status
	out_not "session  vfio-lu"

	run 0 restore --session other
	run 0 finish --session other --discard all
	run 0 status
	out "no sessions"
}
