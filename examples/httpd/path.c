/* SPDX-License-Identifier: MIT */
/*
 * path.c: a target, component by component.
 *
 * The order matters: cut at the slashes that are there, decode each piece once, and only then look
 * for "..". So "%2e%2e" is "..", "..%2f" is a name with a slash in it, which no file has, and
 * "%252e" is the name "%2e".
 *
 * Invariant: path holds `used` bytes of finished components, each with a slash behind it.
 */
#include "path.h"

#include "../common/percent.h"

#include <stdbool.h>
#include <string.h>

/* "http://host:80/a?b" and "/a?b" are both allowed (RFC 9112, 3.2): leaves "/a". */
static bool find_path(http_text target, http_text *path)
{
    const char *at = target.data, *end = target.data + target.size;
    if (target.size > 7 && http_text_is_nocase((http_text){at, 7}, "http://")) {
        at += 7;
        while (at < end && *at != '/' && *at != '?')
            at++;
        if (at == end || *at == '?') {
            *path = (http_text){"/", 1};
            return true;
        }
    }
    if (at == end || *at != '/')
        return false;
    *path = (http_text){at, 0};
    while (at < end && *at != '?' && *at != '#')
        at++;
    path->size = (size_t)(at - path->data);
    return true;
}

/* Takes the last component and its slash off. False at the root. */
static bool go_up(const char *path, size_t *used)
{
    if (*used == 0)
        return false;
    (*used)--;
    while (*used > 0 && path[*used - 1] != '/')
        (*used)--;
    return true;
}

int path_from_target(http_text target, char path[PATH_SIZE_MAX])
{
    http_text rest;
    size_t used = 0;
    bool is_directory = true;
    if (target.size >= PATH_SIZE_MAX || !find_path(target, &rest))
        return 400;
    while (rest.size > 0) {
        rest.data++;                                    /* the slash before the component */
        rest.size--;
        const char *slash = rest.size > 0 ? memchr(rest.data, '/', rest.size) : NULL;
        size_t size = slash != NULL ? (size_t)(slash - rest.data) : rest.size;
        char *name = path + used;
        ptrdiff_t name_size = percent_decode(rest.data, size, name, PATH_SIZE_MAX - used);
        if (name_size < 0 || strlen(name) != (size_t)name_size)
            return 400;
        rest.data += size;
        rest.size -= size;
        is_directory = true;
        if (name_size == 0 || strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            if (!go_up(path, &used))
                return 400;
            continue;
        }
        if (strchr(name, '/') != NULL)
            return 404;
        used += (size_t)name_size;
        path[used++] = '/';
        is_directory = slash != NULL;
    }
    if (used > 0 && !is_directory)
        used--;                                         /* the last component is a file's name */
    path[used] = '\0';
    return 0;
}
