/* SPDX-License-Identifier: MIT */
/*
 * percent.h: "a%20b" and "a b" (RFC 3986, section 2.1).
 *
 * Part of httpd and crawl. Nothing is allocated.
 */
#ifndef EXAMPLES_PERCENT_H
#define EXAMPLES_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* The byte that "%41" stands for, or -1 if text does not begin with '%' and two hex digits. */
int percent_byte(const char *text, size_t size);

/*
 * Decodes text into out (out_size bytes, zero included). Returns the decoded size, which counts
 * zero bytes that came as %00; -1 for a '%' without two hex digits, -2 if out is too small.
 */
ptrdiff_t percent_decode(const char *text, size_t size, char *out, size_t out_size);

/* Letters, digits and "-._~": what needs no percent anywhere in a URL. */
bool percent_is_unreserved(unsigned char c);

/*
 * Writes text as one component of a URL's path: everything but unreserved characters and those
 * in `also` becomes %XX. Returns the size without the zero, or -2 if out is too small.
 */
ptrdiff_t percent_encode(const char *text, size_t size, const char *also, char *out,
                         size_t out_size);

#endif
