#!/bin/sh
# SPDX-License-Identifier: MIT
#
# demo.sh: scripts/demo.sh over a small tree, over the repository, and over a tree that lies.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "demo.sh: $*" >&2
    cat "$work/out" >&2
    exit 1
}

demo() {
    status=0
    sh "$CORO_SOURCE/scripts/demo.sh" "$@" >"$work/out" 2>&1 || status=$?
}

says() {
    grep -E -q "$1" "$work/out" || fail "it does not say $1"
}

mkdir -p "$work/tree/a/b" "$work/tree/void"
echo one >"$work/tree/one"
echo two >"$work/tree/a/b/two three"
ln -s one "$work/tree/link"
demo "$work/tree"
[ $status = 0 ] || fail "exit status $status"
says '^1 links, sockets'
says '^1 worker: 2 files, [0-9.]+ s$'
says '^100 workers: 2 files, [0-9.]+ s, one thread, [0-9]+ bytes a task$'
says '^\^C half-way: [0-9]+ files had come, its one worker ended, 0 descriptors and 0 frames left$'
says '^every file arrived: 2 files, 8 bytes, [0-9.]+ s$'

demo http://
[ $status = 2 ] || fail "no URL: exit status $status" # one of https: https.sh
says 'not a valid URL'
demo "$work/none"
[ $status = 1 ] || fail "no directory: exit status $status"
mkdir "$work/empty"
demo "$work/empty"
[ $status = 1 ] || fail "an empty directory: exit status $status"

# A server that changes what it serves is found out.
mkdir "$work/lying" "$work/lying/examples"
cp "$CORO_BUILD/examples/crawl" "$work/lying/examples/crawl"
cat >"$work/lying/examples/httpd" <<END
#!/bin/sh
for directory; do :; done
cp -r "\$directory" "$work/changed.\$\$"
echo other >"$work/changed.\$\$/one"
exec "$CORO_BUILD/examples/httpd" --port 0 --list --quiet "$work/changed.\$\$"
END
chmod +x "$work/lying/examples/httpd"
CORO_BUILD=$work/lying demo "$work/tree"
[ $status = 1 ] || fail "a changed file: exit status $status"
says 'is not what was served'
echo 'demo.sh: passed'
