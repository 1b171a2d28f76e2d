#!/bin/sh
# SPDX-License-Identifier: MIT
#
# httpd.sh: the file server, as curl, wget and wrk see it.
set -eu
export LC_ALL=C

for tool in curl wget wrk; do
    command -v $tool >/dev/null || { echo "httpd.sh: $tool is missing" && exit 77; }
done

. "$CORO_SOURCE/test/shell/checks.sh"
logs='out err'
httpd=$CORO_BUILD/examples/httpd

# start OPTIONS...: httpd over $work/root, its address in $url.
start() {
    : >"$work/out" # what the last one said is not what this one will
    "$httpd" --port 0 "$@" "$work/root" >"$work/out" 2>"$work/err" &
    server=$!
    servers=$server
    tries=0
    until url=$(sed -n 's|^serving .* on \(http://[0-9.:]*\)/$|\1|p' "$work/out") && [ -n "$url" ]
    do
        tries=$((tries + 1))
        kill -0 "$server" 2>/dev/null && [ $tries -lt 500 ] || fail 'httpd did not start'
        sleep 0.02
    done
    address=${url#http://}
}

# stop SIGNAL: it must end by itself, with status 0.
stop() {
    kill "-$1" "$server"
    status=0
    wait "$server" || status=$?
    servers=
    [ $status = 0 ] || fail "stopped by $1 it ended with status $status"
}

get() {
    curl --silent --show-error --max-time 30 "$@"
}

# The status of an answer.
status() {
    get --output "$work/body" --write-out '%{http_code}' "$@"
}

# One header of an answer.
header() {
    name=$1
    shift
    get --output "$work/body" --dump-header "$work/head" "$@"
    tr -d '\r' <"$work/head" | awk -F': ' -v n="$name" 'tolower($1) == n { print $2; exit }'
}

# Sends bytes as they are; curl's telnet is a plain connection.
raw() {
    # shellcheck disable=SC2059
    printf "$1" | get --no-buffer "telnet://$address" 2>/dev/null | tr -d '\r'
}

root=$work/root
mkdir -p "$root/dir/deep" "$root/empty" "$root/site" "$work/outside"
echo 'hello, world' >"$root/hello.txt"
: >"$root/nothing"
head -c 300000 /dev/urandom >"$root/big.bin"
echo secret >"$work/outside/secret"
echo '<p>index</p>' >"$root/site/index.html"
echo odd >"$root/a b&<\"c?#%.txt"
echo deep >"$root/dir/deep/file"
echo '{}' >"$root/x.json"
echo 'all:' >"$root/Makefile"
ln -s "$work/outside/secret" "$root/link"
ln -s "$work/outside" "$root/linked"
ln -s ../hello.txt "$root/dir/inside"
mkfifo "$root/pipe"

start

# A head that does not end gets 10 seconds; meanwhile there is other work.
{ printf 'GET /hello.txt HTTP/1.1\r\nHo' && sleep 11; } |
    get --no-buffer "telnet://$address" >"$work/slow" 2>"$work/slow.err" &
slow=$!

# --- files
get "$url/hello.txt" >"$work/got"
cmp "$work/got" "$root/hello.txt" || fail 'hello.txt is not what it should be'
get "$url/big.bin" >"$work/got"
cmp "$work/got" "$root/big.bin" || fail 'big.bin is not what it should be'
is 'an empty file' "$(status "$url/nothing")" 200
is 'its length' "$(header content-length "$url/nothing")" 0
is 'a name that needs escapes' "$(get "$url/a%20b%26%3C%22c%3F%23%25.txt")" odd
is 'a file below' "$(get "$url/dir//./deep/../deep/file?a=b")" deep
is 'the type of text' "$(header content-type "$url/hello.txt")" 'text/plain; charset=utf-8'
is 'the type of json' "$(header content-type "$url/x.json")" application/json
is 'the type of a Makefile' "$(header content-type "$url/Makefile")" 'text/plain; charset=utf-8'
is 'the type of bytes' "$(header content-type "$url/big.bin")" application/octet-stream

# --- HEAD
is 'HEAD' "$(status --head "$url/big.bin")" 200
is 'the length for HEAD' "$(header content-length --head "$url/big.bin")" 300000
is 'HEAD of a page' "$(status --head "$url/dir/")" 200
is 'HEAD of nothing' "$(status --head "$url/none")" 404

# --- ranges
is 'a range' "$(get --range 0-4 "$url/hello.txt")" hello
is 'its status' "$(status --range 0-4 "$url/hello.txt")" 206
is 'its header' "$(header content-range --range 7-11 "$url/hello.txt")" 'bytes 7-11/13'
is 'the last bytes' "$(get --range -6 "$url/hello.txt")" world
is 'beyond the end' "$(status --range 13- "$url/hello.txt")" 416
is 'its header' "$(header content-range --range 13- "$url/hello.txt")" 'bytes */13'
is 'several ranges' "$(status --range 0-1,3-4 "$url/hello.txt")" 200
get --range 100000-199999 "$url/big.bin" >"$work/got"
tail -c +100001 "$root/big.bin" | head -c 100000 | cmp - "$work/got" || fail 'a range of big.bin'
etag=$(header etag "$url/hello.txt")
is 'a range of the same' "$(status --header "If-Range: $etag" --range 0-4 "$url/hello.txt")" 206
is 'a range of another' "$(status --header 'If-Range: "x"' --range 0-4 "$url/hello.txt")" 200

# --- what did not change
is 'the same tag' "$(status --header "If-None-Match: $etag" "$url/hello.txt")" 304
is 'another tag' "$(status --header 'If-None-Match: "x"' "$url/hello.txt")" 200
date=$(header last-modified "$url/hello.txt")
is 'the same date' "$(status --header "If-Modified-Since: $date" "$url/hello.txt")" 304

# --- directories
is 'no slash' "$(status "$url/dir")" 301
is 'where it went' "$(header location "$url/dir")" /dir/
is 'no open redirect' "$(header location --path-as-is "$url//dir/deep")" /dir/deep/
is 'a listing' "$(get "$url/dir/" | grep -c 'href="./deep/"')" 1
odd='href="./a%20b%26%3C%22c%3F%23%25.txt">a b&amp;&lt;&quot;c?#%.txt<'
is 'names in it' "$(get "$url/" | grep -c "$odd")" 1
is 'links in it' "$(get "$url/" | grep -c 'link')" 0
is 'an index' "$(get "$url/site/")" '<p>index</p>'
is 'a file is no directory' "$(status "$url/hello.txt/")" 404

# --- no way out
for path in /../outside/secret /dir/../../outside/secret /%2e%2e/outside/secret \
    /..%2foutside%2fsecret /dir/..%2f..%2foutside/secret /.%2E/outside/secret //../outside/secret \
    /link /linked/secret /linked/ /dir/inside /pipe /hello.txt%00.html /%; do
    code=$(status --path-as-is "$url$path")
    case $code in 400 | 404) checks=$((checks + 1)) ;; *) fail "$path was answered $code" ;; esac
    ! grep -q secret "$work/body" || fail "$path let the secret out"
done

# --- what is refused
is 'nothing there' "$(status "$url/none")" 404
is 'POST' "$(status --data x "$url/hello.txt")" 405
is 'what is allowed' "$(header allow --request DELETE "$url/hello.txt")" 'GET, HEAD'
is 'a chunked body' "$(printf 12345 | status --header 'Transfer-Encoding: chunked' \
    --data-binary @- "$url/hello.txt")" 405
is 'a large body' "$(status --data-binary "@$root/big.bin" "$url/hello.txt")" 413
is 'a large body, unasked' "$(status --header Expect: --data-binary "@$root/big.bin" "$url/x")" 413
is 'a large chunked body' "$(status --header Expect: --header 'Transfer-Encoding: chunked' \
    --data-binary "@$root/big.bin" "$url/x")" 413
long=$(head -c 5000 /dev/zero | tr '\0' a)
is 'a long line' "$(status "$url/$long")" 414
is 'long headers' "$(status --header "A: $long" --header "B: $long" --header "C: $long" \
    --header "D: $long" "$url/hello.txt")" 431
is 'nonsense' "$(raw 'nonsense\r\n\r\n' | head -n 1)" 'HTTP/1.1 400 Bad Request'
is 'no host' "$(raw 'GET / HTTP/1.1\r\n\r\n' | head -n 1)" 'HTTP/1.1 400 Bad Request'
is 'HTTP/2' "$(raw 'GET / HTTP/2.0\r\nHost: x\r\n\r\n' | head -n 1)" \
    'HTTP/1.1 505 HTTP Version Not Supported'
lengths='Content-Length: 1\r\nContent-Length: 2\r\n'
is 'two lengths' "$(raw "GET / HTTP/1.1\r\nHost: x\r\n$lengths\r\n" | head -n 1)" \
    'HTTP/1.1 400 Bad Request'

# --- connections
is 'connections for three' "$(get --output "$work/1" --output "$work/2" --output "$work/3" \
    --write-out '%{num_connects}' "$url/hello.txt" "$url/none" "$url/dir/")" 100
is 'close' "$(header connection --header 'Connection: close' "$url/hello.txt")" close
is 'HTTP/1.0' "$(header connection --http1.0 "$url/hello.txt")" close
four='GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n'
four=$four'HEAD /x.json HTTP/1.1\r\nHost: x\r\n\r\n'
four=$four'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'
four=$four'GET /dir/deep/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
is 'pipelined' "$(raw "$four" |
    grep -E -c '^HTTP/1.1 (200 OK|405 Method Not Allowed)$|^hello, world$|^deep$')" 6

# --- wget
wget --quiet --recursive --no-parent --no-host-directories --reject-regex '/link|/site' \
    --directory-prefix "$work/mirror" "$url/dir/"
cmp "$work/mirror/dir/deep/file" "$root/dir/deep/file" || fail 'wget got another file'

# --- many
get --parallel --parallel-max 50 --output "$work/body" \
    --write-out '%{http_code} %{size_download} %{num_connects}\n' "$url/hello.txt?[1-10000]" \
    2>"$work/meter" |
    awk '{ n[$1 " " $2]++; c += $3 } END { for (i in n) print n[i], i, (c <= 50) }' >"$work/codes"
is '10,000 requests on 50 connections' "$(cat "$work/codes")" '10000 200 13 1'
wrk --threads 2 --connections 64 --duration 2s "$url/hello.txt" >"$work/wrk"
! grep -E 'Non-2xx|Socket errors' "$work/wrk" || fail 'wrk met errors'
cat >"$work/pipeline.lua" <<'END'
init = function(args)
    local r = {}
    for i = 1, 16 do r[i] = wrk.format("GET", "/hello.txt") end
    all = table.concat(r)
end
request = function() return all end
END
wrk --threads 1 --connections 8 --duration 2s --script "$work/pipeline.lua" "$url/" >"$work/wrk"
! grep -E 'Non-2xx|Socket errors' "$work/wrk" || fail 'wrk met errors, pipelining'

# --- patience ends
wait $slow || true
is 'half a head' "$(head -n 1 "$work/slow" | tr -d '\r')" 'HTTP/1.1 408 Request Timeout'

# --- wrk left in the middle of its requests: the root is open, and the socket that listens
open_files() {
    find "/proc/$server/fd" \( -lname "$root*" -o -lname 'socket:*' \) | wc -l | tr -d ' '
}
tries=0
until [ "$(open_files)" = 2 ] || [ $tries -eq 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
is 'what is open' "$(open_files)" 2

# --- the log
get --output "$work/body" "$url/hello.txt?log%0aged"
sleep 0.5
is 'a line of the log' "$(grep -c '"GET /hello.txt?log%0aged" 200 13$' "$work/out")" 1
stop TERM

# --- a stop lets the answers that are due go out, and does not wait for idle connections
start --delay 300 --quiet
is 'the answer comes late' "$(get --output "$work/body" --write-out '%{time_total}' \
    "$url/hello.txt" | awk '{ print ($1 >= 0.3) }')" 1
get "$url/big.bin" >"$work/got" &
client=$!
tries=0
until [ "$(open_files)" = 3 ] || [ $tries -eq 200 ]; do
    tries=$((tries + 1))
    sleep 0.01
done
sleep 0.05
stop INT
wait $client || fail 'the stop broke an answer off'
cmp "$work/got" "$root/big.bin" || fail 'the stop cut an answer'
is 'its log is quiet' "$(wc -l <"$work/out" | tr -d ' ')" 1

silent_client() {
    sleep 3 | get --no-buffer "telnet://$address" >"$work/got" 2>"$work/slow.err" &
    sleep 0.4
}
start --idle 1 --quiet
silent_client
is 'a silent client' "$(open_files)" 3
sleep 1.2
is 'it went' "$(open_files)" 2
stop INT
start --quiet
silent_client
is 'another one' "$(open_files)" 3
before=$(date +%s%N)
stop TERM
after=$(date +%s%N)
is 'no waiting for it' $(((after - before) / 1000000 < 1500)) 1

# --- misuse
code=0
"$httpd" "$work/nowhere" >"$work/out" 2>"$work/err" || code=$?
is 'no directory' "$code $(wc -l <"$work/err")" '1 1'
start --quiet
code=0
"$httpd" --port "${url##*:}" "$root" >"$work/out2" 2>"$work/err2" || code=$?
is 'a port in use' "$code $(cat "$work/err2")" \
    "1 httpd: 127.0.0.1, port ${url##*:}: address already in use"
stop INT
code=0
"$httpd" --port 99999 "$root" >"$work/out" 2>"$work/err" || code=$?
is 'no port' $code 2

echo "httpd.sh: $checks checks passed"
