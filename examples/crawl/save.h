/* SPDX-License-Identifier: MIT */
/*
 * save.h: bodies become files below one directory.
 *
 * A file is written under a name of its own (".crawl-123-7.part") and moved to its place when it is
 * whole, so that what stands under a page's name is always the whole page, whenever we are stopped.
 * Part of crawl. Functions return 0 or -errno, and never suspend.
 */
#ifndef EXAMPLES_CRAWL_SAVE_H
#define EXAMPLES_CRAWL_SAVE_H

#include <stdbool.h>
#include <stddef.h>

/* The directory; it is made if need be. root is -1: nothing is saved. */
struct save {
    int root;
    unsigned long long next_part;
};

struct saved_file {
    int file;                   /* -1: none is open */
    char part[40];
};

int save_open(struct save *save, const char *directory);
void save_close(struct save *save);

int save_begin(struct save *save, struct saved_file *file);
int save_write(struct saved_file *file, const char *data, size_t size);

/* Moves the file to its name, "dir/" meaning "dir/index.html". Drops it when that fails. */
int save_finish(struct save *save, struct saved_file *file, const char *name);

/* Removes what was written. Nothing open is fine. */
void save_drop(struct save *save, struct saved_file *file);

/* Makes a directory, "" or "a/b/". */
int save_directory(struct save *save, const char *name);

#endif
