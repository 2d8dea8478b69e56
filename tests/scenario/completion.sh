# shellcheck shell=sh
# The completions of interactive bash, zsh and fish: sessions, processes, commands after help and run, addresses in
# both forms. unbind and release offer only devices on which they can act.
TIERS="fake"
NO_CALLS="asked by shells, as often as they like"
DEVICES="e1000e edu edu"
TIMEOUT=600

# Runs in each shell. bash shows only the text after the last colon, since it inserts only that.
tab() { # LINE WANTED... [! UNWANTED...]
	for scn_shell in bash zsh fish; do
		scn_shown="$scn_shell: $1 (tab)"
		if [ $scn_shell != bash ]; then
			run_cmd 0 env PATH="$SCN_TMP/bin:$PATH" python3 "$top/tests/complete.py" $scn_shell "$SCN_TMP/completions" "$@"
			continue
		fi
		scn_line=$1
		shift
		# shellcheck disable=SC2046 # words
		run_cmd 0 env PATH="$SCN_TMP/bin:$PATH" python3 "$top/tests/complete.py" bash "$SCN_TMP/completions" "$scn_line" \
			$(printf '%s\n' "$@" | sed 's/^[0-9:]*:\([0-9]\)/\1/')
		set -- "$scn_line" "$@"
	done
}

phase_1() {
	top=${BUILD%/build/*}
	mkdir "$SCN_TMP/bin"
	ln -s "$VFIO_LU" "$SCN_TMP/bin/vfio-lu"
	sh "$top/completions/gen.sh" "$VFIO_LU" "$SCN_TMP/completions"
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve --session vm-one "$DEV1"

	tab "vfio-lu unb" "unbind"
	tab "vfio-lu release --ab" "--abandon"
	tab "vfio-lu list 0000:0" "$DEV1" "$DEV2" "$DEV3"
	tab "vfio-lu check 0" "${DEV1#0000:}" "${DEV3#0000:}"
	tab "vfio-lu unbind 0000:" "$DEV1" "$DEV2" ! "$DEV3"
	tab "vfio-lu release 0000:" "$DEV1" ! "$DEV2" "$DEV3"
	tab "vfio-lu release 01" "${DEV1#0000:}" ! "${DEV2#0000:}"
	tab "vfio-lu restore --session v" "vm-one"
	tab "vfio-lu help unb" "unbind"
	tab "vfio-lu preserve --pid " "$$"
	tab "vfio-lu run -- setpri" "setpriv"
	run 0 preserve --session vm-two "$DEV2"
	tab "vfio-lu run --session vm" "vm-one" "vm-two"
	tab "vfio-lu run --session vm-one -- cat $SCN_TMP/compl" "completions"
	tab "vfio-lu load $SCN_TMP/compl" "completions"
}
