#!/bin/sh
# Plays the demonstration in a virtual machine: tests/scenario/demo.sh, live, without the kernel's chatter.
# usage: tests/vm/demo.sh
set -eu
echo "Starting a virtual machine; its processor is emulated, so give it a minute." >&2
exec "$(dirname "$0")/run.sh" -q demo
