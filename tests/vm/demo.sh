#!/bin/sh
# Plays the demonstration tests/scenario/demo.sh live in a virtual machine, without kernel messages.
# usage: tests/vm/demo.sh
set -eu
echo "Starting a virtual machine; its processor is emulated, so give it a minute." >&2
exec "$(dirname "$0")/run.sh" -q demo
