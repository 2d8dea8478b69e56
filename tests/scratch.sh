#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the directory for many small files that are gone soon: in memory, for a disk that has just lost many is slow
# to make others, unless there is little of that, as in most containers.
# usage: tests/scratch.sh
free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
if [ -w /dev/shm ] && [ "${free:-0}" -gt 500000 ]; then
	echo /dev/shm
else
	echo "${TMPDIR:-/tmp}"
fi
