# shellcheck shell=sh
# A captured machine gives the answers that the machine itself gave: with a session of vfio-lu, before and after the kexec,
# and when the holder does not answer.
TIERS="fake"
DEVICES="edu edu"
PHASES=2
NO_CALLS="the holder is stopped for a while"

# Captures this machine, and compares what the commands print of it and of the copy.
same() { # NAME STATUS-OF-CHECK
	copy=$SCN_TMP/$1
	run "$2" --timeout 1 check "$DEV1" --capture "$copy"
	for command in "check $DEV1" list status; do
		expected=0
		[ "${command%% *}" != check ] || expected=$2
		# shellcheck disable=SC2086 # words
		run "$expected" --timeout 1 --json $command
		sed 's/Geheim/000000/' "$STDOUT" >"$SCN_TMP/of-machine"
		# shellcheck disable=SC2086
		run "$expected" --timeout 1 --json --sysroot "$copy" $command
		check_that "$1: the copy gives the same ${command%% *}" diff -u "$SCN_TMP/of-machine" "$STDOUT"
	done
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	same without-holder 0
	run 0 preserve "$DEV1"
	same held 0
	run 0 --sysroot "$SCN_TMP/held" check "$DEV1" -v
	out "preserved already, in session vfio-lu of vfio-lu"
	run 0 --sysroot "$SCN_TMP/held" status
	out "outgoing, held"

	# an older copy has no answer of the holder: it is not known, and must not be taken for another program
	chmod -R u+w "$SCN_TMP/held"
	rm -r "$SCN_TMP/held/run/vfio-lu" "$SCN_TMP/held/var/lib/vfio-lu"
	run 0 --sysroot "$SCN_TMP/held" --json check "$DEV1"
	out "the holder could not be asked"
	out_not "by another program"
	out_not "close its session"

	run 0 --json status
	holder=$(sed -n '/"holder": *{/,/}/s/.*"pid": *\([0-9]*\).*/\1/p' "$STDOUT")
	check_that "the holder stops" kill -STOP "$holder"
	same silent 0
	check_that "the holder continues" kill -CONT "$holder"

	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline) luks_password=Geheim"
	same loaded 0
	check_that "a secret stays here" sh -c "! grep -r Geheim '$SCN_TMP/loaded'"
	run 0 --sysroot "$SCN_TMP/loaded" status
	out "the next kernel is loaded"
	run_jump kexec
}

phase_2() {
	run 0 restore
	same restored 3
	run 0 finish
	same finished 0
}
