/* SPDX-License-Identifier: MIT */
/*
 * coro/file.h - files and folders, without stopping the loop.
 *
 *     AWAIT(self->fd, coro_file_open("log.txt", O_WRONLY | O_CREAT | O_APPEND, 0644));
 *     AWAIT(coro_file_write(self->fd, "hello\n", 6));
 *     AWAIT(coro_file_sync(self->fd));
 *   ASYNC_FINALLY:
 *     (void)coro_file_close(&self->fd);              // -1 is fine; it begins with -1
 *
 *     AWAIT(self->text, coro_read_file("config.ini", 65536));
 *     AWAIT(coro_write_file("state.json", self->data, self->size, 0644));
 *
 * The system has no "would block" for files: each call runs in one of four threads
 * that do nothing else, so that a slow disk holds up files, and nothing but files.
 * A file is its descriptor, of this page or of anybody's: a pipe would block a
 * thread, and has coro/stream.h.
 *
 * All arguments are borrowed until the await has ended. A cancelled await whose
 * call is still in line is over, and nothing was done; one that a thread is at work
 * on ends when the thread has let go of the caller's memory, with what the call
 * gave. The errors are the system's, as CORO_ENOENT and CORO_ENOSPC, and those of
 * coro_to_thread, as CORO_ENOMEM, by which nothing was done.
 *
 * Memory: a frame and a small block of the heap for each call. Threads: the loop's.
 */
#ifndef CORO_FILE_H
#define CORO_FILE_H

#include <coro/loop.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

struct stat;

/* --- a file ------------------------------------------------------------------------------- */

/* open(2): a descriptor that is the caller's; close-on-exec always. */
CORO_API CORO_NODISCARD coro_int *coro_file_open(const char *path, int flags, unsigned mode);

/*
 * Close it, and set *fd to -1; -1 is fine. Never suspends, never fails for memory:
 * 0, or what close(2) says, and closed it is in any case. Whether what was written
 * is on the disk says coro_file_sync. No await may be using it.
 */
CORO_API int coro_file_close(int *fd);

/* At the file's position, or at an offset: at least one byte, at most `size`; 0: the end. */
CORO_API CORO_NODISCARD coro_size *coro_file_read(int fd, void *buffer, size_t size);
CORO_API CORO_NODISCARD coro_size *coro_file_pread(int fd, void *buffer, size_t size,
                                                   int64_t offset);

/* All of it, however many calls that takes. Failed: a part may be written. */
CORO_API CORO_NODISCARD coro_void *coro_file_write(int fd, const void *data, size_t size);
CORO_API CORO_NODISCARD coro_void *coro_file_pwrite(int fd, const void *data, size_t size,
                                                    int64_t offset);

/* lseek(2): the new position, or a negative error. Never suspends. */
CORO_API int64_t coro_file_seek(int fd, int64_t offset, int whence);

/* ftruncate, fsync, fdatasync. */
CORO_API CORO_NODISCARD coro_void *coro_file_truncate(int fd, int64_t size);
CORO_API CORO_NODISCARD coro_void *coro_file_sync(int fd);
CORO_API CORO_NODISCARD coro_void *coro_file_datasync(int fd);

/* What the system knows of it, into *status: of a descriptor, of a path. */
CORO_API CORO_NODISCARD coro_void *coro_file_fstat(int fd, struct stat *status);
CORO_API CORO_NODISCARD coro_void *coro_file_stat(const char *path, struct stat *status);

/* --- paths -------------------------------------------------------------------------------- */

CORO_API CORO_NODISCARD coro_void *coro_file_rename(const char *from, const char *to);
CORO_API CORO_NODISCARD coro_void *coro_file_unlink(const char *path);

/* CORO_EEXIST: there is something already. */
CORO_API CORO_NODISCARD coro_void *coro_file_mkdir(const char *path, unsigned mode);

/* CORO_ENOTEMPTY: there is something in it. */
CORO_API CORO_NODISCARD coro_void *coro_file_rmdir(const char *path);

/* What is in a folder, but for "." and "..", sorted by name; one block of memory. */
typedef struct coro_file_list {
    size_t count;
    struct coro_file_entry {
        const char *name;
        unsigned char type; /* DT_REG, DT_DIR... of <dirent.h>; DT_UNKNOWN where not known */
    } *entries;
} coro_file_list;

/* What coro_list_folder gives. */
typedef struct CORO_MAY_ALIAS coro_file_listing {
    coro_header coro;
    coro_file_list *result;
} coro_file_listing;

/* A list of at most `limit` entries, which is the caller's: coro_file_list_free. CORO_ELIMIT: there
 * are more; CORO_ENOTDIR. */
CORO_API CORO_NODISCARD coro_file_listing *coro_list_folder(const char *path, size_t limit);

/* NULL is fine. Any thread. */
CORO_API void coro_file_list_free(coro_file_list *list);

/* --- whole files -------------------------------------------------------------------------- */

typedef struct coro_file_content {
    size_t size;
    char *data; /* with a '\0' behind it; in the same block of memory */
} coro_file_content;

/* What coro_read_file gives. */
typedef struct CORO_MAY_ALIAS coro_file_reading {
    coro_header coro;
    coro_file_content *result;
} coro_file_reading;

/* All of a file, which has `limit` bytes at most: CORO_ELIMIT. The content is the caller's:
 * coro_file_content_free. */
CORO_API CORO_NODISCARD coro_file_reading *coro_read_file(const char *path, size_t limit);

/* NULL is fine. Any thread. */
CORO_API void coro_file_content_free(coro_file_content *content);

/*
 * Make this the content of a file, or leave it as it was: a new file beside it is
 * written, brought to the disk, and renamed to it. Readers see the old or the new.
 */
CORO_API CORO_NODISCARD coro_void *coro_write_file(const char *path, const void *data,
                                                   size_t size, unsigned mode);

CORO_END_DECLS

#endif

#endif
