# shellcheck shell=sh
# Defines the functions of scenarios that differ on the fake machine from those of tests/scenario/lib.sh.
# run.sh reads this file after lib.sh and before the scenario.

# Searches the whole log of the fake kernel, even the part that the kernel does not show.
scn_klog() { # yes|no TEXT
	sed -n 's/^[0-9]*,[0-9]*,[0-9]*,[^;]*;//p' "$FAKE_MACHINE/kmsg" >"$SCN_TMP/klog"
	scn_before=$scn_last
	scn_last="phase $PHASE"
	scn_grep "$1" "$SCN_TMP/klog" "the kernel log" fixed "$2"
	scn_last=$scn_before
}

# The real program is used to test that a user who is not root is refused (exit status 1): it does nothing else then.
# Other commands of an ordinary user run on the fake machine, with FAKE_EUID.
run_as_nobody() { # EXPECTED-STATUS ARGUMENT...
	scn_status=$1
	shift
	export scn_shown="vfio-lu $* (as nobody)"
	if [ "$scn_status" != 1 ]; then
		export FAKE_EUID=65534
		run_cmd "$scn_status" "$VFIO_LU" "$@"
		unset FAKE_EUID
		return
	fi
	chmod 755 "$SCN_TMP"
	cp "$VFIO_LU_REAL" "$SCN_TMP/real"
	if [ "$(id -u)" = 0 ]; then
		run_cmd 1 setpriv --reuid=65534 --regid=65534 --clear-groups "$SCN_TMP/real" "$@"
	else
		run_cmd 1 "$SCN_TMP/real" "$@"
	fi
}

# For manager, hammer and standin, for programs that call vfio-lu by its name, and for the examples.
mkdir "$SCN_TMP/bin"
ln -s "$VFIO_LU" "$SCN_TMP/bin/vfio-lu"
PATH=$SCN_TMP/bin:$BUILD:$EXAMPLES:$PATH
export STANDIN="$BUILD/standin"

next_cmdline() {
	echo "console=ttyS0 kho=on liveupdate=on vlu.phase=$((PHASE + 1))"
}

kexec() {
	"$BUILD/fake-kernel" ctl "$FAKE_MACHINE" spawn kexec "$@"
	scn_kexec=$?
	[ "$scn_kexec" = 90 ] || return "$scn_kexec"
	: >"$KEPT.jumped"
	exit 0
}

# The fake kernel knows the modules by their names.
modprobe() { fake module "$1"; }

# Sends a request to the fake kernel itself: "irq BDF msi", "power BDF D3hot", "vanish BDF".
fake() { "$BUILD/fake-kernel" ctl "$FAKE_MACHINE" "$@"; }
