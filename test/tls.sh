#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tls.sh: the TLS pages of examples/network, spoken to by each other, and by openssl's own client
# and server: versions, certificates of both sides, sessions, and who is not believed.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

ls "$CORO_BUILD"/src/libcoro-tls.* >/dev/null 2>&1 || { echo 'tls.sh: it is not built' && exit 77; }
command -v openssl >/dev/null || { echo 'tls.sh: openssl is missing' && exit 77; }
command -v curl >/dev/null || { echo 'tls.sh: curl is missing' && exit 77; }
client=$CORO_BUILD/examples/network_echo_client_ssl
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"

fail() {
    echo "tls.sh: $*" >&2
    exit 1
}

wait_for() {
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || fail "no line with $2 came: $(cat "$1")"
        sleep 0.05
    done
}

stop() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

# --- certificates -----------------------------------------------------------------------------

. "$CORO_SOURCE/test/shell/certificates.sh"
authority ca
authority other
certificate here 5 DNS:localhost,IP:127.0.0.1
certificate old -1 DNS:localhost
certificate anna 5 DNS:anna
openssl req -x509 $new_key -keyout self.key -out self.crt -days 5 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
cat self.crt self.key >self.pem

# --- our client, openssl's server ---------------------------------------------------------------

# theirs [OPTION...]: openssl s_server that gives each line back from right to left.
theirs() {
    : >s_server # what the last one said is not what this one will
    openssl s_server -accept 127.0.0.1:0 -rev "$@" >s_server 2>&1 &
    server=$!
    wait_for s_server '^ACCEPT '
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' s_server)
}

# ours EXPECTED_STATUS PATTERN AUTHORITY NAME [CERTIFICATE]: the client, and what it says.
ours() {
    expected=$1 pattern=$2
    shift 2
    status=0
    timeout 30 "$client" "$port" "$@" >client 2>&1 || status=$?
    [ $status = "$expected" ] || fail "client $*: status $status: $(cat client s_server)"
    grep -q "$pattern" client || fail "client $*: $(cat client)"
}

for version in 2 3; do
    theirs -cert here.pem -tls1_$version
    ours 0 "connected by TLSv1.$version" ca.pem localhost
    grep -q 'strap ni tnes eb lliw tI' client || fail "no answer came: $(cat client)"
    ours 0 "connected by TLSv1.$version" ca.pem 127.0.0.1
    ours 1 'ostname mismatch' ca.pem elsewhere.example
    ours 1 'IP address mismatch' ca.pem 127.0.0.2
    ours 1 'not believed: .*certificate' other.pem localhost
    stop
    theirs -cert old.pem -tls1_$version
    ours 1 'has expired' ca.pem localhost
    stop
    theirs -cert self.pem -tls1_$version
    ours 1 'self-signed' ca.pem localhost
    ours 0 connected self.crt localhost
    stop
    theirs -cert here.pem -tls1_$version -CAfile ca.pem -Verify 1 -verify_return_error
    ours 0 connected ca.pem localhost anna.pem
    ours 1 'alert\|CORO_E' ca.pem localhost
    ours 1 'alert\|CORO_E' ca.pem localhost self.pem
    stop
done
theirs -cert here.pem -tls1_1 -cipher DEFAULT@SECLEVEL=0
ours 1 'rotocol\|version\|alert' ca.pem localhost
stop

# --- our server, openssl's client ---------------------------------------------------------------

# serve CERTIFICATE [AUTHORITY]
serve() {
    : >server
    "$CORO_BUILD/examples/network_echo_server_ssl" 0 "$@" >server 2>&1 &
    server=$!
    wait_for server '^serving at '
    port=$(sed -n 's/^serving at .*:\([0-9]*\)$/\1/p' server)
}

# s_client [OPTION...]: one line to the server; it is to come back.
s_client() {
    { echo 'hello from openssl' && sleep 0.3; } |
        timeout 30 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.pem "$@" >s_client 2>&1
}

serve here.pem
for version in 2 3; do
    s_client -tls1_$version -servername localhost -verify_return_error -verify_hostname localhost ||
        fail "s_client 1.$version: $(cat s_client)"
    grep -q '^hello from openssl' s_client || fail "no echo: $(cat s_client)"
    grep -q 'Verify return code: 0 (ok)' s_client || fail "s_client: $(cat s_client)"
    s_client -tls1_$version -sess_out session
    s_client -tls1_$version -sess_in session
    grep -q '^Reused, TLSv1.' s_client || fail "no resumption: $(cat s_client)"
    ! s_client -tls1_$version -verify_return_error -verify_hostname elsewhere.example ||
        fail 's_client believes another host'
done
! s_client -tls1_1 -cipher DEFAULT@SECLEVEL=0 || fail 'TLS 1.1 is spoken'
# One that does not speak TLS, and one that only connects, are nobody's concern.
timeout 5 curl --silent "http://127.0.0.1:$port/" >curl 2>&1 || true
: | timeout 5 curl --silent --max-time 0.2 "telnet://127.0.0.1:$port" >curl 2>&1 || true
ours 0 'in parts' ca.pem localhost
kill -TERM $server
wait $server || fail "the server ended badly: $(cat server)"
server=
grep -q 'connected by TLSv1.3, again' server || fail "the server: $(cat server)"
! grep -q 'failed\|error' server || fail "the server complains: $(cat server)"

serve here.pem ca.pem
s_client -cert anna.crt -key anna.key -verify_return_error || fail "anna: $(cat s_client)"
s_client || true
! grep -q '^hello from openssl' s_client || fail 'a client without a certificate is served'
s_client -cert self.crt -key self.key || true
! grep -q '^hello from openssl' s_client || fail 'a client of no authority is served'
ours 0 'in parts' ca.pem localhost anna.pem
ours 1 'alert\|CORO_E' ca.pem localhost
stop
[ "$(grep -c '^CN=anna: connected by TLSv1.3' server)" = 2 ] || fail "the server: $(cat server)"

echo "tls.sh: all of them agreed, or refused as they should"
