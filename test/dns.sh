#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dns.sh: network_dns_lookup against a real name server, dnsmasq at 127.0.0.77, which only this test
# sees: in a mount namespace of its own, with an /etc/resolv.conf and /etc/hosts of its own. The
# same for the build's way to ask, threads or c-ares.
set -eu
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
unset CORO_DEBUG CORO_POLL

for tool in dnsmasq unshare mount; do
    command -v $tool >/dev/null || { echo "dns.sh: $tool is missing"; exit 77; }
done
unshare --mount true || { echo 'dns.sh: needs root, for a resolv.conf of its own'; exit 77; }

work=$(mktemp -d)
server=
stop_server() {
    [ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null
    server=
}
if [ -z "${CORO_DNS_WORK-}" ]; then
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    CORO_DNS_WORK=$work unshare --mount sh "$0"
    exit 0
fi
rm -r "$work"
work=$CORO_DNS_WORK
trap stop_server EXIT
trap 'exit 130' INT TERM

fail() {
    echo "dns.sh: $*" >&2
    [ ! -s "$work/log" ] || tail -20 "$work/log" >&2
    exit 1
}

lookup() {
    timeout 60 "$CORO_BUILD/examples/network_dns_lookup" "$@" >"$work/out" 2>&1
}

says() {
    grep -qxF "$1" "$work/out" || { cat "$work/out" >&2; fail "does not say: $1"; }
}

echo 'nameserver 127.0.0.77
options timeout:2 attempts:2' >"$work/resolv.conf"
echo '127.0.0.1 localhost' >"$work/hosts"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mount --bind "$work/hosts" /etc/hosts

many=
for i in 1 2 3 4 5 6 7 8 9; do
    for k in 1 2 3 4 5 6 7 8 9; do
        many="$many --host-record=big.test,10.8.$i.$k"
    done
done
# shellcheck disable=SC2086
dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
    --pid-file="$work/pid" --listen-address=127.0.0.77 --bind-interfaces --local-ttl=60 \
    --log-queries --log-facility="$work/log" --local=/test/ --local=/in-addr.arpa/ \
    --host-record=two.test,10.9.8.7,fd00::7 --cname=alias.test,two.test $many &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    ! lookup -4 two.test || break
    sleep 0.2
done

lookup two.test || fail "two.test: $(cat "$work/out")"
says 'two.test has 10.9.8.7'
says 'two.test has fd00::7'
lookup -6 two.test || fail "-6"
[ "$(cat "$work/out")" = 'two.test has fd00::7' ] || fail "-6: $(cat "$work/out")"
lookup -4 alias.test || fail alias
says 'alias.test is called two.test'
says 'alias.test has 10.9.8.7'
lookup 10.9.8.7 || fail reverse
says '10.9.8.7 is two.test'

# What is not there, beside what is.
! lookup nobody.test 10.9.8.6 localhost || fail 'finds nobody'
says 'nobody.test: name or service not known'
says '10.9.8.6: name or service not known'
says 'localhost has 127.0.0.1'

# An answer that is too long for a datagram comes over TCP.
lookup -4 big.test || fail big
[ "$(grep -c '^big.test has 10.8.' "$work/out")" = 81 ] || fail "big: $(wc -l <"$work/out") lines"

# Who asks the same at the same time asks once.
before=$(grep -c 'query\[A\] two.test' "$work/log")
lookup -4 two.test Two.test two.test TWO.test || fail 'four times'
[ "$(grep -ci ' has 10.9.8.7' "$work/out")" = 4 ] || fail 'not four answers'
after=$(grep -ci 'query\[A\] two.test' "$work/log")
[ $((after - before)) = 1 ] || fail "asked $((after - before)) times"

# Nobody answers.
stop_server
! lookup two.test || fail 'answers from nowhere'
says 'two.test: temporary failure in name resolution'

echo "dns.sh: all questions answered"
