#!/bin/sh
# SPDX-License-Identifier: MIT
#
# examples.sh: each program of examples/toolbox says what is in the .out beside it, and no more. On
# the virtual clock, so that a second lasts no time and the order is always the same.
set -eu
export LC_ALL=C CORO_POLL=sim
unset CORO_DEBUG

toolbox=$CORO_SOURCE/examples/toolbox
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
programs=0
failed=0

fail() {
    echo "examples.sh: $*" >&2
    failed=1
}

for source in "$toolbox"/*.c; do
    name=$(basename "$source" .c)
    program=$CORO_BUILD/examples/toolbox_$name
    [ -x "$program" ] || { fail "$name: is not built"; continue; }
    status=0
    timeout 60 "$program" >"$work/out" 2>"$work/err" || status=$?
    [ $status = 0 ] || fail "$name: exit status $status"
    diff -u "$toolbox/$name.out" "$work/out" >&2 || fail "$name: says something else"
    diff -u /dev/null "$work/err" >&2 || fail "$name: complains"
    grep -q "\`$name\`" "$CORO_SOURCE/examples/README.md" || fail "$name: not in README.md"
    programs=$((programs + 1))
done
for expected in "$toolbox"/*.out; do
    [ -e "${expected%.out}.c" ] || fail "$expected: of no program"
done

[ $programs -ge 35 ] || fail "only $programs programs"
[ $failed = 0 ] || exit 1
echo "examples.sh: $programs programs passed"
