/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - standard streams, sizes and modes: what others find again as it was.
 *
 *     stdin is    a terminal, a pipe ─► opened once more: an open file of our own, non-blocking
 *                 a socket, a file   ─► duplicated: it needs no mark
 *                 neither will do    ─► duplicated and marked; at_exit takes the mark back
 *
 * What is to be put back when the program ends stands in tables of this file: their
 * owners may be gone by then.
 */
#define _GNU_SOURCE
#include <coro/terminal.h>

#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define RAW_MAX 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int flags_before[3] = {-1, -1, -1}; /* of a standard descriptor that we have marked */
static struct {
    int fd; /* plus 1; 0: free */
    struct termios before;
} raw[RAW_MAX];

static void put_back(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (flags_before[fd] >= 0)
            (void)coro_sys.fcntl(fd, F_SETFL, flags_before[fd]);
    for (unsigned i = 0; i < RAW_MAX; i++)
        if (raw[i].fd != 0)
            (void)coro_sys.tcsetattr(raw[i].fd - 1, TCSANOW, &raw[i].before);
}

static void arrange(void)
{
    (void)atexit(put_back);
}

static void arrange_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, arrange);
}

/* --- streams ------------------------------------------------------------------------------ */

/* An open file of our own. -1: there is no such thing. */
static int reopen(int fd, mode_t type, int direction)
{
    static const char *const paths[] = {"/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"};
    if (S_ISSOCK(type) || S_ISREG(type) || S_ISDIR(type) || S_ISBLK(type))
        return -1;
    return coro_sys.open(paths[fd], direction | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* The mark that others see. */
static int mark(int fd, int copy, int *before)
{
    int flags = coro_sys.fcntl(copy, F_GETFL);
    if (flags < 0 || coro_sys.fcntl(copy, F_SETFL, flags | O_NONBLOCK) != 0)
        return -errno;
    *before = flags & O_NONBLOCK ? -1 : flags;
    if (*before >= 0) {
        arrange_once();
        flags_before[fd] = flags;
    }
    return 0;
}

static int standard(coro_stream **stream, int fd, int direction)
{
    struct stat about;
    int copy, before = -1, error = 0;
    CORO_CHECK(coro_loop_current() != NULL, "a standard stream needs a running loop");
    if (coro_sys.fstat(fd, &about) != 0)
        return -errno;
    copy = reopen(fd, about.st_mode, direction);
    if (copy < 0) {
        copy = coro_sys.fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
            return -errno;
        if (S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode))
            error = mark(fd, copy, &before);
    }
    if (error == 0)
        error = coro_pipe_open(stream, NULL, copy);
    if (error == 0)
        coro_pipe_of(*stream)->flags_before = before;
    else
        coro_sys.close(copy);
    return error;
}

int coro_stream_stdin(coro_stream **stream)
{
    return standard(stream, 0, O_RDONLY);
}

int coro_stream_stdout(coro_stream **stream)
{
    return standard(stream, 1, O_WRONLY);
}

int coro_stream_stderr(coro_stream **stream)
{
    return standard(stream, 2, O_WRONLY);
}

/* --- size ----------------------------------------------------------------------------------- */

bool coro_terminal_is(int fd)
{
    struct termios mode;
    return coro_sys.tcgetattr(fd, &mode) == 0;
}

int coro_terminal_size(int fd, unsigned *rows, unsigned *columns)
{
    struct winsize size;
    if (coro_sys.ioctl(fd, TIOCGWINSZ, &size) != 0)
        return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int coro_terminal_set_size(int fd, unsigned rows, unsigned columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (rows > UINT16_MAX || columns > UINT16_MAX)
        return CORO_ERANGE;
    return coro_sys.ioctl(fd, TIOCSWINSZ, &size) == 0 ? 0 : -errno;
}

/* --- modes ---------------------------------------------------------------------------------- */

/* Where it stands in the table, or a free place; RAW_MAX: neither. Called with the lock. */
static unsigned place_of(int fd)
{
    unsigned place = RAW_MAX;
    for (unsigned i = RAW_MAX; i-- > 0;) {
        if (raw[i].fd == fd + 1)
            return i;
        place = raw[i].fd == 0 ? i : place;
    }
    return place;
}

static int make_raw(int fd)
{
    unsigned place = place_of(fd);
    struct termios mode;
    if (coro_sys.tcgetattr(fd, &mode) != 0)
        return -errno;
    if (place == RAW_MAX)
        return CORO_ENOBUFS;
    if (raw[place].fd == 0)
        raw[place].before = mode;
    cfmakeraw(&mode);
    if (coro_sys.tcsetattr(fd, TCSADRAIN, &mode) != 0)
        return -errno;
    raw[place].fd = fd + 1;
    return 0;
}

int coro_terminal_raw(int fd)
{
    int error;
    arrange_once();
    pthread_mutex_lock(&lock);
    error = make_raw(fd);
    pthread_mutex_unlock(&lock);
    return error;
}

bool coro_terminal_restore(int fd)
{
    unsigned place;
    bool was_raw;
    pthread_mutex_lock(&lock);
    place = place_of(fd);
    was_raw = place < RAW_MAX && raw[place].fd != 0;
    if (was_raw) {
        raw[place].fd = 0;
        (void)coro_sys.tcsetattr(fd, TCSADRAIN, &raw[place].before);
    }
    pthread_mutex_unlock(&lock);
    return was_raw;
}
