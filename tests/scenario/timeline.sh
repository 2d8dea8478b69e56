# shellcheck shell=sh disable=SC2034
# The phases of a live update: finish binds the devices of one session, run gives the device of the other to a program,
# and the clock steps. If the disk is full or lost, only the record is missing.
TIERS="fake"
PHASES=4
DEVICES="e1000e edu edu"

updates() { echo "$SCN_ROOT/var/lib/vfio-lu/updates"; }
json() { jq -e "$@" "$STDOUT"; }
given() { jq -r '.moments[] | select(.moment == "given").at' "$SCN_ROOT/run/vfio-lu/other.moments"; }
mode() { stat -c %a "$1"; }

phase_1() {
	say "1. There was no live update yet."
	run 0 timeline
	out "no live updates"
	run 3 timeline --svg "$SCN_TMP/a.svg"
	err "there is nothing to draw"
	check_that "there is no picture" test ! -e "$SCN_TMP/a.svg"
	run 3 timeline --session vfio-lu
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 preserve "$DEV1" "$DEV2"
	run 0 preserve "$DEV3" --session other
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	check_that "the moment of the load is on the command line" grep -q "vfio-lu.kexec=[0-9]*,[0-9]*,[0-9]*,-1" \
		"$SCN_ROOT/proc/cmdline"
	run 0 restore
	run 0 restore --session other
	run 127 run --session other -- /nowhere/vmm "{$DEV3}"
	check_that "a program that cannot be started got no file" sh -c "! grep -q given $SCN_ROOT/run/vfio-lu/other.moments"
	run 1 run --session other -- false "{$DEV3}"
	check_that "one that ended at once had it" test -n "$(given)"
	run 127 run --session other -- /nowhere/vmm "{$DEV3}"
	check_that "which does not count, as nobody has it now" test -z "$(given)"
	"$VFIO_LU" run --session other -- "$STANDIN" env=HOME wait "{$DEV3}" >"$SCN_TMP/said" 2>&1 &
	soon file_has "$SCN_TMP/said" HOME
	first=$(given)
	run 0 run --session other --again -- true "{$DEV3}"
	check_that "as long as the first one runs, the device is back since then" test "$(given)" = "$first"
	{ kill $!; wait $!; } 2>/dev/null || :
	run 0 run --session other -- "$STANDIN" "bind={$DEV3}"
	last=$(given)
	check_that "the first one has ended and had not bound it" test "$last" != "$first"
	run 1 run -- false "{$DEV1}"
	# the hardware clock, which the first kernel did not have
	mkdir -p "$SCN_ROOT/sys/class/rtc/rtc0"
	echo 1234567890 >"$SCN_ROOT/sys/class/rtc/rtc0/since_epoch"
	run 0 finish
	run 0 finish --session other
	say "2. Each session is an update; the session that was finished last comes first."
	run 0 timeline --json
	check_that "there are two" json '.updates | map(.session) == ["other", "vfio-lu"]'
	check_that "the phases add up to the whole time" json '.updates[] | (.phases | map(.seconds) | add) - .seconds | fabs < 0.00001'
	# a log without the message leaves a gap
	check_that "nothing else is missing" json '[.updates[].missing[]] - ["init-started"] == []'
	check_that "and the clock did not jump" json 'all(.updates[]; .clock == "counter" and .clock_jump_s == 0)'
	check_that "a kernel takes a second to start here" json \
		'all(.updates[]; .phases | map(select(.name | test("kernel|init")).seconds) | add > 1)'
	check_that "finish has bound the devices of one session" json \
		'.updates[1].devices | map(.bdf, .to_moment) == ["'"$DEV1"'", "bound", "'"$DEV2"'", "bound"]'
	check_that "run gave the device of the other to a program" json \
		'.updates[0].devices | map(.bdf, .to_moment) == ["'"$DEV3"'", "given"]'
	check_that "the one that bound it" grep -q "$last" "$(updates)"/*other.json
	check_that "all were away during the boot" json 'all(.updates[].devices[]; .away_s > 1 and .from_moment == "interrupts-disabled")'
	check_that "finish has read the hardware clock" jq -e \
		'[.. | objects | select(.moment == "finish-called").at] | length == 1 and all(endswith(",1234567890"))' \
		"$(updates)"/*vfio-lu.json
	check_that "the records belong to root" test "$(mode "$(updates)")" = 700
	for scn_file in "$(updates)"/*; do check_that "this one too" test "$(mode "$scn_file")" = 600; done
	export FAKE_EUID=65534
	run 1 timeline --json
	unset FAKE_EUID
	out '"code": "no-root"'
	check_that "no moments are left in /run" sh -c "! ls $SCN_ROOT/run/vfio-lu/*.moments"
	run 0 timeline
	out "session other, "
	# on a busy machine, a pause is long enough for the scale to cut it: "//"
	out_re "^kexec  *[0-9.]* s  *[=/]*$"
	out_re "^$DEV3  *[1-9][0-9.]* s  *[#/]*$"
	check_that "it fits 80 columns" sh -c "! grep -q '.\{81\}' $STDOUT"
	run 0 timeline --session vfio-lu
	out "session vfio-lu, "
	out "away from when kexec began to disable its interrupts until finish had bound it"
	run 0 timeline --svg "$SCN_TMP/a.svg"
	check_that "it is a picture" grep -q '^<svg xmlns=' "$SCN_TMP/a.svg"
	run 1 timeline --svg "$SCN_TMP/nowhere/a.svg"
	err "cannot write $SCN_TMP/nowhere/a.svg: No such file or directory"
	next_update
}

next_update() {
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	say "3. The disk is lost, and the clock of this kernel is half an hour ahead, then an hour, and was once centuries ahead: the timeline has the moments of the session and of the command line."
	rm -r "$SCN_ROOT/var/lib/vfio-lu"
	printf ' 1800000000000' >>"$SCN_ROOT/../clock"
	run 0 restore
	sed -i 's/ 1800000000000$/ 3600000000000/' "$SCN_ROOT/../clock"
	mkdir -p "$(updates)"
	for scn_n in $(seq 10 79); do echo none >"$(updates)/29990101T0000${scn_n}Z-old.json"; done
	echo none >"$(updates)/vm-of-last-year.json"
	run 0 finish
	check_that "64 records are kept" test "$(find "$(updates)" -name '[0-9]*' | wc -l)" = 64
	check_that "and a file that is no record" test -e "$(updates)/vm-of-last-year.json"
	check_that "the oldest are gone" test ! -e "$(updates)/29990101T000016Z-old.json" -a -e "$(updates)/29990101T000017Z-old.json"
	run 0 timeline --json
	err "$(updates | sed "s|^$SCN_ROOT||")/29990101T000017Z-old.json is not a record of a live update"
	check_that "the jump is seen" json '(.updates | length == 1) and (.updates[0].clock_jump_s - 3600 | fabs < 0.01)'
	check_that "and is in no phase" json '.updates[0].seconds < 300'
	scn_end=$(json '.updates[0] | (.started | sub("\\.[0-9]+"; "") | fromdate) + .seconds + .clock_jump_s | floor')
	run 0 status --metrics
	check_that "the metrics have the end by the clock of this kernel" awk -v "end=$scn_end" \
		'/^vfio_lu_last_update_timestamp_seconds / { n = $2 - end; near = n > -3 && n < 3 } END { exit !near }' "$STDOUT"
	run 0 timeline --json
	check_that "the moments that only the disk had are missing" json \
		'.updates[0].missing - ["init-started"] == ["interrupts-disabled", "kexec-called"]'
	check_that "so the device counts as away from the load" json \
		'.updates[0] | .devices[0].from_moment == "loaded" and .phases[0].name == "held"'
	run 0 timeline
	out_re "^load+interrupts+kexec  *[0-9.]* s  *\\.*$"
	out "The wall clock stepped by +3600.0 s after the last known moment"
	rm -r "$(updates)"
	: >"$(updates)"
	next_update
}

phase_4() {
	say "4. If no record can be written, no command fails."
	run 0 restore
	run 0 finish
	err "vfio-lu timeline will not know of this live update"
	run 1 timeline --json
	err "cannot read /var/lib/vfio-lu/updates"
	out '"code": "failed"'
	run 0 status
	out "no sessions"
}
