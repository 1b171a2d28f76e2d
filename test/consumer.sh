#!/bin/sh
# SPDX-License-Identifier: MIT
#
# consumer: a program of somebody else's, three ways: the sources in one command, the installed
# library by pkg-config, and a meson subproject.
set -eu
: "${CORO_SOURCE:?the folder of this repository}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/app.c" <<'END'
#include <coro/coro.h>
#include <stdio.h>

ASYNC(less, RETURNS(int), ARGS(int, than))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_RETURN(self->than - 1);
    ASYNC_END;
}

ASYNC(main_async, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 3; self->i > 0;)
        AWAIT(self->i, less(self->i));
    puts("ready");
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
END

# check HOW PROGRAM: it runs, and says what it is to say.
check() {
    said=$("$2")
    if [ "$said" != ready ]; then
        echo "$1: said '$said'"
        exit 1
    fi
    echo "$1: ok"
}

cd "$folder"
for compiler in "${CC:-cc}" clang; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -O1 -I"$CORO_SOURCE/include" -I"$CORO_SOURCE/src" app.c \
        "$CORO_SOURCE"/src/*/*.c -pthread -o one_command
    check "one command, $compiler" ./one_command
done

meson setup "$folder/build" "$CORO_SOURCE" --prefix="$folder/installed" --libdir=lib \
    -Dtests=disabled -Dexamples=disabled -Dbench=disabled >log || { cat log; exit 1; }
meson install -C "$folder/build" >log 2>&1 || { cat log; exit 1; }
if command -v pkg-config >/dev/null; then
    PKG_CONFIG_PATH=$folder/installed/lib/pkgconfig
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046 # several words are meant
    ${CC:-cc} app.c $(pkg-config --cflags --libs coro) -o installed_app
    check 'pkg-config' ./installed_app
    # A program with AddressSanitizer over a library without: frames of one are given to the other.
    # shellcheck disable=SC2046
    if ${CC:-cc} -fsanitize=address app.c $(pkg-config --cflags --libs coro) -o asan_app; then
        check 'pkg-config, AddressSanitizer' ./asan_app
    fi
    cat >tls_app.c <<'END'
#include <coro/tls.h>
#include <stdio.h>

int main(void)
{
    coro_tls_context *context;
    int error = coro_tls_client_context(&context, NULL);
    coro_tls_context_release(context);
    puts(error == 0 ? "ready" : coro_strerror(error));
    return error != 0;
}
END
    if [ -e installed/include/coro/tls.h ]; then
        # shellcheck disable=SC2046
        ${CC:-cc} tls_app.c $(pkg-config --cflags --libs coro-tls) -o tls_app
        check 'pkg-config, TLS' ./tls_app
    fi
fi

mkdir -p super/subprojects
ln -s "$CORO_SOURCE" super/subprojects/coro
cp app.c super/
cat >super/meson.build <<'END'
project('super', 'c', default_options: ['c_std=gnu17', 'warning_level=3', 'werror=true'])
executable('app', 'app.c', dependencies: dependency('coro', fallback: 'coro'))
END
meson setup super/build super >log || { cat log; exit 1; }
ninja -C super/build >log || { cat log; exit 1; }
check 'subproject' super/build/app
