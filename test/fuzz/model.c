/* SPDX-License-Identifier: MIT */
/*
 * model.c - test/plain/model.c, where a fuzzer's bytes say what each task does next.
 *
 * Every input is a program; when the bytes are used up, all tasks end. `./dev fuzz` builds it
 * with libFuzzer. With driver.c it is an ordinary test that runs the inputs of corpus/model.
 */
#define CORO_FUZZ
#include "../plain/model.c"
