/* SPDX-License-Identifier: MIT */
/*
 * mime.h: what kind of thing is in this file? By its name, and if that says nothing, by its first
 * bytes: text, or not text. Part of httpd.
 */
#ifndef EXAMPLES_HTTPD_MIME_H
#define EXAMPLES_HTTPD_MIME_H

#include <stddef.h>

enum { MIME_SNIFF_SIZE = 512 };

/* The type for a Content-Type header, by the letters behind the last dot; NULL if unknown. */
const char *mime_by_name(const char *name);

/* The same by the first bytes of the file: plain text in UTF-8, or "application/octet-stream". */
const char *mime_by_content(const void *data, size_t size);

#endif
