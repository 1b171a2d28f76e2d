/* SPDX-License-Identifier: MIT */
/*
 * unix.c - Unix sockets: a server's file, and a connection to one.
 *
 *     bind makes the file ──► whose inode is noted ──► close removes it, if it is that one still
 *
 * An abstract name is on no disk, and goes with its socket. A connect to a socket
 * whose backlog is full fails at once, and the system does not tell when there is room
 * again: it is tried again, after 1 ms at first and 100 ms at most.
 */
#define _GNU_SOURCE
#include "server.h"

#include <stdio.h>
#include <string.h>

#define PAUSE_MIN CORO_MS(1)
#define PAUSE_MAX CORO_MS(100)

int coro_address_of_path(coro_address *address, const char *path)
{
    char text[CORO_ADDRESS_TEXT_MAX];
    if (path == NULL || *path == '\0' ||
        (size_t)snprintf(text, sizeof text, "unix:%s", path) >= sizeof text)
        return CORO_EINVAL;
    return coro_address_parse(address, text, 0);
}

/* --- files -------------------------------------------------------------------------------- */

bool coro_is_socket(const char *path, struct stat *status)
{
    return coro_sys.lstat(path, status) == 0 && S_ISSOCK(status->st_mode);
}

/* An address has bytes of 0 behind the longest path. */
const char *coro_address_path(const coro_address *address)
{
    size_t at = offsetof(struct sockaddr_un, sun_path);
    bool is_path = coro_address_family(address) == AF_UNIX && address->size > at;
    return is_path ? (const char *)address->bytes + at : "";
}

bool coro_socket_file_note(coro_socket_file *file, const coro_address *at)
{
    const char *path = coro_address_path(at);
    size_t length = strlen(path);
    struct stat status;
    if (length >= sizeof file->path || !coro_is_socket(path, &status))
        return false;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    memcpy(file->path, path, length + 1);
    return true;
}

void coro_socket_file_remove(const coro_socket_file *file)
{
    struct stat status;
    if (file->inode != 0 && coro_is_socket(file->path, &status) &&
        status.st_dev == file->device && status.st_ino == file->inode)
        (void)coro_sys.unlink(file->path);
}

int coro_listener_own_file(coro_listener *listener)
{
    coro_address own = {.size = sizeof own.bytes};
    coro_socket_file file;
    if (coro_sys.getsockname(listener->fd.fd, coro_address_any(&own), &own.size) != 0 ||
        own.size > sizeof(struct sockaddr_un) || !coro_socket_file_note(&file, &own))
        return 0;
    listener->file = coro_pool_take_(&listener->server->loop->pool, sizeof file);
    if (listener->file == NULL)
        return CORO_ENOMEM;
    *listener->file = file;
    return 0;
}

void coro_listener_remove_file(coro_listener *listener)
{
    if (listener->file == NULL)
        return;
    coro_socket_file_remove(listener->file);
    coro_pool_give_(&listener->server->loop->pool, listener->file, sizeof *listener->file);
}

/* --- a server's socket -------------------------------------------------------------------- */

static int remove_old(const char *path)
{
    struct stat status;
    if (coro_is_socket(path, &status) && coro_sys.unlink(path) != 0 && errno != ENOENT)
        return -errno;
    return 0;
}

/* Nobody can connect before it listens: so the mode is right from the beginning. */
static int own(coro_server *server, int fd, const char *path, const coro_server_options *options)
{
    int error;
    if (options->mode != 0 && *path != '\0' && coro_sys.chmod(path, options->mode) != 0)
        error = -errno;
    else
        error = coro_server_add_socket(server, fd);
    if (error != 0)
        coro_sys.close(fd);
    else if (!options->keep_file)
        error = coro_listener_own_file(&server->listeners[0]);
    if (error != 0 && *path != '\0')
        (void)coro_sys.unlink(path);
    return error;
}

int coro_server_bind_unix(coro_server *server, const coro_address *at,
                          const coro_server_options *options)
{
    const char *path = coro_address_path(at);
    int error, fd = coro_sys.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    error = remove_old(path);
    if (error == 0 && coro_sys.bind(fd, coro_address_any(at), at->size) != 0)
        error = -errno;
    if (error == 0)
        return own(server, fd, path, options);
    coro_sys.close(fd);
    return error;
}

/* --- a connection ------------------------------------------------------------------------- */

static int connect_to(int fd, const char *path)
{
    coro_address at;
    int error = coro_address_of_path(&at, path);
    if (error == 0 && coro_sys.connect(fd, coro_address_any(&at), at.size) != 0)
        error = errno == EINTR ? CORO_EAGAIN : -errno;
    return error;
}

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

ASYNC(open_unix_connection, RETURNS(coro_stream *, drop_stream), ARGS(const char *, path),
      VARS(coro_stream *stream; coro_duration pause; int fd, error;))
{
    ASYNC_BEGIN;
    self->pause = PAUSE_MIN;
    self->fd = coro_sys.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        ASYNC_THROW(-errno);
    while ((self->error = connect_to(self->fd, self->path)) == CORO_EAGAIN) {
        AWAIT(coro_sleep(self->pause));
        self->pause = self->pause * 2 < PAUSE_MAX ? self->pause * 2 : PAUSE_MAX;
    }
    if (self->error == 0)
        self->error = coro_stream_from_fd(&self->stream, self->fd);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->fd = -1;
    ASYNC_RETURN(self->stream);
  ASYNC_FINALLY:
    if (self->fd >= 0)
        coro_sys.close(self->fd);
    ASYNC_END;
}

coro_connecting *coro_open_unix_connection(const char *path)
{
    return (coro_connecting *)(void *)open_unix_connection(path);
}
