/* SPDX-License-Identifier: MIT */
/*
 * file_whole.c - whole files, and whole folders: several calls, in one visit to a thread.
 *
 * A file is replaced by a new one beside it, so that whoever reads has the old or the
 * new, and a machine that stops in between too: first the content is brought to the
 * disk, then the name is moved. What went wrong leaves no new file behind.
 */
#define _GNU_SOURCE
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- read --------------------------------------------------------------------------------- */

enum { FIRST_ROOM = 4096 };

/* Twice the room, and a byte for the end. Not beyond the limit by more than one byte, which says
 * that there is more. */
static int grow(coro_file_content **content, size_t *room, size_t limit)
{
    size_t fresh = *room == 0 ? FIRST_ROOM : *room * 2;
    coro_file_content *more;
    if (fresh > limit)
        fresh = limit + 1;
    more = realloc(*content, sizeof *more + fresh + 1);
    if (more == NULL)
        return CORO_ENOMEM;
    if (*content == NULL)
        more->size = 0;
    more->data = (char *)(more + 1);
    *content = more;
    *room = fresh;
    return 0;
}

static int read_all(int fd, size_t limit, coro_file_content **content)
{
    size_t room = 0;
    for (;;) {
        ssize_t count;
        if (*content == NULL || (*content)->size == room) {
            int error = room > limit ? CORO_ELIMIT : grow(content, &room, limit);
            if (error != 0)
                return error;
        }
        count = coro_sys.read(fd, (*content)->data + (*content)->size, room - (*content)->size);
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return -errno;
        (*content)->size += count > 0 ? (size_t)count : 0;
    }
    (*content)->data[(*content)->size] = '\0';
    return (*content)->size > limit ? CORO_ELIMIT : 0;
}

static int run_read_file(coro_file_work *self)
{
    coro_file_content *content = NULL;
    int error, fd = coro_sys.open(self->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    error = read_all(fd, self->size, &content);
    coro_sys.close(fd);
    if (error != 0)
        free(content);
    else
        self->made = content;
    return error;
}

coro_file_reading *coro_read_file(const char *path, size_t limit)
{
    CORO_CHECK(limit < SIZE_MAX / 2, "coro_read_file needs a limit that memory can hold");
    return (coro_file_reading *)(void *)coro_file_make(
        &(coro_file_work){.run = run_read_file, .path = path, .size = limit});
}

void coro_file_content_free(coro_file_content *content)
{
    free(content);
}

/* --- written ------------------------------------------------------------------------------ */

/* A name beside the file's, that nobody has: from malloc, with the file open in self->fd. */
static int open_beside(coro_file_work *self, char **name)
{
    size_t room = strlen(self->path) + 32;
    *name = malloc(room);
    if (*name == NULL)
        return CORO_ENOMEM;
    for (unsigned try = 0; try < 1000; try++) {
        snprintf(*name, room, "%s.%ld-%u.new", self->path, (long)getpid(), try);
        self->fd = coro_sys.open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                 (mode_t)self->mode);
        if (self->fd >= 0 || (errno != EEXIST && errno != EINTR))
            break;
    }
    return self->fd < 0 ? -errno : 0;
}

static int run_write_file(coro_file_work *self)
{
    char *name;
    int error = open_beside(self, &name);
    if (error == 0) {
        error = coro_file_write_all(self);
        if (error == 0 && coro_sys.fsync(self->fd) != 0)
            error = -errno;
        if (coro_sys.close(self->fd) != 0 && error == 0)
            error = -errno;
        if (error == 0 && coro_sys.rename(name, self->path) != 0)
            error = -errno;
        if (error != 0)
            coro_sys.unlink(name);
    }
    free(name);
    return error;
}

coro_void *coro_write_file(const char *path, const void *data, size_t size, unsigned mode)
{
    return coro_file_do(&(coro_file_work){.run = run_write_file, .path = path,
                                          .buffer = (void *)(uintptr_t)data, .size = size,
                                          .offset = -1, .mode = mode});
}

/* --- folders ------------------------------------------------------------------------------ */

typedef struct coro_file_entry entry;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* Names as they come: each with its type before it, and its end behind it. */
typedef struct names {
    char *text;
    size_t size, room, count;
} names;

static int add(names *all, const struct dirent *found)
{
    size_t length = strlen(found->d_name) + 2;
    if (all->room - all->size < length) {
        size_t room = (all->room + length) * 2;
        char *text = realloc(all->text, room);
        if (text == NULL)
            return CORO_ENOMEM;
        all->text = text;
        all->room = room;
    }
    all->text[all->size] = (char)found->d_type;
    memcpy(all->text + all->size + 1, found->d_name, length - 1);
    all->size += length;
    all->count++;
    return 0;
}

static int read_names(DIR *folder, size_t limit, names *all)
{
    for (;;) {
        const struct dirent *found;
        int error;
        errno = 0;
        found = coro_sys.readdir(folder);
        if (found == NULL)
            return -errno;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        error = all->count == limit ? CORO_ELIMIT : add(all, found);
        if (error != 0)
            return error;
    }
}

static coro_file_list *list_of(const names *all)
{
    size_t head = sizeof(coro_file_list) + all->count * sizeof(entry);
    coro_file_list *list = malloc(head + all->size);
    char *text;
    if (list == NULL)
        return NULL;
    text = (char *)list + head;
    if (all->size > 0)
        memcpy(text, all->text, all->size);
    list->count = all->count;
    list->entries = (entry *)(void *)(list + 1);
    for (size_t i = 0; i < all->count; i++) {
        list->entries[i] = (entry){text + 1, (unsigned char)text[0]};
        text += 1 + strlen(text + 1) + 1;
    }
    qsort(list->entries, list->count, sizeof(entry), by_name);
    return list;
}

static int run_list(coro_file_work *self)
{
    names all = {NULL, 0, 0, 0};
    DIR *folder = coro_sys.opendir(self->path);
    int error;
    if (folder == NULL)
        return -errno;
    error = read_names(folder, self->size, &all);
    coro_sys.closedir(folder);
    if (error == 0) {
        self->made = list_of(&all);
        error = self->made != NULL ? 0 : CORO_ENOMEM;
    }
    free(all.text);
    return error;
}

coro_file_listing *coro_list_folder(const char *path, size_t limit)
{
    return (coro_file_listing *)(void *)coro_file_make(
        &(coro_file_work){.run = run_list, .path = path, .size = limit});
}

void coro_file_list_free(coro_file_list *list)
{
    free(list);
}
