#!/bin/sh
# SPDX-License-Identifier: MIT
#
# proxied.sh: httpd behind nginx, which is then a client of ours: HTTP/1.1 on connections that it
# keeps, as many as it likes.
set -eu
export LC_ALL=C

nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || { echo 'proxied.sh: nginx is missing' && exit 77; }
for tool in curl wrk; do
    command -v $tool >/dev/null || { echo "proxied.sh: $tool is missing" && exit 77; }
done
work=$(mktemp -d)
servers=
trap 'for pid in $servers; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "proxied.sh: $*" >&2
    tail -n 5 "$work/log" "$work/error.log" >&2 || true
    exit 1
}

# Start httpd at a free port, which is $port then.
start() {
    "$CORO_BUILD/examples/httpd" --port 0 "$@" "$work/root" >"$work/log" 2>&1 &
    servers="$servers $!"
    tries=0
    until port=$(sed -n 's|^serving .* on http://127.0.0.1:\([0-9]*\)/$|\1|p' "$work/log") &&
        [ -n "$port" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail 'httpd did not start'
        sleep 0.05
    done
}

mkdir "$work/root"
echo hello >"$work/root/hello.txt"
head -c 3000000 /dev/urandom >"$work/root/large.bin"

start
front=$port # free once this one has gone
kill -TERM $servers
wait $servers || fail 'httpd did not stop'
servers=
start
httpd=$servers
[ "$(id -u)" != 0 ] || echo 'user root;' >"$work/nginx.conf"
cat >>"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $work/pid;
error_log $work/error.log;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work;
    uwsgi_temp_path $work; scgi_temp_path $work;
    upstream ours { server 127.0.0.1:$port; keepalive 16; }
    server {
        listen 127.0.0.1:$front;
        location / {
            proxy_pass http://ours;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
END
"$nginx" -c "$work/nginx.conf" -p "$work" >"$work/nginx.out" 2>&1 &
servers="$servers $!"
tries=0
until curl --silent --max-time 5 --output "$work/got" "http://127.0.0.1:$front/hello.txt"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail 'nginx did not start'
    sleep 0.05
done
[ "$(cat "$work/got")" = hello ] || fail 'a small file is another one'

get() {
    curl --silent --show-error --fail --max-time 30 "$@" || fail "curl $*"
}
get --output "$work/got" "http://127.0.0.1:$front/large.bin"
cmp "$work/got" "$work/root/large.bin" || fail 'a large file is another one'
get --range 1000000-1999999 --output "$work/got" "http://127.0.0.1:$front/large.bin"
tail -c +1000001 "$work/root/large.bin" | head -c 1000000 | cmp - "$work/got" ||
    fail 'a part of it is another one'
status=$(curl --silent --output "$work/got" --write-out '%{http_code}' --max-time 5 \
    "http://127.0.0.1:$front/none")
[ "$status" = 404 ] || fail "status $status of what is not there"

wrk --threads 1 --connections 32 --duration 2s "http://127.0.0.1:$front/hello.txt" >"$work/wrk" ||
    fail "wrk: $(cat "$work/wrk")"
! grep -q 'Non-2xx\|Socket errors' "$work/wrk" || fail "$(cat "$work/wrk")"
grep -q '[1-9][0-9]* requests in' "$work/wrk" || fail 'wrk got nothing'

kill -TERM ${httpd# }
status=0
wait ${httpd# } || status=$?
[ $status = 0 ] || fail "httpd ended with status $status"
requests=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$work/wrk")
echo "proxied.sh: $requests requests by way of nginx"
