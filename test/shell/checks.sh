# SPDX-License-Identifier: MIT
#
# checks.sh: a folder to work in, servers that end with the test, and what is expected, for tests
# that compare texts: `. "$CORO_SOURCE/test/shell/checks.sh"`. A failure shows the ends of $logs,
# files of that folder, which the test names.

work=$(mktemp -d)
servers=
checks=0
trap 'kill $servers 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "$(basename "$0"): $*" >&2
    # shellcheck disable=SC2086
    (cd "$work" && tail -n 20 $logs >&2 2>/dev/null) || true
    exit 1
}

# is WHAT CAME EXPECTED
is() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1: \"$3\" was expected, \"$2\" came"
}
