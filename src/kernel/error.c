/* SPDX-License-Identifier: MIT */
/*
 * error.c - numbers, names and sentences: three readings of one list.
 */
#include "kernel.h"

#if CORO_HOSTED
#include <string.h>
#endif

const char *coro_strerror(int error)
{
    switch (error) {
    case 0:
        return "success";
#define CORO_ERROR_TEXT(name, number, text)                                                        \
    case -(number):                                                                                \
        return text;
        CORO_ERRORS(CORO_ERROR_TEXT)
    default:
#if CORO_HOSTED
        return error < 0 && error > -1000 ? strerror(-error) : "unknown error";
#else
        return "unknown error";
#endif
    }
}

const char *coro_error_name(int error)
{
    switch (error) {
#define CORO_ERROR_NAME(name, number, text)                                                        \
    case -(number):                                                                                \
        return "CORO_" #name;
        CORO_ERRORS(CORO_ERROR_NAME)
    default:
        return NULL;
    }
}
