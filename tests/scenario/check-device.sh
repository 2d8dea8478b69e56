# shellcheck shell=sh
# The kernel confirms the checks of a device: if a check fails, the kernel refuses the device.
# proof: exists pass
# proof: endpoint pass
# proof: not-vf pass
# proof: pf-without-vfs pass
# proof: driver-vfio-pci pass
# proof: driver-not-variant pass
# proof: cdev pass
# proof: iommu-group pass
# proof: group-singleton pass
# proof: upstream-acs pass
# proof: not-intel-display pass
# proof: power-d0 pass
# proof: interrupts-off pass
# proof: not-in-use pass
# proof: not-already-preserved pass
# proof: not-incoming pass
# proof: reset-method pass
# proof: endpoint fail
# proof: not-vf fail
# proof: pf-without-vfs fail
# proof: driver-vfio-pci fail
# proof: driver-not-variant fail
# proof: cdev fail
# proof: group-singleton fail
# proof: power-d0 fail
# proof: interrupts-off fail
# proof: not-in-use fail
# proof: not-already-preserved fail
# proof: not-incoming fail
TIERS="vm"
PHASES=2
DEVICES="edu+e1000e edu virtio-net nvme-sriov e1000e edu edu"

# shellcheck disable=SC2154 # the names come from elsewhere
says() { # RESULT BDF ID [TEXT]
	vfio-lu check --json "$2" >"$SCN_TMP/json" 2>/dev/null || :
	keep_json "check $2" "$SCN_TMP/json"
	scn_last="check $2: $3"
	row=$(tr '\n' ' ' <"$SCN_TMP/json" | sed 's/[{}]/\n/g' | grep "\"id\": *\"$3\"")
	case $row in
	*"\"result\": \"$1\""*"${4:-}"* | *"\"result\":\"$1\""*"${4:-}"*) pass "$scn_last: $1${4:+ ($4)}" ;;
	*) fail "$scn_last" "not $1${4:+ ($4)}: $row" ;;
	esac
}

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	WHO=0
	holder 0
	load_vfio
	modprobe virtio-vfio-pci
	modprobe e1000e

	# group-singleton: a function next to it with a driver of its own
	take "$DEV1"
	must cdev d1 "$DEV1"
	must open i /dev/iommu
	says fail "$DEV1" group-singleton "(driver e1000e)"
	fact "group-singleton: the kernel does not bind it either" EPERM bind d1 i
	must close d1
	run 0 bind "$DEV2"
	says warn "$DEV1" group-singleton "(driver vfio-pci)"
	must cdev d1 "$DEV1"
	fact "group-singleton: with vfio-pci next to it, it does" 0 bind d1 i

	# driver-not-variant
	TAKE=virtio_vfio_pci take "$DEV4"
	says fail "$DEV4" driver-not-variant virtio_vfio_pci
	must open luo /dev/liveupdate
	must create s luo vm1
	must cdev v "$DEV4"
	must bind v i
	fact "driver-not-variant: the kernel preserves no file of it" ENOENT preserve s v 1
	must close v

	# cdev: the kernel has it, but the node does not exist
	take "$DEV2"
	name=$(ls "/sys/bus/pci/devices/$DEV2/vfio-dev")
	mv "/dev/vfio/devices/$name" "$SCN_TMP/node"
	says fail "$DEV2" cdev "/dev/vfio/devices/$name does not exist"
	run 3 preserve "$DEV2"
	err "/dev/vfio/devices/$name does not exist"
	fact "cdev: there is nothing to open" ENOENT cdev d2 "$DEV2"
	mv "$SCN_TMP/node" "/dev/vfio/devices/$name"
	says pass "$DEV2" cdev

	# not-vf, pf-without-vfs
	take "$DEV5"
	says pass "$DEV5" pf-without-vfs
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	must cdev pf "$DEV5"
	must bind pf i
	echo 1 >"/sys/bus/pci/devices/$DEV5/sriov_numvfs"
	must vftoken pf
	says warn "$DEV5" pf-without-vfs "1 virtual functions"
	vf=$(readlink "/sys/bus/pci/devices/$DEV5/virtfn0")
	vf=${vf##*/}
	[ "$(driver_of "$vf")" = vfio-pci ] || take "$vf"
	says fail "$vf" not-vf
	must cdev vf "$vf"
	must bind vf i token
	fact "not-vf: the kernel preserves none" ENOENT preserve s vf 5
	fact "pf-without-vfs: it does preserve the PF, so it is a warning" 0 preserve s pf 6
	must close vf

	# not-in-use, not-already-preserved: another process has it
	take "$DEV7"
	says pass "$DEV7" not-in-use
	says pass "$DEV7" not-already-preserved
	holder 1
	WHO=1
	must open i /dev/iommu
	must cdev d7 "$DEV7"
	must bind d7 i
	says fail "$DEV7" not-in-use "(facts) has its vfio file open"
	run 3 preserve "$DEV7"
	err "has its vfio file open"
	WHO=0
	must cdev d7 "$DEV7"
	fact "not-in-use: a second file cannot be bound" EINVAL bind d7 i
	must close d7
	WHO=1
	must close d7
	WHO=0
	must cdev d7 "$DEV7"
	must bind d7 i
	must preserve s d7 7
	says fail "$DEV7" not-already-preserved "has session vm1 open"
	must create s2 luo vm2
	fact "not-already-preserved: not a second time" EBUSY preserve s2 d7 7
	must close s2
	must close luo

	# interrupts-off, power-d0: if they fail, the kernel does not freeze the device
	take "$DEV6"
	must cdev d6 "$DEV6"
	must bind d6 i
	must open luo /dev/liveupdate
	must preserve s d6 8
	load_raw
	says unknown "$DEV6" interrupts-off "does not show all of them"
	for index in 0 1 2; do
		must irq d6 $index on
		says fail "$DEV6" interrupts-off "is in /proc/interrupts"
		fact "interrupts-off: the kernel does not jump ($index)" EINVAL kexec
		log_has "interrupts-off: and says why" "vfio-pci $DEV6: Freeze failed! Interrupts are still enabled."
		must irq d6 $index off
	done
	says pass "$DEV6" power-d0
	must power d6 3
	says fail "$DEV6" power-d0 D3hot
	fact "power-d0: the kernel does not jump" EINVAL kexec
	log_has "power-d0: and says why" "vfio-pci $DEV6: Freeze failed! Device not in D0 state."
	must power d6 0
	says pass "$DEV6" power-d0

	# endpoint: vfio-pci does not take a bridge
	says fail "$PORT8" endpoint
	echo "$PORT8" >"/sys/bus/pci/devices/$PORT8/driver/unbind"
	echo vfio-pci >"/sys/bus/pci/devices/$PORT8/driver_override"
	echo "$PORT8" >/sys/bus/pci/drivers_probe 2>/dev/null || :
	is_not "endpoint: vfio-pci does not take a bridge" test "$(driver_of "$PORT8")" = vfio-pci
	echo >"/sys/bus/pci/devices/$PORT8/driver_override"
	echo "$PORT8" >/sys/bus/pci/drivers_probe

	# driver-vfio-pci: without vfio-pci there is no file
	says fail "$DEV8" driver-vfio-pci "no driver"
	is_not "driver-vfio-pci: without it there is no file" test -e "/sys/bus/pci/devices/$DEV8/vfio-dev"

	# A device that no process has: all checks pass, and it can be preserved.
	take "$DEV8"
	# A user without rights gets no worse verdict: facts that this user cannot see do not count.
	run_as_nobody 0 check "$DEV8"
	err "a process may use a device; only root can see that"
	for id in exists endpoint not-vf pf-without-vfs driver-vfio-pci driver-not-variant responds cdev iommu-group \
		group-singleton upstream-acs not-intel-display power-d0 interrupts-off not-in-use \
		not-already-preserved not-incoming reset-method; do
		says pass "$DEV8" $id
	done
	must cdev d8 "$DEV8"
	must bind d8 i
	fact "all pass: it can be preserved" 0 preserve s d8 9
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	modprobe e1000e
	[ "$(driver_of "$DEV8")" = vfio-pci ] || take "$DEV8"
	# pf-without-vfs: the loss that it warns about
	is_not "the VF did not cross the jump" test -e "/sys/bus/pci/devices/$DEV5/virtfn0"
	says fail "$DEV8" not-incoming "previous kernel preserved it"
	fact "not-incoming: the kernel does not open it" EBUSY cdev d8 "$DEV8"
	take "$DEV5" "$DEV6" "$DEV7"
	must open luo /dev/liveupdate
	must open i /dev/iommu
	must session s luo vm1
	for pair in "pf 6" "d7 7" "d6 8" "d8 9"; do
		# shellcheck disable=SC2086 # words
		set -- $pair
		must retrieve "$1" s "$2"
		must bind "$1" i
	done
	fact "all four came over" 0 finish s
	says pass "$DEV8" not-incoming
	must close d8
	must cdev d8 "$DEV8"
	fact "not-incoming: and then the kernel does" 0 bind d8 i
}
