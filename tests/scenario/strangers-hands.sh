# shellcheck shell=sh
# An ordinary user can do nothing with the files and the socket, even if that user made the directory first.
TIERS="vm"
PHASES=1
DEVICES="e1000e"

as_nobody() { /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

phase_1() {
	run 0 bind "$DEV1"
	run 0 preserve "$DEV1"
	check_that "modes" test "$(stat -c '%a %u' /run/vfio-lu /run/vfio-lu/holder /run/vfio-lu/lock \
		/var/lib/vfio-lu /var/lib/vfio-lu/vfio-lu.json | tr '\n' ' ')" = "700 0 600 0 600 0 700 0 600 0 "

	say "The user nobody cannot connect,"
	run_cmd 1 as_nobody hammer /run/vfio-lu/holder 1 1 vfio-lu
	err "Permission denied"
	run_as_nobody 0 status
	err "can be seen by root only"
	for command in "preserve $DEV1" release restore finish hold kexec "unbind $DEV1"; do
		# shellcheck disable=SC2086 # words
		run_as_nobody 1 $command
		err "must be run as root"
	done
	run_cmd 1 as_nobody cat /run/vfio-lu/vfio-lu.json
	run_cmd 1 as_nobody cat /var/lib/vfio-lu/vfio-lu.json

	say "not even through a directory that is open to all: the holder checks the user."
	chmod 755 /run/vfio-lu
	chmod 666 /run/vfio-lu/holder
	run_cmd 1 as_nobody hammer /run/vfio-lu/holder 20 1 vfio-lu
	run 0 status
	out "$DEV1  preserved"
	run 0 release

	say "Links that another user made before are not followed."
	rm -rf /run/vfio-lu /var/lib/vfio-lu
	mkdir -m 777 /tmp/trap
	echo precious >/tmp/precious
	ln -s /tmp/trap /run/vfio-lu
	run 1 preserve "$DEV1"
	err "cannot make /run/vfio-lu"
	rm /run/vfio-lu
	ln -s /tmp/trap /var/lib/vfio-lu
	run 0 preserve "$DEV1"
	err "the session contains its manifest"
	check_that "nothing was written through them" test -z "$(ls -A /tmp/trap)"
	run 0 release
	rm /var/lib/vfio-lu

	mkdir -m 700 /run/vfio-lu /var/lib/vfio-lu
	for name in vfio-lu.json .vfio-lu.json.new holder; do
		ln -s /tmp/precious /run/vfio-lu/$name
		ln -s /tmp/precious /var/lib/vfio-lu/$name
	done
	run 0 preserve "$DEV1"
	check_that "a link in the place of a file is replaced, not followed" test "$(cat /tmp/precious)" = precious
	check_that "by a file" test -f /var/lib/vfio-lu/vfio-lu.json -a ! -L /var/lib/vfio-lu/vfio-lu.json
	run 0 release
	rm -rf /run/vfio-lu/* /run/vfio-lu/.v* /var/lib/vfio-lu
	ln -s /tmp/precious /run/vfio-lu/lock
	run 1 preserve "$DEV1"
	err "cannot take /run/vfio-lu/lock: Too many levels of symbolic links"
	rm -rf /run/vfio-lu

	say "A directory of another user is not used."
	mkdir -m 700 /run/vfio-lu
	chown 65534 /run/vfio-lu
	run 1 preserve "$DEV1"
	err "cannot make /run/vfio-lu: Operation not permitted"
	rm -rf /run/vfio-lu
	run 0 status
	out "no sessions"
}
