/* SPDX-License-Identifier: MIT */
/*
 * file.c - coro_file_…: a system call each, in a thread.
 *
 *     call ─► a frame with the arguments ─► run_in_executor ─► run(arguments) ─► result
 *
 * The arguments are in the awaiting frame, which lasts until the thread has let go
 * of them: an executor's await outlasts a cancel. Whole files and folders are
 * file_whole.c.
 */
#define _GNU_SOURCE
#include "file.h"

#include "thread/thread.h"

#include <errno.h>
#include <stdlib.h>

#define THREADS 4
#define QUEUE 1024

/* --- the way to a thread and back --------------------------------------------------------- */

static coro_executor *files_of(coro_loop *loop)
{
    static const char purpose[] = "files";
    return coro_loop_executor(loop, purpose, THREADS, QUEUE);
}

static int work(void *argument, void **result)
{
    coro_file_work *self = argument;
    (void)result;
    return self->run(self);
}

ASYNC(run_work, ARGS(coro_file_work *, work), VARS(coro_executor *files; void *unused;))
{
    ASYNC_BEGIN;
    self->files = files_of(coro_driver_->loop);
    if (self->files == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(self->unused, coro_run_in_executor(self->files, work, self->work));
    ASYNC_END;
}

/* One for each type of result; what a call gives has to be its coroutine's. */

ASYNC(file_void, ARGS(coro_file_work, work))
{
    ASYNC_BEGIN;
    AWAIT(run_work(&self->work));
    ASYNC_END;
}

ASYNC(file_size, RETURNS(size_t), ARGS(coro_file_work, work))
{
    ASYNC_BEGIN;
    AWAIT(run_work(&self->work));
    ASYNC_RETURN(self->work.count);
    ASYNC_END;
}

static void close_dropped(int fd)
{
    (void)coro_file_close(&fd);
}

ASYNC(file_int, RETURNS(int, close_dropped), ARGS(coro_file_work, work))
{
    ASYNC_BEGIN;
    AWAIT(run_work(&self->work));
    ASYNC_RETURN(self->work.fd);
    ASYNC_END;
}

ASYNC(file_pointer, RETURNS(void *, free), ARGS(coro_file_work, work))
{
    ASYNC_BEGIN;
    AWAIT(run_work(&self->work));
    ASYNC_RETURN(self->work.made);
    ASYNC_END;
}

coro_void *coro_file_do(const coro_file_work *self)
{
    return (coro_void *)(void *)file_void(*self);
}

coro_pointer *coro_file_make(const coro_file_work *self)
{
    return (coro_pointer *)(void *)file_pointer(*self);
}

#define DO(...) coro_file_do(&(coro_file_work){__VA_ARGS__})
#define SIZE_OF(...) ((coro_size *)(void *)file_size((coro_file_work){__VA_ARGS__}))

/* --- a file ------------------------------------------------------------------------------- */

/* Again when a signal has interrupted it: in our threads none does, but who knows. */
#define RETRY(result, call)                                                                        \
    do                                                                                             \
        (result) = (call);                                                                         \
    while ((result) < 0 && errno == EINTR)

static int run_open(coro_file_work *self)
{
    RETRY(self->fd, coro_sys.open(self->path, self->flags | O_CLOEXEC, (mode_t)self->mode));
    return self->fd < 0 ? -errno : 0;
}

coro_int *coro_file_open(const char *path, int flags, unsigned mode)
{
    return (coro_int *)(void *)file_int(
        (coro_file_work){.run = run_open, .path = path, .flags = flags, .mode = mode});
}

int coro_file_close(int *fd)
{
    int old = *fd;
    *fd = -1;
    return old < 0 || coro_sys.close(old) == 0 ? 0 : -errno;
}

static int run_read(coro_file_work *self)
{
    ssize_t count;
    if (self->offset < 0)
        RETRY(count, coro_sys.read(self->fd, self->buffer, self->size));
    else
        RETRY(count, coro_sys.pread(self->fd, self->buffer, self->size, (off_t)self->offset));
    self->count = count > 0 ? (size_t)count : 0;
    return count < 0 ? -errno : 0;
}

coro_size *coro_file_read(int fd, void *buffer, size_t size)
{
    return SIZE_OF(.run = run_read, .fd = fd, .buffer = buffer, .size = size, .offset = -1);
}

static int run_invalid(coro_file_work *self)
{
    (void)self;
    return CORO_EINVAL;
}

coro_size *coro_file_pread(int fd, void *buffer, size_t size, int64_t offset)
{
    return SIZE_OF(.run = offset < 0 ? run_invalid : run_read, .fd = fd, .buffer = buffer,
                   .size = size, .offset = offset);
}

int coro_file_write_all(coro_file_work *self)
{
    const char *data = self->buffer;
    for (size_t done = 0; done < self->size;) {
        ssize_t count;
        if (self->offset < 0)
            RETRY(count, coro_sys.write(self->fd, data + done, self->size - done));
        else
            RETRY(count, coro_sys.pwrite(self->fd, data + done, self->size - done,
                                         (off_t)self->offset + (off_t)done));
        if (count <= 0)
            return count < 0 ? -errno : CORO_EIO; /* no file takes nothing without a reason */
        done += (size_t)count;
    }
    return 0;
}

coro_void *coro_file_write(int fd, const void *data, size_t size)
{
    return DO(.run = coro_file_write_all, .fd = fd, .buffer = (void *)(uintptr_t)data,
              .size = size, .offset = -1);
}

coro_void *coro_file_pwrite(int fd, const void *data, size_t size, int64_t offset)
{
    return DO(.run = offset < 0 ? run_invalid : coro_file_write_all, .fd = fd,
              .buffer = (void *)(uintptr_t)data, .size = size, .offset = offset);
}

int64_t coro_file_seek(int fd, int64_t offset, int whence)
{
    off_t at = coro_sys.lseek(fd, (off_t)offset, whence);
    return at < 0 ? -errno : (int64_t)at;
}

static int run_truncate(coro_file_work *self)
{
    int result;
    RETRY(result, coro_sys.ftruncate(self->fd, (off_t)self->offset));
    return result < 0 ? -errno : 0;
}

coro_void *coro_file_truncate(int fd, int64_t size)
{
    return DO(.run = run_truncate, .fd = fd, .offset = size);
}

static int run_sync(coro_file_work *self)
{
    int result;
    RETRY(result, coro_sys.fsync(self->fd));
    return result < 0 ? -errno : 0;
}

coro_void *coro_file_sync(int fd)
{
    return DO(.run = run_sync, .fd = fd);
}

static int run_datasync(coro_file_work *self)
{
    int result;
    RETRY(result, coro_sys.fdatasync(self->fd));
    return result < 0 ? -errno : 0;
}

coro_void *coro_file_datasync(int fd)
{
    return DO(.run = run_datasync, .fd = fd);
}

/* --- paths -------------------------------------------------------------------------------- */

static int run_fstat(coro_file_work *self)
{
    return coro_sys.fstat(self->fd, self->buffer) < 0 ? -errno : 0;
}

coro_void *coro_file_fstat(int fd, struct stat *status)
{
    return DO(.run = run_fstat, .fd = fd, .buffer = status);
}

static int run_stat(coro_file_work *self)
{
    return coro_sys.stat(self->path, self->buffer) < 0 ? -errno : 0;
}

coro_void *coro_file_stat(const char *path, struct stat *status)
{
    return DO(.run = run_stat, .path = path, .buffer = status);
}

static int run_rename(coro_file_work *self)
{
    return coro_sys.rename(self->path, self->other) < 0 ? -errno : 0;
}

coro_void *coro_file_rename(const char *from, const char *to)
{
    return DO(.run = run_rename, .path = from, .other = to);
}

static int run_unlink(coro_file_work *self)
{
    return coro_sys.unlink(self->path) < 0 ? -errno : 0;
}

coro_void *coro_file_unlink(const char *path)
{
    return DO(.run = run_unlink, .path = path);
}

static int run_mkdir(coro_file_work *self)
{
    return coro_sys.mkdir(self->path, (mode_t)self->mode) < 0 ? -errno : 0;
}

coro_void *coro_file_mkdir(const char *path, unsigned mode)
{
    return DO(.run = run_mkdir, .path = path, .mode = mode);
}

static int run_rmdir(coro_file_work *self)
{
    return coro_sys.rmdir(self->path) < 0 ? -errno : 0;
}

coro_void *coro_file_rmdir(const char *path)
{
    return DO(.run = run_rmdir, .path = path);
}
