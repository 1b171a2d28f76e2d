/* SPDX-License-Identifier: MIT */
/*
 * beneath.c: a walk that cannot leave.
 *
 *     root ──openat("doc")──► fd ──openat("visual")──► fd ──openat("index.html")──► file
 *
 * Each step opens one name, that is not "..", in a directory that is held open, with O_NOFOLLOW.
 * So there is no moment between a check and a use in which somebody could swap a directory for a
 * link. The last descriptor of the walk is closed on every way out.
 */
#define _POSIX_C_SOURCE 200809L
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Copies the component at *path and moves *path behind it and its slash. 0, or -1 with errno. */
static int next_component(const char **path, char name[NAME_MAX + 1])
{
    size_t size = strcspn(*path, "/");
    if (size > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, *path, size);
    name[size] = '\0';
    if (size == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        errno = ENOENT;
        return -1;
    }
    *path += size;
    if (**path == '/')
        (*path)++;
    return 0;
}

/* Opens one directory in another and closes the other, whatever happens. */
static int step(int directory, const char *name, bool make)
{
    int next = -1;
    if (!make || mkdirat(directory, name, 0777) == 0 || errno == EEXIST)
        next = openat(directory, name, DIRECTORY_FLAGS);
    int error = errno;
    close(directory);
    errno = error;
    return next;
}

/* Walks to the directory that holds the last component, which lands in name. */
static int walk(int root, const char *path, char name[NAME_MAX + 1], bool make)
{
    int directory = openat(root, ".", DIRECTORY_FLAGS);
    while (directory >= 0) {
        if (next_component(&path, name) != 0) {
            int error = errno;
            close(directory);
            errno = error;
            return -1;
        }
        if (*path == '\0')
            return directory;
        directory = step(directory, name, make);
    }
    return -1;
}

int beneath_open(int root, const char *path, int flags, mode_t mode)
{
    char name[NAME_MAX + 1];
    if (*path == '\0')
        return openat(root, ".", flags | O_CLOEXEC, mode);
    int directory = walk(root, path, name, false);
    if (directory < 0)
        return -1;
    int file = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    int error = errno;
    close(directory);
    errno = error;
    return file;
}

int beneath_make_directories(int root, const char *path)
{
    char name[NAME_MAX + 1];
    if (*path == '\0')
        return 0;
    int directory = walk(root, path, name, true);
    if (directory >= 0)
        directory = step(directory, name, true);
    if (directory < 0)
        return -1;
    close(directory);
    return 0;
}

int beneath_move(int root, const char *from, const char *path)
{
    char name[NAME_MAX + 1];
    int directory = walk(root, path, name, true);
    if (directory < 0)
        return -1;
    int result = renameat(root, from, directory, name);
    int error = errno;
    close(directory);
    errno = error;
    return result;
}
