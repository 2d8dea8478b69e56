# shellcheck shell=sh
# Executes each fix that is a command. Afterwards the check passes, and the refused command succeeds.
TIERS="fake vm"
PHASES=3
DEVICES="edu+e1000e nvme-sriov edu edu edu"
NO_CALLS="debugfs and the like are real ones in the VM alone"
# the kernel warns of what is removed before it is finished
EXPECT_LOG='pci_liveupdate_notify'

# Executes the printed fix, which is an array of words.
execute() { # EXPRESSION that gives them
	scn_words=$(jq -r "$1 | @sh" "$STDOUT")
	eval "set -- $scn_words"
	if [ "${1:-}" = vfio-lu ]; then
		shift
		run 0 "$@"
	else
		run_cmd 0 "$@"
	fi
}

# Ignores the exit status, since several checks may fail at once.
look() { # BDF
	scn_status=0
	"$VFIO_LU" check --json "$1" >"$STDOUT" 2>"$STDERR" || scn_status=$?
	[ -s "$STDOUT" ] || cat "$STDERR"
	check_that "check of $1 is an answer: exit $scn_status" test "$(jq '.error == null' "$STDOUT")" = true
	keep_json "check $1" "$STDOUT"
}

scn_rows='(.host, .devices[0]).checks[]'

# Executes each fix in turn; the ids are the expected checks.
cures() { # BDF ID...
	scn_bdf=$1 scn_met=''
	shift
	look "$scn_bdf"
	while scn_id=$(jq -er "first($scn_rows | select(.fix_argv)).id" "$STDOUT"); do
		scn_met="$scn_met $scn_id"
		execute "first($scn_rows | select(.fix_argv)).fix_argv"
		look "$scn_bdf"
		check_that "$scn_id passes after its fix" jq -e "first($scn_rows | select(.id == \"$scn_id\")) |
			(.result | . == \"pass\" or . == \"warn\") and .fix_argv == null" "$STDOUT"
		[ "$scn_fail" = 0 ] || return
	done
	check_that "the repaired checks of $scn_bdf:$scn_met" test "$scn_met" = " $*"
}

# A command that is refused, and succeeds after its fix.
heals() { # STATUS CODE ARGUMENT...
	scn_exit=$1 scn_code=$2
	shift 2
	run "$scn_exit" "$@" --json
	check_that "it is $scn_code" jq -e ".error.code == \"$scn_code\"" "$STDOUT"
	execute .error.fix_argv
	run 0 "$@" --json
}

phase_1() {
	modprobe e1000e
	check_that "the other function has its driver" soon taken_by e1000e "$DEV2"
	cures "$DEV1" driver-vfio-pci
	check_that "both are bound" test "$(driver_of "$DEV2")" = vfio-pci
	run 0 unbind "$DEV2"
	cures "$DEV1" group-singleton
	if in_vm; then
		umount /sys/kernel/debug
		umount /sys/kernel/security 2>/dev/null || :
		cures "$DEV3" debugfs driver-vfio-pci
		echo >"/sys/bus/pci/devices/$DEV3/reset_method"
		cures "$DEV3" reset-method
		run 0 unbind "$DEV3"
		check_that "its driver has it" soon taken_by nvme "$DEV3"
		echo 1 >"/sys/bus/pci/devices/$DEV3/sriov_numvfs"
		cures "$DEV3" pf-without-vfs driver-vfio-pci
	fi

	heals 3 device-unfit preserve --session b "$DEV4"
	heals 3 in-session unbind "$DEV4"
	heals 3 device-unfit preserve --session b "$DEV4"
	run 0 bind "$DEV5" "$DEV6"
	run 0 preserve --session c "$DEV5"
	run 0 preserve --session d "$DEV6"
	run 0 release --session d
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 0 release --session c
	holder=$(holder_pid)
	kill -9 "$holder"
	check_that "the holder ends" soon gone "$holder"
	heals 3 lost kexec --dry-run
	run 0 preserve --session c "$DEV5"
	run 0 preserve --session d "$DEV6"
	run_jump kexec
}

phase_2() {
	say "No session has the default name."
	heals 3 wrong-order finish --session b
	if [ -z "${FAKE_LOG-}" ]; then
		cures "$DEV5" driver-vfio-pci not-incoming
	else
		say "Without the log, no check knows the session of a device; status does."
		run 0 restore --all
		run 0 finish --session c
	fi
	run 0 finish --session d
	run 0 preserve --session e "$DEV4"
	run 0 preserve --session f "$DEV5" "$DEV6"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_3() {
	heals 3 in-session bind "$DEV4"
	run 0 finish --session e
	if in_vm; then echo 1 >"/sys/bus/pci/devices/$DEV6/remove"; else fake vanish "$DEV6"; fi
	run 6 restore --session f
	say "A session that cannot be finished can be given up, after a VMM has got what is there."
	run 5 finish --session f
	err "first: vfio-lu run --session f -- COMMAND"
	run 0 run --session f -- "$STANDIN" "bind={$DEV5}"
	run 3 run --session f -- "$STANDIN"
	run 5 finish --json --session f
	execute .error.fix_argv
	run 0 status --check
	out "no sessions"
}
