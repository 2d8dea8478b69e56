# shellcheck shell=sh disable=SC2034
# The time for which devices are away, first one and then sixteen, agrees with a process that reads the devices. In the
# second update, the manifest on the disk is lost.
TIERS="vm"
PHASES=3
DEVICES="edu edu edu edu edu edu edu edu edu edu edu edu edu edu edu edu"
TIMEOUT=240

all() { for scn_n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do dev $scn_n; done; }

leave() { # BDF...
	keep calibrate "$(stopwatch now)"
	run 0 preserve "$@"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	# shellcheck disable=SC2046 # words
	keep rate "$(rate $(kept calibrate) $(stopwatch now))"
	stopwatch config "$DEV1" "$KEPT/read" &
	check_that "the device is read" soon test -s "$KEPT/read"
	keep called "$(stopwatch now)"
	run_jump kexec
}

# Prints the ticks of the counter in a millisecond.
rate() { # COUNTER MS COUNTER MS
	echo $((($3 - $1) / ($4 - $2)))
}

# Compares the last read of the device under the previous kernel with the first read of all devices under this one.
arrive() { # BDF...
	read_last=$(sed 's/^0*//' "$KEPT/read")
	run 0 restore
	for scn_bdf; do fds="${fds:-} {$scn_bdf}"; done
	# shellcheck disable=SC2086 # words
	run 0 run -- stopwatch vmm '{iommufd}' $fds
	read_first=$(grep -x '[0-9]*' "$STDOUT")
	run 0 finish
	run 0 timeline
	run 0 timeline --json
	watched=$(((read_first - read_last) / $(kept rate)))
	called=$(kept called)
	most=$(((read_first - ${called% *}) / $(kept rate)))
	away=$(sed -n 's/^ *"away_s": \([0-9]*\)\.\([0-9]\{3\}\).*/\1\2/p' "$STDOUT" | head -n 1 | sed 's/^0*//')
	say "away for $away ms; the reader could not read for $watched ms; kexec was called $most ms before"
	check_that "it is not longer than from kexec to the first read" test "$away" -le $((most + 10))
	# the disk may be slow, so some time may pass between the last recorded read and the end
	check_that "and as long as the gap of the reader" within $((watched / 10 + 1000)) "$away" "$watched"
	check_that "the phases add up to the whole time" phases_add_up
	check_that "each device is there" test "$(sed -n '1,/^    },*$/p' "$STDOUT" | grep -c '"bdf"')" = $#
	check_that "nothing is missing" sh -c "sed -n '/missing/,/]/p' $STDOUT | sed -n 2p | grep -q ']'"
}

within() { # TOLERANCE A B
	[ $(($2 - $3)) -le "$1" ] && [ $(($3 - $2)) -le "$1" ]
}

# For the newest update, to two hundredths of a second
phases_add_up() {
	awk '/"seconds":/ && !whole { whole = $2 + 0; next }
		/"seconds":/ && !done { sum += $2 }
		/"devices":/ { done = 1 }
		END { exit !(whole > 0 && sum > whole * 0.98 && sum < whole * 1.02) }' "$STDOUT"
}

phase_1() {
	# shellcheck disable=SC2046 # words
	run 0 bind $(all)
	leave "$DEV1"
}

phase_2() {
	arrive "$DEV1"
	# shellcheck disable=SC2046
	run 0 bind $(all)
	# shellcheck disable=SC2046
	leave $(all)
}

phase_3() {
	rm /var/lib/vfio-lu/vfio-lu.json
	# shellcheck disable=SC2046
	arrive $(all)
	check_that "both updates are there" test "$(ls /var/lib/vfio-lu/updates | wc -l)" = 2
}
