#!/bin/sh
# SPDX-License-Identifier: MIT
#
# demo.sh: a server and a crawler on coro, against each other; what arrives is compared.
#
#     demo.sh [DIRECTORY | URL]       CORO_BUILD is the build folder
#
# Without an argument the tracked files of this repository are served. Of a DIRECTORY its files
# are; links and the like are not, and are left out of the comparison. A URL, http or https, is
# crawled twice, and the two copies are compared. Needs the base system only (and git for a
# checkout).
set -eu
export LC_ALL=C

httpd=$CORO_BUILD/examples/httpd
crawl=$CORO_BUILD/examples/crawl
delay=20 # ms before each answer: what a network would do to us
pages_max=1000 # of somebody else's site

began=$(date +%s.%N)
work=$(mktemp -d)
server=
cleanup() {
    trap '' INT TERM
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "demo: $*" >&2
    exit 1
}

calc() {
    awk "BEGIN { printf \"%.2f\", $1 }"
}

# serve DELAY: httpd on a free port, in $url.
serve() {
    : >"$work/httpd.out" # what the last one said is not what this one will
    "$httpd" --port 0 --delay "$1" --list --quiet "$served" >"$work/httpd.out" 2>&1 &
    server=$!
    tries=0
    until url=$(sed -n 's|^serving .* on \(http://[0-9.:]*/\)$|\1|p' "$work/httpd.out") &&
        [ -n "$url" ]; do
        tries=$((tries + 1))
        kill -0 "$server" 2>/dev/null && [ $tries -lt 500 ] ||
            fail "httpd did not start: $(cat "$work/httpd.out")"
        sleep 0.02
    done
}

stop_server() {
    kill -INT "$server"
    wait "$server" || fail "httpd did not stop well: $(cat "$work/httpd.out")"
    server=
}

# field N of the crawler's last report: 2 files, 4 bytes, 6 seconds, 16 bytes a task
field() {
    awk -v n="$1" '/^crawl: [0-9]+ files, / { print $n }' "$2"
}

# fetch WORKERS: all of $url into $work/got-WORKERS.
fetch() {
    status=0
    # shellcheck disable=SC2086
    "$crawl" $quiet $how --workers "$1" --save "$work/got-$1" "$url" \
        >"$work/report-$1" || status=$?
    [ $status != 2 ] || exit 2 # no such URL, or one that needs TLS in a build without: it says so
    [ $status = 0 ] || { [ -z "$how_strict" ] && [ $status = 1 ]; } ||
        fail "crawl with $1 workers: exit status $status; $(tail -n 2 "$work/report-$1")"
    files=$(field 2 "$work/report-$1")
    seconds=$(field 6 "$work/report-$1")
}

both_fetches() {
    fetch 1
    echo "1 worker: $files files, $seconds s"
    fetch 100
    echo "100 workers: $files files, $seconds s, one thread," \
        "$(field 14 "$work/report-100") bytes a task"
}

# What was served must be what lies there, byte by byte, and nothing else.
same() {
    diff -r "$1" "$2" >"$work/differences" 2>&1 || {
        head -n 20 "$work/differences" >&2
        fail "$3"
    }
}

saved() {
    find "$work/got-half" -type f ! -name '.crawl-*.part' 2>/dev/null | wc -l
}

# A crawl that is stopped when half of the files are there: what is left of it? With so many
# workers that the other half takes some time, or there would be nothing to stop.
interrupt() {
    workers=$((count / 8 > 100 ? 100 : count / 8 + 1))
    slow=$((count > 4000 ? 20 : 100))
    serve $slow
    status=0
    # shellcheck disable=SC2086
    "$crawl" --quiet $how --workers $workers --save "$work/got-half" "$url" \
        >"$work/report-half" 2>"$work/errors-half" &
    crawler=$!
    until [ -d "$work/got-half" ] && [ "$(saved)" -ge $((count / 2)) ]; do
        kill -0 $crawler 2>/dev/null || break
        sleep 0.01
    done
    sleep 0.03 # it has just begun, if the tree is one file
    kill -INT $crawler 2>/dev/null || true
    wait $crawler || status=$?
    [ $status = 130 ] ||
        fail "a crawl stopped by SIGINT ended with $status: $(cat "$work/errors-half")"
    grep -q '^crawl: left behind: 0 descriptors, 0 frames, 0 tasks$' "$work/report-half" ||
        fail "the stopped crawl left something behind: $(tail -n 1 "$work/report-half")"
    # Less than all, but what there is, is whole.
    diff -r "$served" "$work/got-half" >"$work/half" 2>&1 || true
    ! grep -v "^Only in $served" "$work/half" >&2 ||
        fail "the stopped crawl left files that are not whole"
    ended="all $workers workers"
    [ $workers -gt 1 ] || ended='its one worker'
    echo "^C half-way: $(field 2 "$work/report-half") files had come, $ended ended," \
        "0 descriptors and 0 frames left"
    stop_server
}

demo_of_files() {
    how='--mirror --ignore-robots --per-host 100'
    how_strict=yes
    count=$(find "$served" -type f | wc -l)
    count=$((count))
    bytes=$(find "$served" -type f -exec cat {} + | wc -c)
    bytes=$((bytes))
    [ $count -gt 0 ] || fail "there is no file in $name"
    pages=$(find "$served" | wc -l)
    if [ $((pages * delay)) -gt 40000 ]; then # one worker takes that much time at least
        delay=$((40000 / pages))
    fi
    serve $delay
    echo "httpd serves $name at $url: $count files, $bytes bytes, $delay ms before each answer"
    both_fetches
    stop_server
    same "$served" "$work/got-1" "what 1 worker saved is not what was served"
    same "$served" "$work/got-100" "what 100 workers saved is not what was served"
    [ "$files" = "$count" ] || fail "$files files were counted, there are $count"
    interrupt
    echo "every file arrived: $count files, $bytes bytes," \
        "$(calc "$(date +%s.%N) - $began") s"
}

# The sum of the report's lines that match.
sum_of() {
    awk -v what="$1" '$0 ~ "^  " what { sum += $NF } END { print sum + 0 }' "$2"
}

# A dead link (4xx) is the site's own business; what did not come for another reason is ours.
check_failures() {
    failed=$(sum_of failed "$1")
    dead=$(sum_of 'answered 4' "$1")
    [ "$failed" -le "$dead" ] || fail "$((failed - dead)) of the pages did not come, see above"
    [ "$dead" = 0 ] || echo "($dead dead links)"
}

# Somebody else's site: it may have dead links, and too many pages for a demo.
demo_of_url() {
    url=$1
    how="--max $pages_max --per-host 100 --timeout 10"
    how_strict=
    echo "crawling $url, $pages_max pages at most"
    both_fetches
    bytes=$(field 4 "$work/report-100")
    check_failures "$work/report-100"
    [ "$files" -gt 0 ] || fail "nothing came from $url"
    what='every file arrived'
    if [ "$(sum_of 'links beyond --max' "$work/report-1")" = 0 ]; then
        same "$work/got-1" "$work/got-100" "1 worker and 100 workers did not get the same"
    else
        what="the site has more than $pages_max pages; of these every file arrived"
        diff -r "$work/got-1" "$work/got-100" | grep -v '^Only in ' >"$work/differences" || true
        [ ! -s "$work/differences" ] || fail "$(cat "$work/differences")"
    fi
    echo "$what: $files files, $bytes bytes," \
        "$(calc "$(date +%s.%N) - $began") s"
}

# Copies the regular files that stdin names, with zeroes between, to $work/served.
stage() {
    mkdir "$work/served"
    (cd "$1" && tar --no-recursion --null --create --file=- --files-from=-) >"$work/archive"
    tar --extract --file="$work/archive" --directory="$work/served"
    rm "$work/archive"
    served=$work/served
}

# The tracked files as they are now; of an unpacked archive, all but what was built.
stage_repository() {
    name='the tracked files of this repository'
    if [ -e .git ]; then
        git -c safe.directory="$PWD" ls-files -z --cached |
            xargs -0 sh -c 'for f; do [ -L "$f" ] || [ ! -f "$f" ] || printf "%s\\0" "$f"; done' - \
                >"$work/list"
    else
        find . -path ./build -prune -o -type f -print0 >"$work/list"
    fi
    [ -s "$work/list" ] || fail 'git tracks no file here'
    stage . <"$work/list"
}

stage_directory() {
    name=$1
    served=${1%/}
    served=${served:-/}
    odd=$(find "$1" -mindepth 1 ! -type f ! -type d | wc -l)
    odd=$((odd))
    if [ $odd -gt 0 ]; then
        echo "$odd links, sockets and the like are not served, nor compared"
        (cd "$1" && find . -mindepth 1 \( -type f -o -type d \) -print0) >"$work/list"
        stage "$1" <"$work/list"
    fi
}

[ $# -le 1 ] || { echo 'usage: demo.sh [DIRECTORY | URL]' >&2 && exit 2; }
quiet=
[ -t 2 ] || quiet=--quiet
case ${1-} in
'')
    stage_repository
    demo_of_files
    ;;
http://* | https://*) demo_of_url "$1" ;;
*)
    [ -d "$1" ] || fail "$1 is neither a directory nor an http or https URL"
    stage_directory "$1"
    demo_of_files
    ;;
esac
