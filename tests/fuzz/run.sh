#!/bin/bash
# Gives each file of the corpus to its fuzz target, or searches for new inputs.
# usage: tests/fuzz/run.sh			needs $BUILD/fuzz (default build/tests/fuzz) with a program for each target
#        tests/fuzz/run.sh SECONDS [TARGET] builds the targets with libFuzzer and lets each run for so long; new inputs
#        are in build/fuzz
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${BUILD:=$top/build/tests}"
passed=0 failed=0

if [ $# -gt 0 ]; then
	out=$top/build/fuzz
	mkdir -p "$out"
	# builds the library once, then each target with it
	sanitize="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
	make -s -C "$top" --no-print-directory CC=clang B=build/fuzz CFLAGS="$sanitize -fsanitize=fuzzer-no-link" build/fuzz/libvfio-lu.a
	read -ra flags < <(make -s -C "$top" --no-print-directory fuzz-flags | tail -n 1)
	targets=${2:-$(cd "$here" && for file in fuzz-*.c; do file=${file#fuzz-}; echo "${file%.c}"; done)}
	for target in $targets; do
		# shellcheck disable=SC2086 # words
		(cd "$top" && clang $sanitize -fsanitize=fuzzer -o "$out/fuzz-$target" "$here/fuzz-$target.c" \
			"$out/libvfio-lu.a" "${flags[@]}")
		mkdir -p "$out/corpus-$target"
		"$out/fuzz-$target" -max_total_time="$1" -max_len=8192 -timeout=10 -rss_limit_mb=3000 \
			-print_final_stats=1 -artifact_prefix="$out/$target-" "$out/corpus-$target" "$here/corpus/$target"
	done
	exit
fi

for source in "$here"/fuzz-*.c; do
	target=${source##*/} target=${target%.c} target=${target#fuzz-}
	for file in "$here/corpus/$target"/*; do
		if "$BUILD/fuzz/$target" "$file" >"$BUILD/fuzz/out" 2>&1; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "FAIL $target: ${file##*/}"
			tail -n 20 "$BUILD/fuzz/out" | sed 's/^/    /'
		fi
	done
done

echo "fuzz: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
