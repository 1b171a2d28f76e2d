/* SPDX-License-Identifier: MIT */
/*
 * beneath.h: files below one directory, and no way out of it.
 *
 * httpd reads with it what a stranger names, crawl writes with it what a stranger names.
 *
 *     int root = open("site", O_RDONLY | O_DIRECTORY);
 *     int file = beneath_open(root, "doc/index.html", O_RDONLY, 0);
 *
 * A path is relative, its components are separated by single slashes, "" is the root itself.
 * A component "." or ".." is refused, and so is every symbolic link on the way, wherever it leads:
 * what is not a real file or directory below the root does not exist.
 * Functions return -1 with errno set, as open(2) does. They never suspend.
 */
#ifndef EXAMPLES_BENEATH_H
#define EXAMPLES_BENEATH_H

#include <sys/types.h>

/* Opens path below root. Returns a descriptor (close-on-exec). Fails as openat(2) does. */
int beneath_open(int root, const char *path, int flags, mode_t mode);

/* Makes the directory path and those above it, as far as they are missing. 0 or -1. */
int beneath_make_directories(int root, const char *path);

/* Moves the file `from` (a name in root) to path, whose directories are made. 0 or -1. */
int beneath_move(int root, const char *from, const char *path);

#endif
