# shellcheck shell=sh
# If /var/lib is missing, read-only or full, preserve warns and continues. If /run is full, preserve fails and changes
# nothing.
TIERS="vm"
PHASES=2
DEVICES="e1000e edu"

goes_on() { # WHY
	run 0 preserve "$DEV1"
	err "cannot write /var/lib/vfio-lu/vfio-lu.json: $1; nothing is lost, since the session contains its manifest"
	run 0 status
	out "$DEV1  preserved"
	run 0 release
}

fill() { # DIRECTORY, a file system of its own
	dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null
	n=0
	while touch "$1/fill.$n" 2>/dev/null && [ $n -lt 2000 ]; do n=$((n + 1)); done
}

phase_1() {
	run 0 bind "$DEV1" "$DEV2"

	say "/var/lib/vfio-lu is full."
	mkdir -p /var/lib/vfio-lu
	mount -t tmpfs -o size=4k,nr_inodes=4,mode=700 tmpfs /var/lib/vfio-lu
	fill /var/lib/vfio-lu
	goes_on "No space left on device"
	umount /var/lib/vfio-lu

	say "/var/lib is read-only."
	rm -rf /var/lib/vfio-lu
	mount -t tmpfs -o ro tmpfs /var/lib
	goes_on "Read-only file system"
	umount /var/lib

	say "/var/lib is not there."
	umount /var/lib
	mv /var/lib /var/other
	goes_on "No such file or directory"
	mv /var/other /var/lib

	say "/run/vfio-lu is full before anything is held."
	mkdir -p /run/vfio-lu
	mount -t tmpfs -o size=4k,nr_inodes=4,mode=700 tmpfs /run/vfio-lu
	fill /run/vfio-lu
	run 1 preserve "$DEV1"
	err "No space left on device"
	run 0 status
	out "no sessions"
	umount /run/vfio-lu

	say "The same while a session is held: that session does not change."
	mount -t tmpfs -o size=64k,mode=700 tmpfs /run/vfio-lu
	run 0 preserve "$DEV1"
	fill /run/vfio-lu
	run 1 preserve "$DEV2"
	err "cannot write /run/vfio-lu/vfio-lu.json: No space left on device"
	run 0 status
	out "$DEV1  preserved"
	out_not "$DEV2"
	rm /run/vfio-lu/fill*
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run_jump kexec
}

phase_2() {
	run 0 restore
	out "$DEV1  retrieved"
	run 0 finish
}
