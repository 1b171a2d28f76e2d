# SPDX-License-Identifier: MIT
#
# certificates.sh: made on the spot, in the working folder, for the tests that speak TLS to openssl,
# curl and nginx: `. "$CORO_SOURCE/test/shell/certificates.sh"`.

new_key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

# authority NAME: NAME.pem, which vouches for itself.
authority() {
    # shellcheck disable=SC2086
    openssl req -x509 $new_key -keyout "$1.key" -out "$1.pem" -days 5 -subj "/CN=$1" 2>/dev/null
}

# certificate NAME DAYS ALTERNATIVE_NAMES: NAME.crt by the authority `ca`, NAME.key, and NAME.pem,
# which is both.
certificate() {
    # shellcheck disable=SC2086
    openssl req $new_key -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=%s\n' "$3" >extensions
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" \
        -extfile extensions -out "$1.crt" 2>/dev/null
    cat "$1.crt" "$1.key" >"$1.pem"
}
