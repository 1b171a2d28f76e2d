/* SPDX-License-Identifier: MIT */
/*
 * coro/error.h - what can go wrong, as one number.
 *
 * 0 is success. An error is a negative CORO_E…, equal to -errno on Linux where
 * errno has the thing (the numbers are written out: small targets have no
 * <errno.h>); the others lie below -1000. CORO_ERRORS is the one list.
 */
#ifndef CORO_ERROR_H
#define CORO_ERROR_H

#include <coro/config.h>

#define CORO_ERRORS(X)                                                                             \
    X(EPERM, 1, "operation not permitted")                                                         \
    X(ENOENT, 2, "no such file or directory")                                                      \
    X(ESRCH, 3, "no such process")                                                                 \
    X(EINTR, 4, "interrupted by a signal")                                                         \
    X(EIO, 5, "input/output error")                                                                \
    X(E2BIG, 7, "argument list too long")                                                          \
    X(EBADF, 9, "bad file descriptor")                                                             \
    X(EAGAIN, 11, "would block")                                                                   \
    X(ENOMEM, 12, "out of memory")                                                                 \
    X(EACCES, 13, "permission denied")                                                             \
    X(EBUSY, 16, "another task is already doing this")                                             \
    X(EEXIST, 17, "file exists")                                                                   \
    X(ENODEV, 19, "no such device")                                                                \
    X(ENOTDIR, 20, "not a directory")                                                              \
    X(EISDIR, 21, "is a directory")                                                                \
    X(EINVAL, 22, "invalid argument")                                                              \
    X(EMFILE, 24, "too many open files")                                                           \
    X(EFBIG, 27, "file too large")                                                                 \
    X(ENOSPC, 28, "no space left on device")                                                       \
    X(EPIPE, 32, "the other side is closed")                                                       \
    X(ERANGE, 34, "out of range")                                                                  \
    X(EDEADLK, 35, "deadlock: nothing can wake the tasks that are left")                           \
    X(ENOSYS, 38, "not supported by this system")                                                  \
    X(ENOTEMPTY, 39, "directory not empty")                                                        \
    X(ELOOP, 40, "awaiting this would wait for itself")                                            \
    X(EPROTO, 71, "the other side breaks the rules of the protocol, or refuses us")                \
    X(EDESTADDRREQ, 89, "destination address required")                                            \
    X(EMSGSIZE, 90, "message too long")                                                            \
    X(EADDRINUSE, 98, "address already in use")                                                    \
    X(EADDRNOTAVAIL, 99, "address not available")                                                  \
    X(ECONNABORTED, 103, "connection aborted")                                                     \
    X(ECONNRESET, 104, "connection reset by peer")                                                 \
    X(ENOBUFS, 105, "no buffer space")                                                             \
    X(ENOTCONN, 107, "not connected")                                                              \
    X(ETIMEDOUT, 110, "timed out")                                                                 \
    X(ECONNREFUSED, 111, "connection refused")                                                     \
    X(EHOSTUNREACH, 113, "no route to host")                                                       \
    X(EALREADY, 114, "already done")                                                               \
    X(ECANCELED, 125, "cancelled")                                                                 \
    X(ECLOSED, 1001, "closed")                                                                     \
    X(EEMPTY, 1002, "the queue is empty")                                                          \
    X(EFULL, 1003, "the queue is full")                                                            \
    X(EPENDING, 1004, "not finished yet")                                                          \
    X(EFINISHED, 1005, "the group or block is finished")                                           \
    X(EINCOMPLETE, 1006, "end of stream before all bytes came")                                    \
    X(ELIMIT, 1007, "longer than the limit; the data is kept")                                     \
    X(ENAME, 1008, "name or service not known")                                                    \
    X(ENAMEAGAIN, 1009, "temporary failure in name resolution")                                    \
    X(EWRONGLOOP, 1010, "belongs to another loop")                                                 \
    X(ESTOPPED, 1011, "the loop was stopped before this was done")                                 \
    X(ELEAK, 1012, "memory was not given back")                                                    \
    X(EBROKEN, 1013, "the barrier is broken")                                                      \
    X(EEOF, 1014, "the end: nothing more will come")                                               \
    X(ELAGGED, 1015, "too slow: values were missed")                                               \
    X(ECRASHED, 1016, "the worker process ended before it answered")                               \
    X(ETRUNCATED, 1020, "cut off: the connection ended, and TLS had not said so")                  \
    X(EVERIFY, 1021, "the certificate of the other side is not believed")

enum {
#define CORO_ERROR_ENUM_(name, number, text) CORO_##name = -number,
    CORO_ERRORS(CORO_ERROR_ENUM_)
#undef CORO_ERROR_ENUM_
};

CORO_BEGIN_DECLS

/*
 * The sentence for an error; for a number that the list does not have, the
 * system's own sentence where there is a system. Never NULL. Any thread.
 */
CORO_API const char *coro_strerror(int error);

/* The name, "CORO_ETIMEDOUT"; NULL when the list does not have it. Any thread. */
CORO_API const char *coro_error_name(int error);

CORO_END_DECLS

#endif
