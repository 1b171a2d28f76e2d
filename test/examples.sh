#!/bin/sh
# SPDX-License-Identifier: MIT
#
# examples.sh: each page of examples/toolbox, cpp, network and system says what is in the .out
# beside it, and no more. The toolbox and cpp on the virtual clock, so that a second lasts no time
# and the order is always the same; the others in real time. Pages without an .out are for two:
# network.sh.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
programs=0
failed=0

fail() {
    echo "examples.sh: $*" >&2
    failed=1
}

for source in "$CORO_SOURCE"/examples/toolbox/*.c "$CORO_SOURCE"/examples/network/*.c \
    "$CORO_SOURCE"/examples/system/*.c "$CORO_SOURCE"/examples/cpp/*.cpp; do
    [ -e "$source" ] || continue
    folder=$(basename "$(dirname "$source")")
    name=$(basename "${source%.*}")
    program=$CORO_BUILD/examples/${folder}_$name
    poll=
    case $folder in toolbox | cpp) poll=sim ;; esac
    grep -q "\`$name\`" "$CORO_SOURCE/examples/README.md" || fail "$name: not in README.md"
    case $name in
    *_ssl) ls "$CORO_BUILD"/src/libcoro-tls.* >/dev/null 2>&1 || continue ;;
    esac
    [ -x "$program" ] || { fail "$name: is not built"; continue; }
    [ -e "${source%.*}.out" ] || {
        [ -z "$poll" ] || fail "$name: has no .out"
        grep -q "\b\(${folder}_\)\?$name\b" "$CORO_SOURCE"/test/*.sh || fail "$name: no test"
        continue
    }
    status=0
    CORO_POLL=$poll timeout 60 "$program" >"$work/out" 2>"$work/err" || status=$?
    [ $status = 0 ] || fail "$name: exit status $status"
    diff -u "${source%.*}.out" "$work/out" >&2 || fail "$name: says something else"
    diff -u /dev/null "$work/err" >&2 || fail "$name: complains"
    programs=$((programs + 1))
done
for expected in "$CORO_SOURCE"/examples/*/*.out; do
    [ -e "${expected%.out}.c" ] || [ -e "${expected%.out}.cpp" ] || fail "$expected: of no program"
done

[ $programs -ge 35 ] || fail "only $programs programs"
[ $failed = 0 ] || exit 1
echo "examples.sh: $programs programs passed"
