# shellcheck shell=sh
# The functions of scenarios. Runs one phase of a scenario: sh lib.sh SCENARIO.sh PHASE
# In the VM, tests/vm/steps starts it. On the host, the script that starts the fake kernel does, with TIER=fake and VFIO_LU set.
#
# At its top, a scenario sets what it needs:
#   TIERS="fake vm"          where it can run
#   PHASES=2                 how many kernels it runs under; phase_1, phase_2, ... are its functions
#   DEVICES="edu e1000e"     one word a slot, each behind a root port of its own: edu pci-testdev e1000e nvme nvme-sriov
#                            virtio-net bochs-display, and vmd (fake only); a+b puts two functions into one slot (and one IOMMU group)
#   ROOT="sid"               it runs in a whole Debian of that suite (tests/vm/rootfs.sh); default: in busybox
#   DISK=none                /var/lib does not survive a kexec
#   FLAVOUR=y                m (vfio-pci is a module, the default) or y (built in)
#   KERNEL_ARGS="..."        appended to the command line of the first kernel
#   EXPECT_LOG='regex'       kernel warnings that belong to the scenario
#   TIMEOUT=180              the seconds that all its phases take on an idle host; the runner waits three times as long
#   QEMU_ARGS="..."          further words for QEMU
#   NO_CALLS="WHY"           the system calls are not compared between the tiers (tests/calls.sh), for this reason
# and may use: $DEV1 $DEV2 ... (the BDFs), $PORT1 ... (the ports above them), $DISK_BDF, $KERNEL $INITRD (of the
# running flavour), $KERNEL_M $KERNEL_Y, $RELEASE, $TIER, $PHASE, $STDOUT $STDERR (files with the output of the last
# run), $STATUS (its exit status), $SCN_TMP (a directory that is removed after the phase).

set -u

: "${TIER:=vm}" "${VFIO_LU:=vfio-lu}" "${STANDIN:=standin}" "${SCN_QUIET:=}"
scn_pass=0 scn_fail=0 scn_skip=0 scn_last='' STATUS=''

# Notes the current step of the scenario in the kernel log, and in the log of calls if there is one.
scn_mark() {
	[ -z "${CALLS:-}" ] || printf '%s\n' "$*" >>"$CALLS"
	[ "$TIER" != vm ] || echo "vlu: $*" >/dev/kmsg
} 2>/dev/null

pass() {
	scn_pass=$((scn_pass + 1))
	[ -n "$SCN_QUIET" ] || printf 'ok    %s\n' "$1"
}

fail() { # NAME [WHY]
	scn_fail=$((scn_fail + 1))
	printf 'FAIL  %s%s\n' "$1" "${2:+: $2}"
	scn_mark "FAIL $1"
}

skip() { # NAME [WHY]
	scn_skip=$((scn_skip + 1))
	printf 'skip  %s%s\n' "$1" "${2:+: $2}"
}

# Prints a line of explanation, for a demonstration.
say() { printf '\n# %s\n' "$*"; }

check_that() { # NAME COMMAND...
	scn_name=$1
	shift
	if "$@" >"$SCN_TMP/check" 2>&1; then
		pass "$scn_name"
	else
		fail "$scn_name" "$* gave $?"
		sed 's/^/      /' "$SCN_TMP/check"
	fi
}

# Runs any command as run does with vfio-lu: prints it, keeps its output, compares the exit status.
run_cmd() { # EXPECTED-STATUS COMMAND...
	scn_want=$1
	shift
	printf '\n$ %s\n' "${scn_shown:-$*}"
	scn_mark "\$ ${scn_shown:-$*}"
	scn_last=${scn_shown:-$*}
	scn_shown=''
	STATUS=0
	"$@" >"$STDOUT" 2>"$STDERR" </dev/null || STATUS=$?
	cat "$STDOUT" "$STDERR"
	[ -z "$SCN_QUIET" ] || [ "$STATUS" = 0 ] || printf '(exit %s)\n' "$STATUS"
	if [ "$STATUS" = "$scn_want" ]; then
		pass "$scn_last: exit $scn_want"
	else
		fail "$scn_last" "exit $STATUS, expected $scn_want"
	fi
}

run() { # EXPECTED-STATUS ARGUMENT... of vfio-lu
	scn_status=$1
	shift
	scn_shown="vfio-lu $*"
	run_cmd "$scn_status" "$VFIO_LU" "$@"
	case " $* " in
	*" --json "*) keep_json "$*" "$STDOUT" ;;
	esac
}

# Writes a JSON object for its validation: into a file, or from the virtual machine in marked lines.
keep_json() { # ARGUMENTS FILE
	if in_vm; then scn_json "$@" | sed 's/^/VLU-JSON /'; else scn_json "$@" >>"${JSONS:-/dev/null}"; fi
}
scn_json() {
	echo "$ vfio-lu $1"
	cat "$2"
	echo ---
}

# Does the same as a user without rights.
run_as_nobody() { # EXPECTED-STATUS ARGUMENT...
	if [ "$(id -u)" != 0 ]; then
		skip "vfio-lu $* as nobody" "not root here"
		return
	fi
	scn_status=$1
	shift
	scn_shown="vfio-lu $* (as nobody)"
	# By its path: the shell in the VM prefers its builtin command, which cannot change the user.
	run_cmd "$scn_status" /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups "$VFIO_LU" "$@"
}

scn_grep() { # yes|no FILE WHAT fixed|re PATTERN
	scn_found=no
	case $4 in
	fixed) if grep -qF -e "$5" "$2"; then scn_found=yes; fi ;;
	re) if grep -q -e "$5" "$2"; then scn_found=yes; fi ;;
	esac
	case $1-$scn_found in
	yes-yes) pass "$scn_last: $3 has '$5'" ;;
	no-no) pass "$scn_last: $3 has no '$5'" ;;
	yes-no) fail "$scn_last" "$3 has no '$5'" ;;
	no-yes) fail "$scn_last" "$3 has '$5'" ;;
	esac
}

# Search the output of the last run for fixed strings, or with _re for basic regular expressions.
out() { scn_grep yes "$STDOUT" stdout fixed "$1"; }
out_not() { scn_grep no "$STDOUT" stdout fixed "$1"; }
out_re() { scn_grep yes "$STDOUT" stdout re "$1"; }
err() { scn_grep yes "$STDERR" stderr fixed "$1"; }
err_not() { scn_grep no "$STDERR" stderr fixed "$1"; }
err_re() { scn_grep yes "$STDERR" stderr re "$1"; }
out_empty() { if [ -s "$STDOUT" ]; then fail "$scn_last" "stdout is not empty"; else pass "$scn_last: no stdout"; fi; }
err_empty() { if [ -s "$STDERR" ]; then fail "$scn_last" "stderr is not empty"; else pass "$scn_last: no stderr"; fi; }

# Prints the kernel log since this kernel started.
klog() { scn_klog yes "$1"; }
klog_not() { scn_klog no "$1"; }
scn_klog() {
	if [ "$TIER" != vm ]; then
		skip "kernel log: $2" "no kernel here"
		return
	fi
	dmesg | grep -v ' vlu: ' >"$SCN_TMP/klog"
	scn_before=$scn_last
	scn_last="phase $PHASE"
	scn_grep "$1" "$SCN_TMP/klog" "the kernel log" fixed "$2"
	scn_last=$scn_before
}

# The root of the machine's files: on the host it is a directory.
: "${SCN_ROOT:=}"

in_vm() { [ "$TIER" = vm ]; }

# Prints the driver of a function, or nothing.
driver_of() { # BDF
	scn_link=$(readlink "${SCN_ROOT:-}/sys/bus/pci/devices/$1/driver") || return 0
	echo "${scn_link##*/}"
}

dev() { eval "echo \"\${DEV$1}\""; }

# Waits up to two minutes until a command succeeds, since the machine may be busy.
soon() { # COMMAND...
	read -r scn_since _ </proc/uptime
	until "$@"; do
		read -r scn_uptime _ </proc/uptime
		[ $((${scn_uptime%.*} - ${scn_since%.*})) -lt 120 ] || return 1
		sleep 0.1
	done
}
# Starts the stand-in for a VMM (tests/standin.c) in the background, sets $standin to its process id, and waits until it
# has printed a line for each word. The file is empty before the process starts: what another one printed is not in it.
start_standin() { # WORD...
	: >"$SCN_TMP/said"
	"$STANDIN" "$@" wait >"$SCN_TMP/said" 2>&1 &
	standin=$!
	check_that "the stand-in has done: $*" soon scn_has_lines $# "$SCN_TMP/said"
}
scn_has_lines() { [ "$(wc -l <"$2")" -ge "$1" ]; } # N FILE
# Prints what the stand-in printed after the word.
said() { sed -n "s/^$1 \([^ ]*\).*/\1/p" "$SCN_TMP/said"; } # WORD
# kill and wait of a shell print messages on stderr.
end_process() { { kill -KILL "$1"; wait "$1"; } 2>/dev/null || :; } # PID

# Starts a holder under a service manager, tests/manager.c, which keeps its files and restarts it.
managed_holder() { # COMMAND...
	mkdir -p "$SCN_TMP/manager"
	manager "$SCN_TMP/manager" "$@" &
	scn_manager=$!
	soon managed_starts 1
}
managed_pid() { cat "$SCN_TMP/manager/pid"; }
# Has the holder reported at least this often that it is ready?
managed_starts() { # N
	[ -e "$SCN_TMP/manager/log" ] && [ "$(grep -c '^ready' "$SCN_TMP/manager/log")" -ge "$1" ]
}

# Conditions for soon: a line in the kernel log, an open file of a process, the end of a process, a word in a file, a
# driver.
in_log() { dmesg | grep -v ' vlu: ' | grep -qF -- "$1"; }
has_open() { # PID WORD
	for scn_file in "/proc/$1/fd/"*; do
		case $(readlink "$scn_file") in *"$2"*) return 0 ;; esac
	done
	return 1
}
gone() { # PID: it has ended, and the fake kernel has seen it too
	in_vm || [ ! -d "$SCN_ROOT/proc/$1" ] || return
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}
file_has() { grep -q -- "$2" "$1" 2>/dev/null; } # FILE PATTERN
taken_by() { [ "$(driver_of "$2")" = "$1" ]; } # DRIVER BDF

# For a machine that cannot power off any more: resets it after this shell has printed its result.
reset_at_the_end() {
	(
		soon gone $$
		stty -F /dev/ttyS1 raw
		sync
		echo b >/proc/sysrq-trigger
	) &
}

holder_pid() { "$VFIO_LU" status | sed -n 's/^holder *process \([0-9]*\).*/\1/p'; }

# Values that survive the kexec, even if /var/lib does not.
keep() { # NAME VALUE
	mkdir -p "$KEPT"
	printf '%s\n' "$2" >"$KEPT/$1"
}
kept() { cat "$KEPT/$1"; }

# Prints the command line of this kernel, for the next phase.
# shellcheck disable=SC2120 # some scenarios pass an argument
next_cmdline() { # [ANOTHER-FLAVOUR]
	if in_vm; then
		sed "s/vlu\\.phase=[0-9]*/vlu.phase=$((PHASE + 1))/; s/vlu\\.flavour=\\([my]\\)/vlu.flavour=${1:-\\1}/" /proc/cmdline
	else
		echo "console=ttyS0 kho=on liveupdate=on vlu.phase=$((PHASE + 1))"
	fi
}

scn_result() {
	printf 'VLU-RESULT scenario=%s phase=%s pass=%s fail=%s skip=%s%s\n' \
		"$SCENARIO" "$PHASE" "$scn_pass" "$scn_fail" "$scn_skip" "${1:+ $1}"
	scn_pass=0 scn_fail=0 scn_skip=0
}

# Prints the counts before the kexec. The next phase counts the success of the kexec.
scn_before_jump() {
	scn_result jump=1
	sync
	if in_vm; then stty -F /dev/ttyS1 raw; fi
}

# Runs vfio-lu, which must not return. Under the fake kernel it exits with 0 and the next phase follows.
run_jump() { # ARGUMENT...
	scn_shown="vfio-lu $*"
	run_jump_by "$VFIO_LU" "$@"
}

# Runs another program that calls vfio-lu.
run_jump_by() { # COMMAND...
	scn_last=${scn_shown:-$*}
	printf '\n$ %s\n' "$scn_last"
	scn_mark "\$ $scn_last"
	scn_before_jump
	STATUS=0
	if in_vm; then
		"$@" </dev/null || STATUS=$?
		# Success may mean that systemd makes the kexec.
		[ "$STATUS" != 0 ] || sleep "${JUMP_WAIT:-200}"
	elif "$@" </dev/null >"$STDOUT"; then
		case " $* " in
		*" --json "*) keep_json "${scn_last#vfio-lu }" "$STDOUT" ;;
		esac
		cat "$STDOUT"
		: >"$KEPT.jumped"
		exit 0
	else
		STATUS=$?
		cat "$STDOUT"
	fi
	fail "$scn_last" "returned with $STATUS, but was to jump"
}

# Makes the kexec without vfio-lu, to show facts about the kernel.
jump_raw() { # [COMMAND-LINE [KERNEL]]
	load_raw "$@"
	printf '\n$ kexec -e\n'
	scn_mark "\$ kexec -e"
	scn_before_jump
	STATUS=0
	kexec -e || STATUS=$?
	fail "kexec -e" "returned with $STATUS, but was to jump"
}

# shellcheck disable=SC2119
load_raw() { # [COMMAND-LINE [KERNEL]]
	scn_shown="kexec -s -l ${2:-$KERNEL}"
	run_cmd 0 kexec -s -l "${2:-$KERNEL}" "--initrd=$INITRD" "--command-line=${1:-$(next_cmdline)}"
}

# The bus numbers follow from the order of the slots in run.sh.
scn_places() {
	scn_slot=0 scn_n=0
	for scn_word in ${DEVICES:-}; do
		scn_slot=$((scn_slot + 1)) scn_function=0
		while [ -n "$scn_word" ]; do
			scn_n=$((scn_n + 1))
			eval "DEV$scn_n=$(printf '0000:%02x:00.%d' $scn_slot $scn_function)"
			eval "PORT$scn_n=$(printf '0000:00:%02x.0' $scn_slot)"
			scn_function=$((scn_function + 1))
			case $scn_word in
			*+*) scn_word=${scn_word#*+} ;;
			*) scn_word='' ;;
			esac
		done
	done
}

# ------------------------------------------------------- where a whole Debian runs (ROOT=)

scn_another_than() { # PID
	scn_now=$(holder_pid) && [ -n "$scn_now" ] && [ "$scn_now" != "$1" ]
}

# Until then udev loads drivers, which may be binding a device.
udev_is_done() { run_cmd 0 udevadm settle --timeout=600; }

# Makes the journal persistent, so that it survives the kexec; earlier records are kept.
journal_stays() {
	mkdir -p /var/log/journal
	run_cmd 0 systemctl restart systemd-journald
	run_cmd 0 journalctl --flush
}

# Prints "COMMAND RESULT" of each record, without those of the holder, which runs beside the commands.
recorded() { # [JOURNALCTL-ARGUMENT...]
	journalctl --sync
	journalctl -o json -t vfio-lu "$@" >"$SCN_TMP/json"
	sed -n 's/.*"VFIO_LU_COMMAND" *: *"\([^"]*\)".*/\1 &/; s/ .*"VFIO_LU_RESULT" *: *"\([^"]*\)".*/ \1/p' "$SCN_TMP/json" |
		grep -v '^hold ' | tr '\n' ',' | sed 's/,$//'
}
recorded_are() { # EXPECTED [JOURNALCTL-ARGUMENT...]
	scn_expected=$1
	shift
	scn_recorded=$(recorded "$@")
	check_that "the journal $*: $scn_recorded" test "$scn_recorded" = "$scn_expected"
}

# systemd keeps the files of the holder: when systemd re-executes itself, and when the holder ends.
holder_returns() { # STATE OF-DEVICE
	before=$(holder_pid)
	run_cmd 0 systemctl daemon-reexec
	check_that "the holder survives daemon-reexec" test -n "$before" -a "$(holder_pid)" = "$before"
	[ -n "$before" ] || return 0
	kill -9 "$before"
	check_that "systemd started a new holder for the killed one" soon scn_another_than "$before"
	run 0 status
	out "managed by systemd"
	out "$1"
	out "$DEV1  $2"
}

# The initrd of Debian's tool must have these files, and the libraries that vfio-lu needs.
initrd_has() { # LIST-OF-ITS-FILES PATTERN...
	scn_list=$1
	shift
	for scn_file; do
		check_that "it has $scn_file" grep -q "$scn_file" "$scn_list"
	done
	check_that "the list of its libraries is known" ldd /usr/sbin/vfio-lu
	scn_late=$(ldconfig -p | sed -n 's,.*\(libcrypto\|libkmod\|liblz4\|liblzma\|libpci\|libsystemd\|libzstd\)\.so\.[0-9]* .*=> ,,p')
	check_that "and those that it loads late" test "$(echo "$scn_late" | wc -l)" = 7
	# shellcheck disable=SC2086 # words
	for scn_file in $(echo "$scn_late" | sed 's,.*/,,') $(ldd /usr/sbin/vfio-lu $scn_late | sed -n 's,.*=> .*/\([^ ]*\) .*,\1,p'); do
		check_that "it has $scn_file" grep -q "/$scn_file\\( \\|\$\\)" "$scn_list"
	done
}

# The next kernel boots with that initrd and then Debian itself, which finds on the disk the work of the machine's own
# init.
jump_to_debian() { # INITRD
	run 0 bind "$DEV1" "$DEV2"
	say "check sees the hook in the initrd; nvme is built in and takes its device first anyway."
	run 0 check -v "$DEV1" "$DEV2" --next-kernel "$KERNEL" --next-initrd "$1" --next-cmdline "$(next_cmdline)"
	out "vfio-pci is in the initrd, and vfio-lu restore loads it there"
	out_re "next-driver-match .*warn: nvme takes $DEV1 (built in: it uses the device first, and restore takes it back)\$"
	run 0 preserve "$DEV1" "$DEV2"
	sed -i "s/^export PHASE=.*/export PHASE='$((PHASE + 1))'/" /tests/environment
	sed -i '2i stty -F /dev/ttyS1 raw -echo' /tests/service
	scn_root=$(blkid -s UUID -o value "$(findmnt -n -o SOURCE /)")
	run 0 load "$KERNEL" --initrd "$1" --cmdline "$(next_cmdline) root=UUID=$scn_root rw"
	run_jump kexec
}

restored_early() {
	run 0 status
	scn_pid=$(sed -n 's/^holder *process \([0-9]*\).*/\1/p' "$STDOUT")
	for scn_bdf in "$DEV1" "$DEV2"; do
		out "$scn_bdf  retrieved; now with vfio-pci"
	done
	say "The initrd restored the devices: nvme, which is built in, had its device before; e1000e never did."
	check_that "the holder is older than systemd's udev" test "$scn_pid" -lt "$(pgrep -o systemd-udevd)"
	run_cmd 0 modprobe e1000e
	klog_not "e1000e $DEV2"
	run 0 finish
	run 0 status
	out "no sessions"
}

[ $# = 2 ] || { echo "usage: sh lib.sh SCENARIO.sh PHASE" >&2; exit 2; }
SCENARIO=${1##*/}
SCENARIO=${SCENARIO%.sh}
PHASE=$2
SCN_TMP=$(mktemp -d)
: "${KEPT:=$SCN_TMP/kept}"
STDOUT=$SCN_TMP/stdout STDERR=$SCN_TMP/stderr
: >"$STDOUT"
: >"$STDERR"
trap 'rm -rf "$SCN_TMP"' EXIT
scn_mark "scenario $SCENARIO phase $PHASE"
printf 'VLU-PHASE scenario=%s phase=%s\n' "$SCENARIO" "$PHASE"
# shellcheck source=/dev/null
. "$1"
scn_places
[ "$PHASE" = 1 ] || pass "arrived in phase $PHASE"
"phase_$PHASE"
[ "$PHASE" = "${PHASES:-1}" ] || [ "$scn_fail" != 0 ] || fail "phase $PHASE" "ended without a jump"
scn_failed=$scn_fail
scn_result
[ "$scn_failed" = 0 ]
