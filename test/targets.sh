#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The kernel as the small machines of test/targets/ configure it, compiled for this machine and
# run: their sizes are scripts/size.py's business, this is their behaviour. gcc, and clang where
# it is installed.
set -eu
cd "${CORO_SOURCE:-$(dirname "$0")/..}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The kernel once, and two programs with it. Their status: 0, or the line that was not met.
run_config() {
    compiler=$1
    config=$2
    set -- -std=c11 -g -fsanitize=undefined -fno-sanitize-recover=all -Wall -Wextra -pedantic \
        -Werror "-DCORO_CONFIG_FILE=\"$config.h\"" -Itest/targets -Iinclude -Isrc
    rm -f "$folder"/*.o
    for source in src/kernel/*.c; do
        "$compiler" "$@" -c "$source" -o "$folder/$(basename "$source" .c).o"
    done
    for program in tiny check; do
        status=0
        "$compiler" "$@" "test/targets/$program.c" "$folder"/*.o -o "$folder/$program"
        timeout 20 "$folder/$program" || status=$?
        count=$((count + 1))
        [ "$status" = 0 ] || {
            failed=$((failed + 1))
            echo "$program, $config, $compiler: status $status"
        }
    done
}

# A program of another configuration than its library's must not link.
refuse_mismatch() {
    set -- -std=c11 -Itest/targets -Iinclude -Isrc
    gcc "$@" '-DCORO_CONFIG_FILE="avr.h"' -c test/targets/tiny.c -o "$folder/other.o"
    gcc "$@" '-DCORO_CONFIG_FILE="cortex_m0.h"' "$folder/other.o" src/kernel/*.c \
        -o "$folder/other" 2>"$folder/said" || true
    count=$((count + 1))
    grep -q 'undefined reference to .coro_loop_init_0_1_16_16' "$folder/said" || {
        failed=$((failed + 1))
        echo "a program of another configuration than its library's links:"
        cat "$folder/said"
    }
}

count=0
failed=0
refuse_mismatch
for compiler in gcc clang; do
    [ "$compiler" = gcc ] || command -v "$compiler" >/dev/null || continue
    for config in cortex_m0 cortex_m0_minimal avr avr_minimal; do
        run_config "$compiler" "$config"
    done
done
echo "$count programs, $failed failed"
[ "$failed" = 0 ]
