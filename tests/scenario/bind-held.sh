# shellcheck shell=sh
# A disk that the kernel has open exclusively, which no file shows: bind opens each disk right before its driver loses
# the device, and then changes nothing.
TIERS="fake"
PHASES=1
DEVICES="nvme nvme"

# Adds a disk to a function. The fake kernel reads the node's content.
disk() { # BDF NAME NUMBER [SAYS]
	scn_at=$(readlink -f "$SCN_ROOT/sys/bus/pci/devices/$1")/nvme/${2%n1*}/$2
	mkdir -p "$scn_at" "$SCN_ROOT/sys/class/block"
	echo "$3" >"$scn_at/dev"
	ln -sfn "../../..${scn_at#"$SCN_ROOT"}" "$SCN_ROOT/sys/class/block/$2"
	[ "${4-}" = gone ] || printf '%s' "${4-}" >"$SCN_ROOT/dev/$2"
}

phase_1() {
	disk "$DEV1" nvme8n1 259:9
	disk "$DEV1" nvme8n1p1 259:10 held
	disk "$DEV2" nvme9n1 259:11
	run 0 bind --dry-run "$DEV1" "$DEV2"
	out "$DEV1: verify that nothing has /dev/nvme8n1p1 open exclusively"
	run 3 bind "$DEV1"
	err "$DEV1: in use: the kernel has /dev/nvme8n1p1 open exclusively"
	# --force does not override this.
	run 3 bind --force "$DEV1"
	err "$DEV1: in use: the kernel has /dev/nvme8n1p1 open exclusively"
	check_that "its driver still has it" test "$(driver_of "$DEV1")" = nvme
	check_that "and no override is left" test "$(cat "$SCN_ROOT/sys/bus/pci/devices/$DEV1/driver_override")" = "(null)"
	# The undo writes back the rule that an administrator changed.
	rule=$SCN_ROOT/etc/udev/rules.d/05-vfio-lu-$DEV1.rules
	mkdir -p "${rule%/*}"
	echo "# changed" >"$rule"
	run 3 bind --persist "$DEV1"
	check_that "the changed rule is back" grep -qx "# changed" "$rule"
	rm "$rule"
	run 3 bind --persist "$DEV1"
	check_that "no rule is left" test ! -e "$rule"
	printf free >"$SCN_ROOT/dev/nvme8n1p1"
	run 0 bind "$DEV1"

	# If the disk cannot be opened, its use is unknown.
	rm "$SCN_ROOT/dev/nvme9n1"
	run 3 bind "$DEV2"
	err "$DEV2: vfio-lu cannot see whether it is in use: /dev/nvme9n1 cannot be opened: No such file or directory"
	err "or --force"
	check_that "nothing was changed" test "$(driver_of "$DEV2")" = nvme
	run 0 bind --force "$DEV2"
	err "vfio-lu cannot see whether it is in use"
	check_that "--force binds it" test "$(driver_of "$DEV2")" = vfio-pci
}
