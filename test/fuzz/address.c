/* SPDX-License-Identifier: MIT */
/*
 * address.c - any text as an address: refused, or an address whose text is read as the same again.
 */
#include <coro/address.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char first[CORO_ADDRESS_TEXT_MAX], second[CORO_ADDRESS_TEXT_MAX], *text = malloc(size + 1);
    coro_address one, other;
    HOLDS(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (coro_address_parse(&one, text, 7) == 0) {
        HOLDS(one.size <= sizeof one.bytes);
        HOLDS(coro_address_format(&one, first, sizeof first) == 0);
        HOLDS(coro_address_parse(&other, first, 9) == 0);
        HOLDS(memcmp(&one, &other, sizeof one) == 0);
        HOLDS(coro_address_format(&other, second, sizeof second) == 0);
        HOLDS(strcmp(first, second) == 0);
        for (size_t room = 0; room < strlen(first) + 1; room++)
            HOLDS(coro_address_format(&one, second, room) == CORO_ERANGE);
    }
    free(text);
    return 0;
}
