#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs tiers of tests and adds up their results. Each prints "TIER: N passed, N failed, N skipped" last.
# usage: tests/check.sh fast|full|asan|lint|all
# A skip that is not listed in tests/skips is a failure, so that no tier is skipped unnoticed.
set -u
cd "$(dirname "$0")/.." || exit 1
MAKE=${MAKE:-make}
jobs=$(nproc 2>/dev/null || echo 1)
logs=$(mktemp -d) || exit 1
# A tier in the background does not receive the signals of the keyboard.
leave() {
	for file in "$logs"/*.pid; do [ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null || :; done
	rm -rf "$logs"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
: >"$logs/table"

passed=0 failed=0 skipped=0

# A tier that mostly waits can run while another one computes: start the first, run the second, then wait for the
# first.
begin() { # NAME COMMAND...
	name=$1
	shift
	date +%s >"$logs/$name.began"
	"$@" >"$logs/$name" 2>&1 &
	echo $! >"$logs/$name.pid"
}

end() { # NAME
	name=$1
	log=$logs/$name
	pid=$(cat "$log.pid")
	echo "== $name"
	# Prints the lines as they come; the counts are read from the file.
	tail -n +1 -f --pid="$pid" "$log" 2>/dev/null
	wait "$pid"
	status=$?
	rm "$log.pid"
	seconds=$(($(date +%s) - $(cat "$log.began")))
	line=$(grep -E '^([a-z-]+: )?[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
	if [ -z "$line" ]; then
		echo "$name: no count (exit $status)"
		failed=$((failed + 1))
		printf '%-12s no count, exit %s, %5d s\n' "$name" "$status" "$seconds" >>"$logs/table"
		return
	fi
	line=${line##*: }
	p=${line%% passed*}
	f=${line##*passed, } f=${f%% failed*}
	s=${line##*failed, } s=${s%% skipped*}
	# A tier that fails without a failed test, or that counts no test, has failed.
	if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$p$s" = 00 ]; }; then
		echo "$name: exit $status with $line"
		f=1
	fi
	allowed=$(sed -n "s/^$name \([0-9|]*\) .*/\1/p" tests/skips)
	case "|${allowed:-0}|" in
	*"|$s|"*) ;;
	*)
		echo "$name: $s skipped, ${allowed:-0} expected (tests/skips)"
		f=$((f + 1))
		;;
	esac
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-12s %4d passed, %d failed, %d skipped, %5d s\n' "$name" "$p" "$f" "$s" "$seconds" >>"$logs/table"
}

tier() { # NAME COMMAND...
	begin "$@"
	end "$1"
}

fast() { # [MAKE-ARGUMENT...]
	# with all processors; a program that cannot be built makes its tier fail
	"$MAKE" --no-print-directory -k -j"$jobs" all-tests "$@" || :
	tier "pure$suffix" "$MAKE" --no-print-directory check-pure "$@"
	tier "fuzz$suffix" "$MAKE" --no-print-directory check-fuzz "$@"
	tier "tree$suffix" "$MAKE" --no-print-directory check-tree "$@"
	tier "fake$suffix" "$MAKE" --no-print-directory check-fake "$@"
}

# Runs parts of the tiers that take long
samples() { # [MAKE-ARGUMENT...]
	tier "fake-log$suffix" "$MAKE" --no-print-directory check-fake-log FAKE_LOGS=some "$@"
	tier "matrix$suffix" "$MAKE" --no-print-directory check-matrix MATRIX="-f 12" "$@"
	tier "sweep$suffix" "$MAKE" --no-print-directory check-sweep SWEEP="-f 12" "$@"
	tier "kills$suffix" "$MAKE" --no-print-directory check-kill-sweep \
		KILLS="-f 90 -k client,holder+m preserve-more release-one restore" "$@"
	tier "pairs$suffix" "$MAKE" --no-print-directory check-pairs PAIRS="-f 4 bound" "$@"
}

# The whole kill sweep takes longer than all other tiers: make check-kill-sweep
kills_and_pairs() {
	tier kill-sweep "$MAKE" --no-print-directory check-kill-sweep KILLS="-f 24"
	tier pairs-all "$MAKE" --no-print-directory check-pairs
}

# The virtual machines compute, while the sweep mostly waits.
vm_and_sweep() { # NAME [MAKE-ARGUMENT...]: of the sweep
	sweep=$1
	shift
	begin vm "$MAKE" --no-print-directory check-vm
	tier fake-log-all "$MAKE" --no-print-directory check-fake-log
	tier matrix-all "$MAKE" --no-print-directory check-matrix
	tier "$sweep" "$MAKE" --no-print-directory check-sweep "$@"
	end vm
	tier rehearse "$MAKE" --no-print-directory check-rehearse
	tier calls "$MAKE" --no-print-directory check-calls
}

suffix=''
build() { # SET... of packages, then the program
	tests/deps.sh "$@" && "$MAKE" --no-print-directory -j"$jobs" all
}

case ${1:-} in
fast)
	build build test || exit 1
	fast
	samples
	;;
full)
	build build test vm deb || exit 1
	fast
	tier sync "$MAKE" --no-print-directory check-sync
	tier install "$MAKE" --no-print-directory check-install
	tier deb "$MAKE" --no-print-directory check-deb
	tier proof "$MAKE" --no-print-directory check-proof
	tier packages "$MAKE" --no-print-directory check-packages
	tier role "$MAKE" --no-print-directory check-role
	kills_and_pairs
	vm_and_sweep sweep-all
	;;
asan)
	build build test || exit 1
	suffix=-asan
	fast ASAN=1
	samples ASAN=1
	;;
lint)
	build build lint || exit 1
	tier lint "$MAKE" --no-print-directory check-lint
	;;
all)
	build build test vm deb lint fleet || exit 1
	fast
	tier sync "$MAKE" --no-print-directory check-sync
	tier install "$MAKE" --no-print-directory check-install
	tier deb "$MAKE" --no-print-directory check-deb
	tier proof "$MAKE" --no-print-directory check-proof
	tier packages "$MAKE" --no-print-directory check-packages
	tier role "$MAKE" --no-print-directory check-role
	kills_and_pairs
	tier lint "$MAKE" --no-print-directory check-lint
	suffix=-asan
	fast ASAN=1
	samples ASAN=1
	# The whole tier, as in full, takes a quarter of an hour.
	vm_and_sweep sweep-third SWEEP="-f 3"
	tier fleet "$MAKE" --no-print-directory check-fleet
	;;
*)
	echo "usage: tests/check.sh fast|full|asan|lint|all" >&2
	exit 2
	;;
esac

echo
cat "$logs/table"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
