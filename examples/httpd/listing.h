/* SPDX-License-Identifier: MIT */
/*
 * listing.h: the index page of a directory.
 *
 *     Index of /doc/          directories first, then files, each by name;
 *     ../                     links are percent-encoded, names are escaped for HTML
 *     visual/                 what is neither file nor directory (links, sockets) is left out
 *     guide.md     12034
 *
 * Part of httpd.
 */
#ifndef EXAMPLES_HTTPD_LISTING_H
#define EXAMPLES_HTTPD_LISTING_H

#include <stddef.h>

/*
 * Makes the page of an open directory. path is the directory's path below the root ("" or with a
 * slash at its end). 0, with *page and *size set: the caller frees *page; or -errno.
 * The descriptor stays the caller's.
 */
int listing_make(int directory, const char *path, char **page, size_t *size);

#endif
