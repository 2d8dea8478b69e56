# shellcheck shell=sh
# A user who cannot see the process that uses a device is told that the answer is not complete.
TIERS="fake"
DEVICES="edu"

phase_1() {
	run 0 bind "$DEV1"
	start_standin "open=$DEV1"
	unseen="could not read the open files of all processes, so a process may use a device; only root can see that"

	run 3 check "$DEV1"
	out "not-in-use"
	err_not "could not read"
	run 3 --json check "$DEV1"
	out '"complete": true'
	out_not '"code": "unseen"'

	# The verdict stays, since the kernel refuses the device before anything is lost.
	run_as_nobody 0 check "$DEV1"
	out "preservable"
	err "$unseen"
	run_as_nobody 0 --json check "$DEV1"
	out '"complete": false'
	out '"code": "unseen"'
	run_as_nobody 3 --json check --vms
	out '"complete": false'
	err_not "so a process may use a device"
	end_process "$standin"

	# The holder, which this user cannot ask
	run 0 preserve "$DEV1"
	run 0 --json check "$DEV1"
	out '"complete": true'
	run_as_nobody 0 --json check "$DEV1"
	out '"complete": false'
}
