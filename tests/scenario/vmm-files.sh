# shellcheck shell=sh
# preserve takes the device files and a memfd of a running VMM, and run gives them to the next VMM.
TIERS="fake vm"
NO_CALLS="finish --wait asks as often as it takes, and the VMM has other files"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=400

no_session() { ! "$VFIO_LU" status | grep -q "session  vfio-lu"; }

# Ends the VMM after its files were listed and before one is taken, which strace delays.
preserve_dying() {
	: >"$SCN_TMP/trace"
	strace -qq -o "$SCN_TMP/trace" -e trace=pidfd_open,pidfd_getfd -e inject=pidfd_getfd:delay_enter=10s \
		"$VFIO_LU" preserve --pid "$standin" >"$STDOUT" 2>"$STDERR" &
	preserve=$!
	soon file_has "$SCN_TMP/trace" pidfd_open
	end_process "$standin"
	STATUS=0
	wait "$preserve" || STATUS=$?
	check_that "a VMM that ended meanwhile: exit $STATUS" test "$STATUS" = 1
	err "$DEV1: process $standin (standin) has ended meanwhile"
	run 0 status
	out "no sessions"
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	start_standin memfd=1
	run 3 preserve --pid "$standin"
	err "process $standin (standin) has no vfio device open"
	run 3 check --pid "$standin"
	err "process $standin (standin) has no vfio device open"
	end_process "$standin"
	run 0 check --vms
	out "no process has a vfio device open"
	if in_vm; then
		start_standin "open=$DEV1"
		preserve_dying
	fi
	size=2
	! in_vm || size=64
	start_standin "open=$DEV1" memfd=$size
	keep sum "$(sed -n 's/^memfd [0-9]* //p' "$SCN_TMP/said")"
	memfd=$(said memfd)

	# Files that cannot be taken: each has its own message, and nothing is changed.
	run 2 preserve
	err "BDF..., or --pid"
	run 2 preserve --fd 5 "$DEV1"
	err "--fd needs --pid"
	for pid in 0 -1 x 1x 99999999999; do
		run 2 preserve --pid $pid
		err "is not a process id"
	done
	run 1 preserve --pid 4194301
	err "there is no process 4194301"
	run 3 preserve --pid "$standin" "$DEV2"
	err "$DEV2: process $standin (standin) does not have it open"
	run 3 preserve "$DEV1"
	err "vfio-lu preserve --pid $standin"

	# check reports in advance what preserve would refuse.
	run 3 check "$DEV1"
	out "vfio-lu preserve --pid $standin"
	run 0 check --pid "$standin"
	out "$DEV1  preservable      process $standin (standin)"
	run 0 check --vms --json
	out "\"pid\": $standin,"
	out "\"command\": \"standin\""
	out "\"complete\": true"
	run 3 check --pid "$standin" "$DEV2"
	err "$DEV2: process $standin (standin) does not have it open"
	run 1 check --pid 4194301
	err "there is no process 4194301"
	run 0 preserve --dry-run --pid "$standin" "${DEV1%?}*"
	out "$DEV1"
	run 2 preserve --pid "$standin" --fd x
	run 2 preserve --pid "$standin" --fd "$memfd="
	err "is not a valid file name"
	run 2 preserve --pid "$standin" --fd "$memfd=a/b"
	run 2 preserve --pid "$standin" --fd "$memfd=iommufd"
	# finish --discard all would free every file
	run 2 preserve --pid "$standin" --fd "$memfd=all"
	err "neither iommufd nor all"
	run 2 preserve --pid "$standin" --fd "$memfd=guest" --fd 1=guest
	err "--fd gives the files $memfd and 1 the same name, guest"
	run 2 preserve --pid "$standin" --fd "$memfd" --fd "1=fd$memfd"
	run 2 preserve --pid "$standin" --fd "$memfd=guest" --fd "$memfd=ram"
	err "--fd names file $memfd twice, as guest and ram"
	run 1 preserve --pid "$standin" --fd 400=guest
	err "has no file 400 open"
	# descriptor 1 is its output
	run 3 preserve --pid "$standin" --fd "$memfd=guest" --fd 1=out
	err "out: this kernel does not preserve such a file"
	run 0 status
	out "no sessions"

	run 0 preserve --pid "$standin" --fd "$memfd=guest" --dry-run
	out "$DEV1: take its file from process $standin (standin)"
	out "guest: take file $memfd of the VMM"
	run 0 preserve --pid "$standin" --fd "$memfd=guest"
	out "$DEV1  preserved in session vfio-lu, taken from process $standin (standin); vfio-lu kexec disables its interrupts"
	out "guest  preserved"
	run 0 preserve --pid "$standin" --fd "$memfd=guest"
	out "$DEV1  already preserved"
	out "guest  already preserved"
	run 3 preserve --pid "$standin" --fd "$memfd=again"
	err "again: file $memfd of process $standin (standin) is in session vfio-lu already, with the name guest"

	say "The memory of another VMM under the same name is another file."
	first=$standin
	start_standin memfd=1
	run 0 preserve --pid "$standin" --fd "$(said memfd)=guest" --dry-run
	out "guest: check that it is file $(said memfd) of the VMM"
	run 3 preserve --pid "$standin" --fd "$(said memfd)=guest"
	err "session vfio-lu already has another file with the name guest"
	out_not "guest  already preserved"
	run 3 preserve --pid "$standin" --fd 1=guest
	run 0 preserve --pid "$standin" --fd "$(said memfd)=second"
	end_process "$standin"
	standin=$first
	run 0 release

	say "Without its device, the memory stays: only the release of the whole session gives it up."
	run 0 preserve --pid "$standin" --fd "$memfd=guest"
	run 0 release "$DEV1" --dry-run
	out_not "guest: close it"
	run 0 release "$DEV1"
	out "$DEV1  no longer preserved"
	out "guest  stays in session vfio-lu"
	run 0 status
	out "session  vfio-lu   outgoing, held"
	out_not "$DEV1"
	run 0 release --dry-run
	out "guest: close it, which frees its memory unless a process has it"
	run 0 preserve --pid "$standin" --fd "$memfd=guest"
	out "$DEV1  preserved in session vfio-lu"
	# the session is created again, with all its members
	run 0 preserve "$DEV2"
	run 0 release "$DEV2"
	run 0 status -v
	out "$DEV1  preserved"
	out "guest         preserved; a file of the VMM"
	out "standin open=$DEV1 memfd=$size wait"
	run 0 status --json
	out '"name": "guest"'
	out '"command": "'

	run 3 run -- true
	err "made by this kernel"
	run 0 load "$KERNEL" --initrd "$INITRD" --append "$(next_cmdline)"
	run 3 kexec
	err "in use: process $standin (standin)"
	err_not "--pid"
	end_process "$standin"
	run_jump kexec
}

phase_2() {
	run 3 run -- true
	err "first: vfio-lu restore"
	run 0 status
	out "guest         preserved by the previous kernel"
	run 0 restore
	out "$DEV1  retrieved"
	out "guest  retrieved"
	run 0 restore
	out "already retrieved"

	run 2 run
	run 2 run -- "$STANDIN" "bind={0000:7f:00.0}"
	err "{0000:7f:00.0} is not in session vfio-lu, which has {$DEV1}, {guest}, {iommufd}"
	run 1 run -- "$STANDIN" '{'
	err "standin: {: Invalid argument"
	run 127 run -- no-such-vmm-anywhere "{$DEV1}"
	err "no-such-vmm-anywhere: command not found; nothing was handed out"
	run 126 run -- / "{$DEV1}"
	err "cannot execute /"
	run 0 status
	out_not "lent"

	run 0 run --dry-run --finish -- vmm -device "vfio-pci,fd={${DEV1#0000:}}" -object "iommufd,fd={iommufd}" '{"x":{{}'
	out 'vmm -device vfio-pci,fd=3 -object iommufd,fd=4 {"x":{}'
	out "vfio-lu finish --wait"
	# The memory is the same, read through the file of that name, and its seals: SHRINK and GROW.
	run 0 run -- "$STANDIN" "sum={guest}" env=LISTEN_FDS env=LISTEN_FDNAMES
	out "sum $(kept sum), seals 6"
	out "LISTEN_FDS=1"
	out "LISTEN_FDNAMES=guest"
	run 0 run -- "$STANDIN" sum=4 env=LISTEN_FDNAMES
	out "sum $(kept sum), seals 6"
	out "LISTEN_FDNAMES=$(echo "$DEV1" | tr : +):guest"

	# Only one process at a time gets a file, and a process that has not bound its file yet does not lose it.
	"$VFIO_LU" run -- "$STANDIN" "env=LISTEN_PID" wait "{$DEV1}" >"$SCN_TMP/said" &
	first=$!
	soon file_has "$SCN_TMP/said" LISTEN_PID
	check_that "it has the pid that vfio-lu had" grep -qx "LISTEN_PID=$first" "$SCN_TMP/said"
	run 5 run -- "$STANDIN" "bind={$DEV1}"
	err "$DEV1: process $first (standin) has it already"
	run 0 status
	out "lent to process $first (standin)"
	run 5 finish --discard guest
	err "has not bound it"
	err "fix: vfio-lu finish --wait --session vfio-lu"
	run 5 finish --discard guest --json
	out '"code": "not-bound"'
	out '"--wait"'
	run 5 finish --wait --discard guest --timeout 1
	err "no VMM has bound $DEV1"
	err "fix: vfio-lu finish --wait --timeout 2 --session vfio-lu"
	run 0 run --again --dry-run -- "$STANDIN" "bind={$DEV1}"
	end_process "$first"
	run 0 run --dry-run -- "$STANDIN" "bind={$DEV1}"

	# The process in the background waits for the VMM that binds.
	"$VFIO_LU" run --finish --timeout 100 -- "$STANDIN" "bind={$DEV1},{iommufd}" "sum={guest}" wait >"$SCN_TMP/said" 2>&1 &
	standin=$!
	soon no_session
	check_that "it was bound" grep -q "^bound 3" "$SCN_TMP/said"
	klog "$DEV1: Device is finished participating in Live Update"
	run 0 status
	out "no sessions"
	# A VMM whose file came from LUO is an ordinary VMM: preserve takes its file as any other.
	run 0 preserve --pid "$standin"
	run 0 release
	end_process "$standin"
	run 3 run -- true
	err "there is no session vfio-lu to take files from"
}
