/* SPDX-License-Identifier: MIT */
/*
 * listing.c: read the names, sort them, write them.
 *
 *     readdir ──► entries[] ──► qsort ──► open_memstream ──► page
 *
 * Every name is asked for what it is by fstatat without following links. A file that vanishes
 * between the two calls is not listed.
 */
#define _POSIX_C_SOURCE 200809L
#include "listing.h"

#include "../common/percent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    char *name;
    bool is_directory;
    intmax_t size;
};

struct entries {
    struct entry *items;
    size_t count;
    size_t room;
};

static void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->items[i].name);
    free(entries->items);
}

static int entries_add(struct entries *entries, const char *name, const struct stat *stat)
{
    if (entries->count == entries->room) {
        size_t room = entries->room > 0 ? entries->room * 2 : 32;
        struct entry *items = realloc(entries->items, room * sizeof *items);
        if (items == NULL)
            return -ENOMEM;
        entries->items = items;
        entries->room = room;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return -ENOMEM;
    entries->items[entries->count++] = (struct entry){copy, S_ISDIR(stat->st_mode),
                                                      (intmax_t)stat->st_size};
    return 0;
}

static int entries_read(struct entries *entries, DIR *directory)
{
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (found == NULL)
            return -errno;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        struct stat stat;
        if (fstatat(dirfd(directory), found->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!S_ISDIR(stat.st_mode) && !S_ISREG(stat.st_mode))
            continue;
        int error = entries_add(entries, found->d_name, &stat);
        if (error != 0)
            return error;
    }
}

static int compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->is_directory != b->is_directory)
        return a->is_directory ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void print_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void print_page(FILE *out, const char *path, const struct entries *entries)
{
    char link[3 * 256 + 1];
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>Index of /",
          out);
    print_escaped(out, path);
    fputs("</title>\n<style>body{font-family:monospace;margin:2em}td{padding-right:2em}"
          "td+td{text-align:right}</style></head>\n<body><h1>Index of /", out);
    print_escaped(out, path);
    fputs("</h1>\n<table>\n", out);
    if (path[0] != '\0')
        fputs("<tr><td><a href=\"../\">../</a></td></tr>\n", out);
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];
        const char *slash = entry->is_directory ? "/" : "";
        if (percent_encode(entry->name, strlen(entry->name), "", link, sizeof link) < 0)
            continue;                   /* longer than a name can be */
        /* "./" keeps "a:b" from being read as a scheme, and "?" is encoded already. */
        fprintf(out, "<tr><td><a href=\"./%s%s\">", link, slash);
        print_escaped(out, entry->name);
        fprintf(out, "%s</a></td>", slash);
        if (!entry->is_directory)
            fprintf(out, "<td>%jd</td>", entry->size);
        fputs("</tr>\n", out);
    }
    fputs("</table></body></html>\n", out);
}

int listing_make(int directory, const char *path, char **page, size_t *size)
{
    /* readdir takes its descriptor over, and moves its offset: give it one of its own. */
    int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0)
        return -errno;
    DIR *stream = fdopendir(own);
    if (stream == NULL) {
        int error = -errno;
        close(own);
        return error;
    }
    struct entries entries = {NULL, 0, 0};
    int error = entries_read(&entries, stream);
    closedir(stream);
    char *text = NULL;
    FILE *out = error == 0 ? open_memstream(&text, size) : NULL;
    if (out != NULL) {
        if (entries.count > 0)
            qsort(entries.items, entries.count, sizeof entries.items[0], compare);
        print_page(out, path, &entries);
        bool failed = ferror(out) != 0;
        if (fclose(out) != 0 || failed)
            error = -ENOMEM;
    } else if (error == 0) {
        error = -ENOMEM;
    }
    entries_free(&entries);
    if (error != 0)
        free(text);
    else
        *page = text;
    return error;
}
