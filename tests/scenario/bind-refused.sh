# shellcheck shell=sh
# bind finds and names all reasons to refuse before it changes anything. --force overrides those that do not harm the
# host.
TIERS="fake vm"
PHASES=1
DEVICES="edu+e1000e+nvme nvme e1000e"

phase_1() {
	modprobe e1000e
	check_that "the drivers are there" test "$(driver_of "$DEV2") $(driver_of "$DEV3")" = "e1000e nvme"

	# Half a group, in which one device has no driver
	run 3 bind "$DEV1"
	err "$DEV1: only a part of IOMMU group"
	err "$DEV2 (driver e1000e), $DEV3 (driver nvme)"
	run 3 bind "$DEV1" "$DEV3"
	err "$DEV3: only a part of IOMMU group"
	err "the host would keep $DEV2 (driver e1000e)"
	err_not "nvme"

	# The devices that could be bound are not bound either.
	run 3 bind "$DEV4" "$DISK_BDF" "$DEV2" "$PORT1" "$DEV5"
	err "$DISK_BDF: in use: "
	err "is mounted on /disk; fix: umount /disk first"
	err "$DEV2: only a part of IOMMU group"
	err "$PORT1: a bridge"
	check_that "each refusal is printed once" test "$(grep -c ': in use\|: only a part of\|: a bridge' "$STDERR")" = 3
	out_empty
	check_that "no driver has changed" test "$(driver_of "$DEV4") $(driver_of "$DEV5")" = "nvme e1000e"

	# --force does not override a use that the host needs.
	run 3 bind --force "$DISK_BDF"
	err "is mounted on /disk; fix: umount /disk first"
	run 3 bind --force "$PORT1"
	err "a bridge"
	check_that "the disk has its driver" test "$(driver_of "$DISK_BDF")" = nvme

	run 0 bind --quiet --force "$DEV1"
	err "DANGEROUS: $DEV1: only a part of IOMMU group"
	check_that "half of it is bound" test "$(driver_of "$DEV1") $(driver_of "$DEV2")" = "vfio-pci e1000e"
	# The rest of a group, some of which is bound already
	run 0 bind "$DEV2" "$DEV3"
	err_not "DANGEROUS"
	run 0 unbind "$DEV1" "$DEV2" "$DEV3"
	check_that "each has its driver" test "$(driver_of "$DEV1") $(driver_of "$DEV2") $(driver_of "$DEV3")" = " e1000e nvme"
	run 0 bind 01:00.*
	run 0 unbind 01:00.*
}
