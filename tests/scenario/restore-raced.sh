# shellcheck shell=sh
# A driver comes after restore has looked and before it acts, as they do while a host boots: it is looked at anew.
TIERS="fake vm"
PHASES=2
DEVICES="e1000e"

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	check_that "no driver has it" test -z "$(driver_of "$DEV1")"
	if in_vm; then
		mkdir -p /etc/modprobe.d
		echo "softdep vfio-pci pre: e1000e" >/etc/modprobe.d/local.conf
	else
		fake brings vfio-pci e1000e
	fi
	run 0 restore
	out "$DEV1  bound to vfio-pci"
	out "$DEV1  retrieved from session vfio-lu"
	run 0 finish
}
