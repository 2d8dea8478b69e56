# shellcheck shell=sh
# Executes fixes that cannot be tested in the virtual machine. Its kernel has no securityfs, which needs
# CONFIG_SECURITY_LOCKDOWN_LSM and signed modules, and QEMU has no VMD controller, nor another function with a host
# bridge below it.
TIERS="fake"
PHASES=1
DEVICES="vmd"

lockdown() { # EXPRESSION: of the check
	run 3 check --json "$DEV1"
	check_that "lockdown: $1" jq -e ".host.checks[] | select(.id == \"lockdown\") | $1" "$STDOUT"
}
# What mount(8) and securityfs do.
mount() {
	[ "$*" = "-t securityfs securityfs /sys/kernel/security" ] || return 32
	cp "$SCN_TMP/lockdown" "$SCN_TMP/lsm" "$SECURITY/"
}
execute() { # EXPRESSION that gives the words
	scn_words=$(jq -r "$1 | @sh" "$STDOUT")
	eval "set -- $scn_words"
	if [ "${1:-}" = vfio-lu ]; then
		shift
		run 0 "$@"
	else
		run_cmd 0 "$@"
	fi
}

phase_1() {
	SECURITY=$SCN_ROOT/sys/kernel/security
	say "1. securityfs is not mounted, and no configuration says that there is no lockdown."
	rm "$SCN_ROOT/proc/config.gz"
	mv "$SECURITY/lockdown" "$SCN_TMP/"
	echo "lockdown,capability" >"$SCN_TMP/lsm"
	lockdown '.result == "unknown" and .fix_argv[0] == "mount"'
	execute '.host.checks[] | select(.id == "lockdown") | .fix_argv'
	lockdown '.result == "pass" and .fix_argv == null'
	say "2. It is mounted and has no lockdown: the fix does not mount it again."
	rm "$SECURITY/lockdown"
	lockdown '.result == "pass" and .fix_argv == null'
	say "3. This kernel has no such directory: a mount would fail."
	rm -r "$SECURITY"
	lockdown '.result == "unknown" and .fix_argv == null'

	say "4. A disk behind a controller is bound to vfio-pci: it must be unbound first."
	run 0 bind 10000:e1:00.0
	check_that "the disk is taken" taken_by vfio-pci 10000:e1:00.0
	run 3 bind --json "$DEV1"
	check_that "the controller is in use" jq -e '.error | .code == "in-use" and
		.fix_argv == ["vfio-lu", "unbind", "10000:e1:00.0"]' "$STDOUT"
	execute .error.fix_argv
	check_that "the disk is given back" soon taken_by nvme 10000:e1:00.0
	run 0 bind --json "$DEV1"
	check_that "the controller is taken" taken_by vfio-pci "$DEV1"
}
