#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_unit.sh PROGRAM ARGUMENT...: a program of the test framework; again if it hangs.
#
# A test that hangs is ended by its own time limit, and fails. With AddressSanitizer the framework
# (2.4.1) has hung by itself, in a fork while one of its threads was inside malloc. quiet_fork.c is
# against that; should it still happen, the program is ended and run again, and that is said.
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for try in 1 2 3 4 5; do
    timeout -k 5 40 "$@" >"$output"
    status=$?
    [ $status = 124 ] || break
    echo "run_unit.sh: try $try of $1 did not end in 40 s" >&2
done
cat "$output"
exit $status
