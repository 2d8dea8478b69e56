# shellcheck shell=sh
# What a scenario's vocabulary means on the fake machine, where it differs from tests/scenario/lib.sh.
# run.sh has it read after that and before the scenario.

# The fake kernel has a log of its own: all that it said, whatever it shows of that.
scn_klog() { # yes|no TEXT
	sed -n 's/^[0-9]*,[0-9]*,[0-9]*,[^;]*;//p' "$FAKE_MACHINE/kmsg" >"$SCN_TMP/klog"
	scn_before=$scn_last
	scn_last="phase $PHASE"
	scn_grep "$1" "$SCN_TMP/klog" "the kernel log" fixed "$2"
	scn_last=$scn_before
}

# The program itself refuses who is not root, and the fake has no say in that: the real one, harmless like this.
# What an ordinary user may ask is asked of the fake machine, whose idea of who is root is its own.
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

# manager, hammer, standin; what calls vfio-lu by its name; the examples
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

# What is in the tree of modules, the kernel of the machine knows by name.
modprobe() { fake module "$1"; }

# To the kernel itself: "irq BDF msi", "power BDF D3hot", "vanish BDF".
fake() { "$BUILD/fake-kernel" ctl "$FAKE_MACHINE" "$@"; }
