/* SPDX-License-Identifier: MIT */
/*
 * coro/watch_path.h - be told what happens to a file, or in a folder.
 *
 *     error = coro_path_watch_open(&self->watch, "inbox");
 *     for (;;) {
 *         AWAIT(coro_path_watch_next(self->watch, &self->event));
 *         if (self->event.kind == CORO_PATH_CREATED)
 *             printf("new: %s\n", self->event.name);
 *     }
 *   ASYNC_FINALLY:
 *     coro_path_watch_close(&self->watch);
 *
 * What happens from the open on is kept by the system, in order, until it is asked
 * for; when that is too much it says CORO_PATH_OVERFLOW, and the folder has to be
 * looked at anew. Of a folder: what is in it, not what is below that. One name
 * that becomes another in the same folder is one event.
 *
 * Several changes of one kind in a row may be one event. Who looks at a file when it
 * is told of it may see what later events will tell.
 *
 * Memory: a block of the loop's pool. Threads: the loop's.
 */
#ifndef CORO_WATCH_PATH_H
#define CORO_WATCH_PATH_H

#include <coro/loop.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_path_watch coro_path_watch;

typedef enum coro_path_kind {
    CORO_PATH_CREATED = 1, /* or moved to here from elsewhere */
    CORO_PATH_MODIFIED,    /* its content */
    CORO_PATH_WRITTEN,     /* closed by one who may have written: it is whole now, perhaps */
    CORO_PATH_CHANGED,     /* its owner, mode, times */
    CORO_PATH_MOVED,       /* `from` became `name` */
    CORO_PATH_DELETED,     /* or moved to elsewhere */
    CORO_PATH_GONE,        /* what is watched itself: deleted, moved, or on a disk that is gone */
    CORO_PATH_OVERFLOW     /* events were lost */
} coro_path_kind;

enum { CORO_PATH_NAME_MAX = 255 };

typedef struct coro_path_event {
    coro_path_kind kind;
    bool is_folder;
    char name[CORO_PATH_NAME_MAX + 1]; /* in the folder; "": what is watched itself */
    char from[CORO_PATH_NAME_MAX + 1]; /* of CORO_PATH_MOVED, else "" */
} coro_path_event;

/*
 * Watch from now on. 0; CORO_ENOENT, or what else the system says of the path;
 * CORO_ENOSPC: too many watches; CORO_EMFILE; CORO_ENOMEM. The watch is the caller's:
 * coro_path_watch_close. Never suspends. Needs a running loop.
 */
CORO_API CORO_NODISCARD int coro_path_watch_open(coro_path_watch **watch, const char *path);

/*
 * The next event, into *event, which is borrowed until the await has ended. Suspends
 * until there is one. CORO_EBUSY: another task waits here; CORO_ECLOSED: closed
 * meanwhile, or NULL; CORO_EEOF: after CORO_PATH_GONE nothing more will come;
 * CORO_EWRONGLOOP. Cancelled: no event is lost.
 */
CORO_API CORO_NODISCARD coro_void *coro_path_watch_next(coro_path_watch *watch,
                                                        coro_path_event *event);

/* Stop, and set *watch to NULL; who waits gets CORO_ECLOSED. NULL is fine. Never suspends. */
CORO_API void coro_path_watch_close(coro_path_watch **watch);

CORO_END_DECLS

#endif

#endif
