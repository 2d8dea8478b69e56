# shellcheck shell=sh
# vfio-lu is killed at ten points of a bind and of an unbind. The repeated command completes the work.
TIERS="fake vm"
NO_CALLS="killed each time at another place"
PHASES=1
DEVICES="nvme nvme nvme edu nvme edu e1000e nvme"
TIMEOUT=400

ALL="1 2 3 4 5 6 7 8"
bdfs() { for scn_n in $ALL; do dev "$scn_n"; done; }
override_of() { cat "${SCN_ROOT:-}/sys/bus/pci/devices/$1/driver_override"; }
drivers() { for scn_n in $ALL; do echo "$(dev "$scn_n") $(driver_of "$(dev "$scn_n")")"; done; }
# The files that a bind leaves and an unbind removes.
leftovers() {
	for scn_n in $ALL; do
		[ "$(override_of "$(dev "$scn_n")")" = "(null)" ] || echo "override of $(dev "$scn_n")"
	done
	find "${SCN_ROOT:-}/run/vfio-lu" -name 'driver-*'
}

# The calls of a whole run; killed is one of those from the first that changes something to the last.
trace() { # COMMAND
	if in_vm; then
		# shellcheck disable=SC2046 # words
		strace -qq -o "$SCN_TMP/all" vfio-lu "$1" $(bdfs) >/dev/null
		# Counts only calls whose number does not depend on timing.
		sed -n 's/^\(openat2\|readlink\|clone\|renameat\|unlinkat\)(.*/\1/p' "$SCN_TMP/all" >"$SCN_TMP/$1"
		first=$(grep -n -m 1 'clone\|renameat' "$SCN_TMP/$1" | cut -d: -f1)
		last=$(wc -l <"$SCN_TMP/$1")
	else
		# shellcheck disable=SC2046
		FAKE_CALLS=$SCN_TMP/all "$VFIO_LU" "$1" $(bdfs) >/dev/null
		first=$(sed -n 's/^first //p' "$SCN_TMP/all")
		last=$(sed -n 's/^calls //p' "$SCN_TMP/all")
	fi
}

kill_at() { # CALL COMMAND
	if in_vm; then
		name=$(sed -n "$1p" "$SCN_TMP/$2")
		nth=$(head -n "$1" "$SCN_TMP/$2" | grep -c "^$name\$")
		tries=0
		# shellcheck disable=SC2046
		until strace -qq -o /dev/null -e "inject=$name:signal=KILL:when=$nth" vfio-lu "$2" $(bdfs) >/dev/null 2>&1
		[ $? = 137 ]; do
			# This run made fewer calls, since fewer processes exist, and so it completed.
			[ $tries -lt 20 ] || return 1
			tries=$((tries + 1)) nth=$((nth - 1))
			case $2 in
			bind) vfio-lu unbind $(bdfs) >/dev/null ;;
			unbind) vfio-lu bind $(bdfs) >/dev/null ;;
			esac
		done
		return 0
	else
		# shellcheck disable=SC2046
		FAKE_KILL=$1 "$VFIO_LU" "$2" $(bdfs) >/dev/null 2>&1
	fi
	[ $? = 137 ]
}

# Prints how many devices are bound to vfio-pci.
moved() { drivers | grep -c vfio-pci; }

# shellcheck disable=SC2046
phase_1() {
	run 0 bind "$DEV1" # loads the module
	run 0 unbind "$DEV1"
	before=$(drivers)
	trace bind
	bound=$(drivers)
	check_that "it was bound" test "$(moved)" = 8
	bind_first=$first bind_last=$last
	trace unbind
	check_that "and unbound" test "$(drivers)" = "$before"
	places=''
	for point in 0 1 2 3 4 5 6 7 8 9; do
		at=$((bind_first + point * (bind_last - bind_first) / 10))
		check_that "bind killed at call $at of $bind_last" kill_at $at bind
		places="$places $(moved)"
		run 0 bind $(bdfs)
		check_that "all are bound" test "$(drivers)" = "$bound"
		case $point in
		1 | 3 | 5 | 7 | 9)
			at=$((first + point * (last - first) / 10))
			check_that "unbind killed at call $at of $last" kill_at $at unbind
			;;
		esac
		run 0 unbind $(bdfs)
		check_that "each has its driver again" test "$(drivers)" = "$before"
		check_that "no file is left" test -z "$(leftovers)"
	done
	say "with vfio-pci when bind was killed:$places"
	check_that "the kills were at different places" test "$(echo $places | tr ' ' '\n' | sort -u | wc -l)" -ge 3
}
