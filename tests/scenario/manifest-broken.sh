# shellcheck shell=sh
# The manifest on the disk is cut off, garbage, from another host, or of a newer schema; and another program has a
# session too.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e edu edu"

file=${SCN_ROOT:-}/var/lib/vfio-lu/vfio-lu.json

phase_1() {
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 preserve "$DEV3" --session stranger
	rm "${SCN_ROOT:-}/var/lib/vfio-lu/stranger.json"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

# Checks the output of status and restore for the present manifest.
refused() { # WHY
	run 0 status
	out "manifest invalid"
	out "$DEV1  preserved"
	run 0 restore --dry-run
	err "is not a usable manifest: $1"
	out "have the holder retrieve LUO session vfio-lu"
}

phase_2() {
	cp "$file" "$SCN_TMP/good"
	run 0 status
	out "$DEV1  preserved by the previous kernel"
	say "The command line names the other program's session too, and no third session lacks a manifest."
	out_re "^session  stranger  *incoming, waiting"
	out "$DEV3  preserved by the previous kernel"

	head -c 300 "$SCN_TMP/good" >"$file"
	refused "not JSON"
	: >"$file"
	refused "not JSON"
	printf 'garbage\001\377{' >"$file"
	refused "not JSON"
	sed 's/"schema": *1/"schema": 2/' "$SCN_TMP/good" >"$file"
	refused 'its "schema" is of another version'
	sed 's/"session": *"vfio-lu"/"session": "other"/' "$SCN_TMP/good" >"$file"
	refused "it belongs to another session"

	say "The manifest of another host: none of its devices was handed over to this kernel."
	printf '%s\n' '{"schema":1,"session":"vfio-lu","boot_id":"0","kernel":"6.0","devices":[{"bdf":"0000:7f:00.0","token":"0x1000000007f00","vendor":"0x8086"}]}' >"$file"
	run 0 restore --dry-run
	out "0000:7f:00.0: if it is in the session, bind it to vfio-pci and retrieve its file"

	say "The manifest inside the session counts."
	run 0 restore
	out "$DEV1  retrieved"
	out "$DEV2  retrieved"
	out_not "$DEV3  retrieved"
	out_not "0000:7f:00.0"
	check_that "the manifest is on the disk again" grep -q "$DEV1" "$file"
	run 0 finish
	run 0 status
	out "$DEV3"
	say "The session of the other program can be restored by its name."
	run 0 restore --session stranger
	out "$DEV3  retrieved"
	run 0 finish --session stranger
	run 0 status
	out "no sessions"
}
