#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the directory for many small temporary files. It is in memory, because a disk on which many files were just
# deleted is slow, unless there is little memory, as in most containers.
# usage: tests/scratch.sh
free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
if [ -w /dev/shm ] && [ "${free:-0}" -gt 500000 ]; then
	echo /dev/shm
else
	echo "${TMPDIR:-/tmp}"
fi
