#!/bin/sh
# SPDX-License-Identifier: MIT
#
# crawl.sh: the crawler against nginx, which is not ours, and against a silent httpd, which is.
set -eu
export LC_ALL=C

nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || { echo 'crawl.sh: nginx is missing' && exit 77; }

httpd=$CORO_BUILD/examples/httpd
crawl=$CORO_BUILD/examples/crawl
logs='out err'
. "$CORO_SOURCE/test/shell/checks.sh"

# start_httpd DIRECTORY OPTIONS...: its port in $port, its number in $server.
start_httpd() {
    directory=$1
    shift
    : >"$work/httpd.out" # what the last one said is not what this one will
    "$httpd" --port 0 --quiet "$@" "$directory" >"$work/httpd.out" 2>&1 &
    server=$!
    servers="$servers $server"
    tries=0
    until port=$(sed -n 's|^serving .*:\([0-9]*\)/$|\1|p' "$work/httpd.out") && [ -n "$port" ]; do
        tries=$((tries + 1))
        kill -0 "$server" 2>/dev/null && [ $tries -lt 500 ] || fail 'httpd did not start'
        sleep 0.02
    done
}

# run OPTIONS...: the crawler's exit status; its words are in out and err.
run() {
    code=0
    "$crawl" --quiet "$@" >"$work/out" 2>"$work/err" || code=$?
    grep -q '^crawl: left behind: 0 descriptors, 0 frames, 0 tasks$' "$work/out" ||
        fail "something was left behind"
    echo $code
}

# A count of the summary: "answered 404 Not Found" and so on; 0 if it is not there.
count() {
    awk -v what="$1" 'index($0, "  " what) == 1 { n = $NF } END { print n + 0 }' "$work/out"
}

files() {
    awk '/^crawl: [0-9]+ files, / { print $2 }' "$work/out"
}

# --- a tree to be mirrored, and a site with all that sites have

mkdir -p "$work/tree/dir/deep/deeper" "$work/tree/void" "$work/site/private" "$work/site/sub" \
    "$work/tmp"
echo one >"$work/tree/one"
head -c 200000 /dev/urandom >"$work/tree/dir/big"
: >"$work/tree/dir/deep/empty"
echo odd >"$work/tree/dir/a b&c;d+e%.txt"
echo '<a href="/nowhere">no link of the tree</a>' >"$work/tree/dir/deep/deeper/page.html"
echo hidden >"$work/tree/dir/deep/deeper/.hidden"
i=0
while [ $i -lt 150 ]; do
    echo "file $i" >"$work/tree/dir/deep/file-$i"
    i=$((i + 1))
done

cat >"$work/site/robots.txt" <<'END'
User-agent: *
Disallow: /private
Allow: /private/open
END
cat >"$work/site/index.html" <<'END'
<title>A site</title><!-- <a href="commented.html"> -->
<a href="a.html#top">a</a> <a href='sub/?x=1&amp;y=2'>b</a> <a href=moved>c</a>
<a href="private/secret.html">d</a> <a href="private/open.html">e</a> <a href="gone.html">f</a>
<a href="mailto:x@y">g</a> <a href="https://example.org/">h</a>
<a href="http://example.org/">i</a>
<a href="chain">j</a> <a href="round">k</a> <img src="i.png">
<a href="//127.0.0.1:PORT/a.html">l</a>
<script>"<a href='script.html'>"</script>
END
echo '<base href="/sub/"><a href="b.html">' >"$work/site/a.html"
echo '<a href="../a.html"><a href="./../sub/../index.html">' >"$work/site/sub/b.html"
echo '<p>sub' >"$work/site/sub/index.html"
echo secret >"$work/site/private/secret.html"
echo open >"$work/site/private/open.html"
echo png >"$work/site/i.png"

start_httpd "$work/tree"
nginx_port=$port # a port that is free once this httpd has gone
kill -TERM $server
wait $server || fail 'httpd did not stop'
sed "s/PORT/$nginx_port/" "$work/site/index.html" >"$work/site/index" &&
    mv "$work/site/index" "$work/site/index.html"
[ "$(id -u)" != 0 ] || echo 'user root;' >"$work/nginx.conf"
cat >>"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $work/tmp/pid;
error_log $work/tmp/error.log;
events { worker_connections 512; }
http {
    access_log $work/tmp/access.log;
    client_body_temp_path $work/tmp; proxy_temp_path $work/tmp; fastcgi_temp_path $work/tmp;
    uwsgi_temp_path $work/tmp; scgi_temp_path $work/tmp;
    types { text/html html; }
    default_type application/octet-stream;
    server {
        listen 127.0.0.1:$nginx_port;
        root $work/site;
        location /tree/ { alias $work/tree/; autoindex on; }
        location /moved { return 302 /a.html; }
        location /chain { rewrite ^ http://127.0.0.1:$nginx_port/moved redirect; }
        location /round { rewrite ^/round(.*) /round\$1x redirect; }
        location /flaky { return 503; }
    }
}
END
"$nginx" -c "$work/nginx.conf" -p "$work" >"$work/nginx.out" 2>&1 &
servers="$servers $!"
base=http://127.0.0.1:$nginx_port
tries=0
until "$crawl" --quiet --retries 0 --max 1 "$base/i.png" >"$work/out" 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "nginx did not start: $(cat "$work/nginx.out" "$work/tmp/error.log")"
    sleep 0.05
done

# --- a mirror, by one and by many
for workers in 1 8 100; do
    rm -rf "$work/copy"
    is "mirror by $workers" "$(run --mirror --workers $workers --save "$work/copy" "$base/tree/")" 0
    is 'its files' "$(files)" 155
    rm -f "$work/tree/dir/deep/deeper/.seen"
    # nginx does not list names with a dot in front
    mv "$work/tree/dir/deep/deeper/.hidden" "$work/tmp/hidden"
    diff -r "$work/tree" "$work/copy/tree" >"$work/err" || fail 'the copy is not the tree'
    mv "$work/tmp/hidden" "$work/tree/dir/deep/deeper/.hidden"
    checks=$((checks + 1))
done

# --- a site
rm -rf "$work/copy"
is 'a site with dead links' "$(run --save "$work/copy" "$base")" 1
is 'a dead link' "$(count 'answered 404')" 1
is 'it is named' "$(grep -c "^crawl: $base/gone.html: 404 Not Found$" "$work/err")" 1
is 'robots.txt' "$(count 'forbidden by robots.txt')" 1
# The first page has two addresses, / and /index.html, so its links count twice. That one of https
# is to another host, or, where there is no TLS, of another scheme.
https=2
ls "$CORO_BUILD"/src/libcoro-tls.* >/dev/null 2>&1 || https=0
is 'other hosts' "$(count 'links to other hosts')" $((2 + https))
is 'other schemes' "$(count 'links that are not http')" $((4 - https))
is 'endless redirects' "$(grep -c "^crawl: $base/roundx*: more than 10 redirects" "$work/err")" 1
is 'the files' "$(cd "$work/copy" && find . -type f | sort | tr '\n' ' ')" \
    './a.html ./i.png ./index.html ./private/open.html ./sub/b.html ./sub/index.html?x=1&y=2 '
cmp "$work/copy/a.html" "$work/site/a.html" || fail 'a.html is another one'
is 'no robots.txt asked for' "$(run --ignore-robots "$base/private/secret.html")" 0

# --- trouble
is 'tried again' "$(run --retries 2 "$base/flaky")" 1
is 'how often' "$(count 'tried again')" 2
is 'its status' "$(count 'answered 503')" 1
is 'a limit' "$(run --max 3 "$base")" 0
is 'what is beyond' "$(count 'links beyond --max' | awk '{ print ($1 > 3) }')" 1
is 'nobody there' "$(run --retries 1 "http://127.0.0.1:1/")" 1
is 'why' "$(grep -c 'connection refused' "$work/err")" 1
start_httpd "$work/tree" --delay 5000
is 'a silent server' "$(run --ignore-robots --retries 0 --timeout 1 "http://127.0.0.1:$port/one")" 1
is 'why' "$(grep -c 'timed out' "$work/err")" 1

# --- ^C, at any moment
start_httpd "$work/tree" --delay 100 --list
for pause in 0.0 0.05 0.15 0.25 0.35; do
    rm -rf "$work/copy"
    "$crawl" --quiet --workers 50 --save "$work/copy" "http://127.0.0.1:$port/" \
        >"$work/out" 2>"$work/err" &
    crawler=$!
    while [ ! -d "$work/copy" ]; do # it has to be there to be stopped
        sleep 0.02
    done
    sleep 0.1
    sleep $pause
    kill -INT $crawler
    code=0
    wait $crawler || code=$?
    is "^C after $pause s" $code 130
    is 'what is left' "$(tail -n 1 "$work/out")" \
        'crawl: left behind: 0 descriptors, 0 frames, 0 tasks'
    is 'half files' "$(find "$work/copy" -name '*.part' | wc -l | tr -d ' ')" 0
done

# --- misuse
for arguments in '' '--workers 0 http://h/' '--workers' '--unknown http://h/' 'ftp://h/' 'http://' \
    'https://' '--ca'; do
    code=0
    # shellcheck disable=SC2086
    "$crawl" $arguments >"$work/out" 2>"$work/err" || code=$?
    is "crawl $arguments" $code 2
done

echo "crawl.sh: $checks checks passed"
