# shellcheck shell=sh
# Devices join and leave a session one by one; running a command twice has the same effect as running it once.
TIERS="fake vm"
PHASES=1
DEVICES="e1000e edu edu"

phase_1() {
	run 3 preserve "$DEV1"
	err "driver-vfio-pci"
	run 0 bind "$DEV1" "$DEV2" "$DEV3"
	run 0 bind "$DEV1"
	out "already bound to vfio-pci"

	run 0 preserve "$DEV1" --session vm-1
	run 0 preserve "$DEV1" --session vm-1
	out "already preserved in session vm-1"
	run 0 preserve "$DEV2" --session vm-1
	run 3 preserve "$DEV2" --session vm-2
	err "already in session vm-1 (held); first: vfio-lu release --session vm-1 $DEV2"
	run 0 preserve "$DEV3" --session vm-2
	run 0 status
	out "vm-1"
	out "vm-2"

	# The kernel would wait without end.
	run 3 unbind "$DEV2"
	err "in session vm-1 (held), an unbind would hang; first: vfio-lu release --session vm-1 $DEV2"
	run 3 unbind --json "$DEV2"
	out '"session": "vm-1"'

	# A mistyped address: nothing is released.
	run 3 release "$DEV1" 0000:7f:00.0 --session vm-1
	err "0000:7f:00.0: no such PCI device"
	run 0 status
	out "$DEV1  preserved"
	run 0 release "$DEV1" --session vm-1
	out "$DEV1  no longer preserved"
	run 0 status
	out_not "$DEV1"
	out "$DEV2  preserved"
	run 0 unbind "$DEV1"
	run 0 release "$DEV1" --session vm-1
	out "already outside session vm-1"

	# A pattern selects the matching devices of the session. A pattern without a match is an error.
	run 0 bind "${DEV1%?}*"
	run 0 preserve "${DEV1%?}*" "$DEV2" --session vm-1
	run 0 release --dry-run "${DEV3%?}*" "${DEV2%?}*" --session vm-1
	out_not "$DEV3: "
	run 3 release 0000:7f:* --session vm-1
	err "0000:7f:*: no function except bridges matches this pattern"
	run 0 release "${DEV1%?}*" --session vm-1
	run 0 release "${DEV1%?}*" --session vm-1
	out "$DEV1  already outside session vm-1"

	run 0 release --session vm-1
	run 3 release --session vm-1
	err "there is no session vm-1; the sessions are: vm-2"
	run 0 release --session vm-2
	run 0 status
	out "no sessions"
	run 3 release 0000:7f:00.0
	err "0000:7f:00.0: no such PCI device"
	klog_not "WARNING"
	run 0 unbind "$DEV1" "$DEV2" "$DEV3"
	run 0 unbind "$DEV2"
	out "already unbound from vfio-pci"
}
