#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_unit.sh PROGRAM ARGUMENT...: a program of the test framework; again if it hangs.
#
# A test that hangs is ended by its own time limit, and fails. With AddressSanitizer the framework
# (2.4.1) sometimes hangs by itself: it forks while one of its threads is inside malloc, and the
# child waits for the allocator's lock for ever; one program in two hundred, and one in ten where
# other work has the processors. Such a program is ended and run again, and that is said.
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for try in 1 2 3 4 5 6; do
    timeout -k 5 35 "$@" >"$output"
    status=$?
    [ $status = 124 ] || break
    echo "run_unit.sh: try $try of $1 did not end in 35 s" >&2
done
cat "$output"
exit $status
