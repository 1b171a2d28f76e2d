/* SPDX-License-Identifier: MIT */
/*
 * save.c: write beside, then rename.
 *
 *     begin ──► .crawl-P-N.part ──write──► ... ──finish──► dir/name
 *                      └──────────drop──► gone
 */
#define _POSIX_C_SOURCE 200809L
#include "save.h"

#include "../common/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int save_open(struct save *save, const char *directory)
{
    save->next_part = 0;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return -errno;
    save->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return save->root < 0 ? -errno : 0;
}

void save_close(struct save *save)
{
    if (save->root >= 0)
        close(save->root);
    save->root = -1;
}

int save_begin(struct save *save, struct saved_file *file)
{
    snprintf(file->part, sizeof file->part, ".crawl-%ld-%llu.part", (long)getpid(),
             save->next_part++);
    file->file = beneath_open(save->root, file->part, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return file->file < 0 ? -errno : 0;
}

int save_write(struct saved_file *file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file->file, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

int save_finish(struct save *save, struct saved_file *file, const char *name)
{
    char path[4096];
    size_t size = strlen(name);
    bool is_directory = size == 0 || name[size - 1] == '/';
    int error = close(file->file) != 0 ? -errno : 0;    /* a full disk may be told only here */
    file->file = -1;
    if (snprintf(path, sizeof path, "%s%s", name, is_directory ? "index.html" : "")
        >= (int)sizeof path)
        error = -ENAMETOOLONG;
    if (error == 0 && beneath_move(save->root, file->part, path) != 0)
        error = -errno;
    if (error != 0)
        unlinkat(save->root, file->part, 0);
    return error;
}

void save_drop(struct save *save, struct saved_file *file)
{
    if (file->file < 0)
        return;
    close(file->file);
    file->file = -1;
    unlinkat(save->root, file->part, 0);
}

int save_directory(struct save *save, const char *name)
{
    char path[4096];
    size_t size = strlen(name);
    if (size >= sizeof path)
        return -ENAMETOOLONG;
    memcpy(path, name, size + 1);
    if (size > 0 && path[size - 1] == '/')
        path[size - 1] = '\0';
    return beneath_make_directories(save->root, path) != 0 ? -errno : 0;
}
