#!/bin/sh
# SPDX-License-Identifier: MIT
#
# https.sh: httpd --tls as curl, openssl and wrk see it, and crawl of https, from nginx and from
# httpd. Without OpenSSL in the build: both say so.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

httpd=$CORO_BUILD/examples/httpd
crawl=$CORO_BUILD/examples/crawl
logs='out err s_client got'
. "$CORO_SOURCE/test/shell/checks.sh"
cd "$work"

# has WHAT PATTERN FILE
has() {
    checks=$((checks + 1))
    grep -q -- "$2" "$3" || fail "$1: no \"$2\" in: $(cat "$3")"
}

mkdir -p root/dir
echo 'hello, world' >root/hello.txt
head -c 3000000 /dev/urandom >root/big.bin
echo deep >root/dir/file

if ! ls "$CORO_BUILD"/src/libcoro-tls.* >/dev/null 2>&1; then
    code=0
    "$httpd" --port 0 --tls a b root >out 2>err || code=$?
    is 'httpd without TLS' $code 1
    has 'why' '^httpd: --tls: this build has no TLS' err
    code=0
    "$crawl" https://127.0.0.1/ >out 2>err || code=$?
    is 'crawl without TLS' $code 2
    has 'why' '^crawl: https://127.0.0.1/: this build has no TLS' err
    echo "https.sh: $checks checks passed, of a build without TLS"
    exit 0
fi

nginx=$(command -v nginx || echo /usr/sbin/nginx)
for tool in curl openssl socat wrk "$nginx"; do
    command -v "$tool" >/dev/null || { echo "https.sh: $tool is missing" && exit 77; }
done

. "$CORO_SOURCE/test/shell/certificates.sh"
authority ca
authority other
certificate here 5 DNS:localhost,IP:127.0.0.1
certificate named 5 DNS:localhost

# start OPTIONS...: httpd over root, its number in $server, its address in $url.
start() {
    : >out # what the last one said is not what this one will
    "$httpd" --port 0 "$@" root >out 2>err &
    server=$!
    servers="$servers $server"
    tries=0
    until url=$(sed -n 's|^serving .* on \(https*://[0-9.:]*\)/$|\1|p' out) && [ -n "$url" ]; do
        tries=$((tries + 1))
        kill -0 $server 2>/dev/null && [ $tries -lt 500 ] || fail 'httpd did not start'
        sleep 0.02
    done
    address=${url#*://}
    port=${url##*:}
}

stop() {
    kill -TERM $server
    code=0
    wait $server || code=$?
    is 'the end of httpd' $code 0
    is 'its complaints' "$(cat err)" ''
}

get() {
    curl --silent --show-error --max-time 30 --cacert ca.pem "$@"
}

# The status of an answer.
status() {
    get --output body --write-out '%{http_code}' "$@"
}

# s_client REQUESTS [OPTION...]: openssl's client, which says them all at once.
s_client() {
    # shellcheck disable=SC2059
    printf "$1" >requests
    shift
    timeout 30 openssl s_client -connect "$address" -CAfile ca.pem -verify_return_error \
        -ign_eof "$@" <requests >s_client 2>&1
}

# --- httpd

start --tls here.crt here.key
for version in 1.2 1.3; do
    get --tlsv$version --tls-max $version "$url/big.bin" >got
    cmp got root/big.bin || fail "big.bin is another one by TLS $version"
done
is 'by name' "$(status --resolve "localhost:$port:127.0.0.1" "https://localhost:$port/")" 200
is 'HEAD' "$(get --head "$url/big.bin" | tr -d '\r' | sed -n 's/^Content-Length: //p')" 3000000
is 'a range' "$(get --range 7-11 "$url/hello.txt")" world
is 'nothing there' "$(status "$url/none")" 404
is 'connections for three' "$(get --output 1 --output 2 --output 3 --write-out '%{num_connects}' \
    "$url/hello.txt" "$url/none" "$url/dir/")" 100
three='GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /big.bin HTTP/1.1\r\nHost: x\r\n\r\n'
three=$three'GET /dir/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
for version in 2 3; do
    s_client "$three" -tls1_$version -alpn h2,http/1.1 || fail "s_client with TLS 1.$version"
    is 'pipelined' "$(tr -d '\r' <s_client |
        grep -E -c '^HTTP/1.1 200 OK$|^hello, world$|^deep$')" 5
    has 'the protocol above' 'ALPN protocol: http/1.1' s_client
    has 'the version' "Protocol *: TLSv1.$version" s_client
    has 'its end' '^closed' s_client
done
code=0
s_client '' -alpn h2 || code=1
is 'HTTP/2 alone' $code 1
code=0
s_client '' -tls1_1 -cipher DEFAULT@SECLEVEL=0 || code=1
is 'TLS 1.1' $code 1
code=0
curl --silent --max-time 30 --cacert other.pem "$url/" >got 2>&1 || code=$?
is 'another authority' $code 60

# Who speaks plain HTTP is told so; nonsense, half a greeting and silence are ended.
is 'http' "$(status "http://$address/hello.txt")" 400
has 'its answer' '400 Bad Request' body
raw() {
    # shellcheck disable=SC2059
    printf "$1" | timeout 20 socat -t 10 - "TCP:$address" >got 2>&1 || true
}
raw 'nonsense\r\n\r\n'
has 'nonsense' 'HTTP/1.1 400 Bad Request' got
raw '\026\003\001\177\377'
raw ''
wrk --threads 1 --connections 16 --duration 1s "$url/hello.txt" >got
! grep -E 'Non-2xx|Socket errors' got || fail 'wrk met errors'
has 'wrk' '^ *[0-9]* requests in' got

# A stop ends those that have not begun, and lets the answer go out that has.
mkfifo open
exec 4<>open
socat -t 0.1 - "TCP:$address" <open >silent 2>&1 &
silent=$!
get --limit-rate 4M "$url/big.bin" >whole &
client=$!
tries=0
until [ -s whole ] || [ $tries -ge 200 ]; do
    tries=$((tries + 1))
    sleep 0.02
done
before=$(date +%s%N)
stop
after=$(date +%s%N)
is 'no waiting for the silent one' $(((after - before) / 1000000 < 1900)) 1
wait $client || fail 'the stop broke an answer off'
wait $silent || true
cmp whole root/big.bin || fail 'the stop cut an answer'
has 'the log' '"GET /hello.txt" 200 13$' out
has 'the log' '"-" 400 16$' out

# --- misuse
refused() {
    code=0
    "$httpd" --port 0 "$@" >out 2>err || code=$?
}
refused --tls none here.key root
is 'no certificate' "$code $(cat err)" '1 httpd: --tls: none: No such file or directory'
refused --tls here.crt other.key root
is 'a key of another' $code 1
has 'why' 'other.key: ' err
refused --tls here.key here.key root
is 'no certificate in it' $code 1
refused --tls here.crt
is 'no key' $code 2

# --- crawl

# run OPTIONS...: the crawler's exit status; its words are in out and err.
run() {
    code=0
    "$crawl" --quiet --retries 0 "$@" >crawled 2>complaints || code=$?
    grep -q '^crawl: left behind: 0 descriptors, 0 frames, 0 tasks$' crawled ||
        fail "something was left behind: $(cat crawled complaints)"
    echo $code
}

start --tls here.crt here.key --list --quiet
is 'a mirror over TLS' "$(run --ca ca.pem --mirror --workers 10 --save copy "$url/")" 0
diff -r root copy >got || fail 'the copy is not the tree'
is 'another authority' "$(run --ca other.pem "$url/")" 1
has 'why' "^crawl: $url/robots.txt: certificate not believed: .*certificate" complaints
is 'the system, who does not know it' "$(run "$url/")" 1
is 'http to https' "$(run "http://$address/hello.txt")" 1
has 'why' 'hello.txt: 400 Bad Request' complaints
is 'no file of authorities' "$("$crawl" --ca none "$url/" 2>&1)" \
    'crawl: --ca: none: No such file or directory'
code=0
SSL_CERT_FILE=$work/ca.pem sh "$CORO_SOURCE/scripts/demo.sh" "$url/" >got 2>&1 || code=$?
is 'the demo' $code 0
has 'the demo' '^every file arrived: 3 files, ' got
stop
start --tls named.crt named.key --list --quiet
is 'a certificate for another name' "$(run --ca ca.pem "$url/")" 1
has 'why' 'IP address mismatch' complaints
stop

# nginx: pages over both, which send on to each other.
start
stop
plain_port=$port # free, now that its httpd has gone
start
stop
[ "$(id -u)" != 0 ] || echo 'user root;' >nginx.conf
cat >>nginx.conf <<END
daemon off;
worker_processes 1;
pid $work/pid;
error_log $work/error.log;
events { worker_connections 256; }
http {
    access_log $work/access.log;
    client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work;
    uwsgi_temp_path $work; scgi_temp_path $work;
    server {
        listen 127.0.0.1:$plain_port;
        location / { return 301 https://127.0.0.1:$port\$request_uri; }
        location /back { return 200 "back"; }
    }
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $work/here.crt; ssl_certificate_key $work/here.key;
        root $work/root;
        autoindex on;
        location /away { return 302 http://127.0.0.1:$plain_port/back; }
    }
}
END
echo '<a href="hello.txt">a</a> <a href="/away">b</a> <a href="//127.0.0.1:'"$port"'/dir/">c</a>' \
    >root/index.html
"$nginx" -c "$work/nginx.conf" -p "$work" >nginx.out 2>&1 &
servers="$servers $!"
tries=0
until get --output body "https://127.0.0.1:$port/hello.txt" 2>err; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "nginx did not start: $(cat nginx.out error.log)"
    sleep 0.05
done
is 'nginx' "$(run --ca ca.pem --save site "http://127.0.0.1:$plain_port/")" 0
is 'what came' "$(cd site && find . -type f | sort | tr '\n' ' ')" \
    './back ./dir/file ./hello.txt ./index.html '
is 'a mirror of nginx' "$(rm root/index.html && run --ca ca.pem --mirror --workers 10 \
    --save mirror "https://127.0.0.1:$port/")" 0
diff -r root mirror >got || fail "the copy is not nginx's tree"
is 'another authority' "$(run --ca other.pem --ignore-robots "http://127.0.0.1:$plain_port/dir/")" 1
has 'why' "^crawl: https://127.0.0.1:$port/dir/: certificate not believed: " complaints
is 'https to http' "$(run --ignore-robots "https://127.0.0.1:$plain_port/back")" 1
has 'why' "^crawl: https://127.0.0.1:$plain_port/back: wrong version number" complaints

echo "https.sh: $checks checks passed"
