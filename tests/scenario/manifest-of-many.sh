# shellcheck shell=sh
# A manifest of 4,096 devices is read from the session, written to the disk again, and read from the disk.
TIERS="fake"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=300

# One of the two existing devices, and those that do not exist.
many() {
	sed -n '/"devices": *\[/q; p' "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
	echo '"devices": ['
	awk 'BEGIN {
		for (i = 0; i < 4095; i++) {
			bus = 16 + int(i / 256); dev = int(i / 8) % 32; fn = i % 8
			printf "{ \"bdf\": \"0000:%02x:%02x.%d\", \"token\": \"0x100000000%02x%02x\", ", bus, dev, fn, bus, dev * 8 + fn
			printf "\"vendor\": \"0x8086\", \"device\": \"0x10d3\", \"subsystem\": \"0x80860000\", \"class\": \"0x020000\", "
			printf "\"path\": \"/sys/devices/pci0000:00/0000:00:02.0/0000:02:00.0/0000:03:00.0/0000:04:00.0/0000:05:00.0\", "
			printf "\"driver_before\": \"e1000e\" },\n"
		}
	}'
	sed '1,/"devices": *\[/d' "$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json"
}

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	many >"$SCN_TMP/manifest"
	run 0 release
	check_that "it is larger than a mebibyte" test "$(wc -c <"$SCN_TMP/manifest")" -gt 1048576
	start_standin "manifest=$SCN_TMP/manifest" "open=$DEV1" session=vfio-lu
	load_raw
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	"$VFIO_LU" restore >"$SCN_TMP/restored" 2>"$SCN_TMP/failures"
	check_that "missing devices do not prevent the restore of the others: exit $?" test $? = 6
	check_that "$DEV1 is retrieved" grep -q "$DEV1  retrieved" "$SCN_TMP/restored"
	check_that "each of the others is named" test "$(grep -c "0000:[0-9a-f:.]*: " "$SCN_TMP/failures")" -ge 4095
	check_that "of how many" grep -q '1 of 4096 files of session vfio-lu are retrieved' "$SCN_TMP/failures"
	check_that "it is on the disk now" test "$(wc -c <"$SCN_ROOT/var/lib/vfio-lu/vfio-lu.json")" -gt 1048576
	"$VFIO_LU" status >"$SCN_TMP/status"
	check_that "and is read there" test "$(grep -c 'the previous kernel preserved it' "$SCN_TMP/status")" = 4095
	check_that "as usable" test -z "$(grep manifest "$SCN_TMP/status")"
}
