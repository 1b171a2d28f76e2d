#!/bin/sh
# SPDX-License-Identifier: MIT
# A program of tasks and sleeps alone (plain/footprint.c) links none of the rest: no groups, no
# queues, no generators, no streams, no threads, no debug mode.
set -eu

parts='group|gather|arms|select|queue|semaphore|lock|condition|event|channel|future|generator'
parts="$parts|context|runner|stream|lane|executor|remote|inbox|signals|debug|tree|graph|watch"

symbols=$(nm "$CORO_BUILD/test/plain_footprint" | awk '$2 ~ /[Tt]/ { print $3 }' | grep '^coro_')
if echo "$symbols" | grep -E "^coro_($parts)_"; then
    echo 'footprint.sh: a program of tasks and sleeps links the above'
    exit 1
fi
if ! echo "$symbols" | grep -q '^coro_sleep$'; then
    echo 'footprint.sh: there are no symbols to look at'
    exit 1
fi
echo "$(echo "$symbols" | wc -l) functions of the library, none of a part that is not used"
