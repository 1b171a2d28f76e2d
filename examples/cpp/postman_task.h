/* SPDX-License-Identifier: MIT */
/* postman_task.h - a coroutine, for C and C++: what both see of it. */
#ifndef POSTMAN_TASK_H
#define POSTMAN_TASK_H

#include <coro/queue.h>
#include <coro/task.h>

CORO_BEGIN_DECLS

typedef void (*letter_reader)(void *context, const char *letter);

/* Takes one letter (a char *) after the other out of the bag, and brings it to `read`, which takes
 * 100 ms. Ends when the bag is shut down and empty: how many there were. */
ASYNC_DECLARE(deliver, RETURNS(int),
              ARGS(coro_queue *, bag, letter_reader, read, void *, context),
              VARS(const char *letter; int error, count;));

CORO_END_DECLS

#endif
