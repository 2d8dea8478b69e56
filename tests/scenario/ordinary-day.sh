# shellcheck shell=sh
# Events of an ordinary day: files deleted or copied, missing programs, an image that an update replaced, a VMM in the
# background. Nothing is lost, and each refusal names the next command.
TIERS="fake"
PHASES=3
DEVICES="e1000e edu nvme"

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2"
	say "1. One of two devices leaves: the other stays preserved, and only that one is handed over."
	run 0 release "$DEV2"
	out "$DEV1  stays in session vfio-lu"
	say "2. There is a copy of the manifest, as editors and administrators leave them."
	cp "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json" "$SCN_ROOT/var/lib/vfio-lu/vfio-lu-old.json"
	run 0 status
	out_re "^session  vfio-lu  *outgoing, held"
	run 0 unbind "$DEV2"
	run 0 bind "$DEV2"
	rm "$SCN_ROOT/var/lib/vfio-lu/vfio-lu-old.json"
	say "3. /run is cleaned: the holder still has its files, and nothing is preserved a second time."
	mkdir "$SCN_TMP/kept"
	cp -p "$SCN_ROOT/run/vfio-lu/"*.json "$SCN_TMP/kept"
	rm "$SCN_ROOT/run/vfio-lu/"*.json
	run 0 status
	out_re "^session  vfio-lu  *outgoing, held"
	out "$DEV1  preserved"
	run 0 preserve "$DEV1"
	out "$DEV1  already preserved"
	say "4. The manifest on the disk is deleted too: the session is incomplete, and preserve completes it."
	rm -f "$SCN_ROOT/run/vfio-lu/"*.json "$SCN_ROOT/var/lib/vfio-lu/"*.json
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "session vfio-lu is incomplete"
	err "first: vfio-lu preserve $DEV1"
	run 0 preserve "$DEV1"
	say "5. An update has removed the loaded kernel: no device is changed, and the message names load."
	mv "$SCN_ROOT$KERNEL" "$SCN_ROOT$KERNEL.away"
	run 3 kexec
	err "$KERNEL"
	run 0 status
	out_re "^session  vfio-lu  *outgoing, held"
	mv "$SCN_ROOT$KERNEL.away" "$SCN_ROOT$KERNEL"
	run 0 preserve "$DEV3" --session other
	run_jump kexec
}

phase_2() {
	say "6. The manifests are deleted before the restore: the manifest inside the session counts."
	rm -rf "$SCN_ROOT/var/lib/vfio-lu"
	run 0 restore
	out "$DEV1  retrieved from session vfio-lu"
	out_not "$DEV2"
	out_not "$DEV3"
	say "7. A program does not exist: no file is lent."
	check_that "it says so" sh -c "! $VFIO_LU run -- /nowhere/vmm {$DEV1} 2>&1 | grep -v 'nothing was handed out'"
	run 0 status
	out_re "^ *$DEV1  retrieved; now with vfio-pci$"
	say "8. A VMM goes into the background: status shows its child, and finish does not bind the device."
	run 0 run -- sh -c "$STANDIN wait >/dev/null 2>&1 & echo \$! >$SCN_TMP/child"
	check_that "the child is there" soon file_has "/proc/$(cat "$SCN_TMP/child")/comm" standin
	run 5 finish
	err "$DEV1: process $(cat "$SCN_TMP/child") (standin) has it"
	run 0 status
	out "$DEV1  retrieved"
	kill "$(cat "$SCN_TMP/child")"
	check_that "it ends" soon gone "$(cat "$SCN_TMP/child")"
	say "9. One session is finished and preserved again, the other one is unchanged: status shows both."
	run 0 finish
	run 0 preserve "$DEV1"
	err "session other of the previous kernel is not finished (waiting); vfio-lu kexec refuses until it is; first: vfio-lu restore --session other"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "session other of the previous kernel is not finished (waiting)"
	err_not "session vfio-lu"
	run 0 restore --session other
	run 0 finish --session other
	say "10. A session that was finished in this boot is handed over again under its old name."
	run 0 preserve "$DEV3" --session other
	run_jump kexec
}

phase_3() {
	check_that "both are named" grep -q 'vfio-lu.session=other,vfio-lu' "$SCN_ROOT/proc/cmdline"
	run 0 restore
	run 0 restore --session other
	out "$DEV3  retrieved from session other"
	run 0 finish
	run 0 finish --session other
	run 0 status
	out "no sessions"
}
