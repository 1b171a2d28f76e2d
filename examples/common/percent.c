/* SPDX-License-Identifier: MIT */
/*
 * percent.c: bytes to "%XX" and back.
 *
 * Decoding happens once, never twice: "%252e" is the text "%2e", not a dot. Encoding writes
 * capital digits, the normal form of RFC 3986, 6.2.2.1.
 */
#include "percent.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int percent_byte(const char *text, size_t size)
{
    if (size < 3 || text[0] != '%' || digit(text[1]) < 0 || digit(text[2]) < 0)
        return -1;
    return digit(text[1]) << 4 | digit(text[2]);
}

ptrdiff_t percent_decode(const char *text, size_t size, char *out, size_t out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (used + 1 >= out_size)
            return -2;
        if (text[i] != '%') {
            out[used++] = text[i];
            continue;
        }
        int byte = percent_byte(text + i, size - i);
        if (byte < 0)
            return -1;
        out[used++] = (char)byte;
        i += 2;
    }
    if (used >= out_size)
        return -2;
    out[used] = '\0';
    return (ptrdiff_t)used;
}

bool percent_is_unreserved(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c == '-' || c == '.' || c == '_' || c == '~';
}

ptrdiff_t percent_encode(const char *text, size_t size, const char *also, char *out,
                         size_t out_size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (used + 4 > out_size)
            return -2;
        if (percent_is_unreserved(c) || (c != 0 && strchr(also, c) != NULL)) {
            out[used++] = (char)c;
        } else {
            out[used++] = '%';
            out[used++] = digits[c >> 4];
            out[used++] = digits[c & 15];
        }
    }
    if (used >= out_size)
        return -2;
    out[used] = '\0';
    return (ptrdiff_t)used;
}
