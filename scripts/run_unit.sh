#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_unit.sh PROGRAM ARGUMENT...: a program of the test framework; again if it hangs.
#
# A test that hangs is ended by its own time limit, and fails. On a loaded machine the framework
# itself (2.4.1) sometimes waits for ever for a test that has ended, even for tests without a loop,
# about once in two thousand programs. Such a program is ended after a minute and run again, twice
# at most, and that is said.
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for try in 1 2 3; do
    timeout -k 5 60 "$@" >"$output"
    status=$?
    [ $status = 124 ] || break
    echo "run_unit.sh: try $try of $1 did not end within a minute" >&2
done
cat "$output"
exit $status
