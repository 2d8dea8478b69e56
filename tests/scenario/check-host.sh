# shellcheck shell=sh
# The kernel confirms the checks of a host.
TIERS="vm"
PHASES=2
DEVICES="edu e1000e"
TIMEOUT=240

unbind_waits() { [ -d "/proc/$1" ] && dmesg | grep -q "blocked until released by user"; }

phase_1() {
	run 0 bind "$DEV1" "$DEV2"
	run 0 check -v
	for id in kho-built kho-enabled luo-built luo-enabled luo-device luo-opener vfio-cdev iommufd iommu-on vfio-handler \
		no-zdev-kvm vfio-handler-early kexec-file kexec-not-disabled lockdown image-loaded image-hands-over scratch-fits \
		no-pending-unbind systemd-luo exitrd debugfs; do
		out_re "^  $id  *pass"
	done
	out "no kernel is loaded yet"
	run_as_nobody 0 check
	out_not "luo-opener"
	run_as_nobody 0 check -v
	out_re "luo-opener  *unknown"
	out_re "no-pending-unbind  *unknown"
	out_re "debugfs  *unknown"

	say "a process has /dev/liveupdate open"
	(exec 9</dev/liveupdate && exec sleep 1000) &
	opener=$!
	# The shell becomes sleep, with the file open.
	soon file_has "/proc/$opener/comm" sleep
	run 0 check
	out "process $opener (sleep) has /dev/liveupdate open"
	run 5 preserve --timeout 1 "$DEV1"
	kill $opener
	wait $opener
	run 0 check
	out_not "luo-opener"

	say "an image that kexec_load() loaded"
	run_cmd 0 kexec -c -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	run 4 check
	out "image-hands-over"
	out "nothing is handed over to a kernel that kexec_load() loaded"
	run 0 preserve "$DEV1"
	run 3 kexec
	run 0 load "$KERNEL" --initrd "$INITRD"
	run 0 check -v
	out_re "image-hands-over  *pass: a kernel is loaded, and kexec_file_load() loaded the last one of vfio-lu load"

	say "an unbind of a preserved device waits; no signal ends the wait"
	sh -c "echo $DEV1 >/sys/bus/pci/drivers/vfio-pci/unbind" &
	unbind=$!
	check_that "the unbind waits" soon unbind_waits $unbind
	run 4 check
	out "task $unbind (sh) is unbinding or removing a device (/sys/bus/pci/drivers/vfio-pci/unbind)"
	run 4 kexec
	err "no-pending-unbind"
	kill -9 $unbind
	usleep 500000
	check_that "a signal does not end it" unbind_waits $unbind
	run 4 check
	out "no-pending-unbind"
	run 0 release
	check_that "it ends with the session" soon gone $unbind
	run 0 check
	out_not "no-pending-unbind"

	say "no kernel may be loaded any more"
	run_cmd 0 kexec -s -u
	run 0 check
	out "image-loaded"
	# as after a boot; the kernel itself does not tell one image from another
	rm /run/vfio-lu/loaded
	load_raw "$(next_cmdline) kho=off intel_iommu=off"
	echo 1 >/proc/sys/kernel/kexec_load_disabled
	run 4 check
	out "kernel.kexec_load_disabled is 1"
	run 4 load "$KERNEL" --initrd "$INITRD"
	err "kexec-not-disabled"
	run_cmd 255 kexec -s -l "$KERNEL" "--initrd=$INITRD" "--command-line=$(next_cmdline)"
	scn_before_jump
	kexec -e
	fail "kexec -e" "returned"
}

phase_2() {
	run 4 check
	out "kho=off on the command line turns it off"
	out "/dev/liveupdate does not exist"
	out "the IOMMU is off: intel_iommu=off on the command line"
	check_that "the kernel agrees: no groups" sh -c '! ls /sys/kernel/iommu_groups | grep -q .'
	check_that "the kernel agrees: no device" test ! -e /dev/liveupdate
}
