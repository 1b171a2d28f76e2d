/* SPDX-License-Identifier: MIT */
/*
 * test_howto_debug.c: the program of doc/howto/debug.md stands here, and says what is written
 * there.
 *
 * Between the two #line it is stuck.c, so that its lines are those of the page.
 */
#include "debug_fixture.h"

#include <coro/lock.h>

SUITE(howto_debug);

#line 1 "stuck.c"
static coro_lock stock = CORO_LOCK_INIT, till = CORO_LOCK_INIT;

ASYNC(move, ARGS(coro_lock *, from, coro_lock *, to),
      VARS(coro_guard first; coro_guard second;))
{
    ASYNC_BEGIN;
    CORO_LOCKED(self->first, self->from) {
        AWAIT(coro_sleep(CORO_MS(10)));
        CORO_LOCKED(self->second, self->to) {
            puts("moved");
        }
    }
    ASYNC_END;
}

ASYNC(shop, VARS(coro_group group; coro_task *task;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        self->task = coro_group_create_task(&self->group, move(&stock, &till));
        coro_task_set_name(self->task, "sell");
        self->task = coro_group_create_task(&self->group, move(&till, &stock));
        coro_task_set_name(self->task, "refund");
    }
    ASYNC_END;
}
#line 42 "test_howto_debug.c"

static char page[16384], source[16384];

static void load(char *text, size_t room, const char *name)
{
    char path[1024];
    FILE *file;
    size_t size;
    const char *root = getenv("CORO_SOURCE");
    snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", name);
    file = fopen(path, "r");
    cr_assert(ne(ptr, file, NULL), "%s is not there", path);
    size = fread(text, 1, room - 1, file);
    HOLDS(size > 0 && size < room - 1);
    text[size] = '\0';
    fclose(file);
}

/* Addresses differ from run to run: on the page they are 0x... */
static void hide_addresses(char *text)
{
    char *to = text;
    while (*text != '\0') {
        if (text[0] != '0' || text[1] != 'x') {
            *to++ = *text++;
            continue;
        }
        text += 2 + strspn(text + 2, "0123456789abcdef");
        memcpy(to, "0x...", 5); /* which is shorter */
        to += 5;
    }
    *to = '\0';
}

Test(howto_debug, the_page_shows_this_program)
{
    char *begin, *end;
    load(page, sizeof page, "doc/howto/debug.md");
    load(source, sizeof source, "test/test_howto_debug.c");
    begin = strstr(source, "#line 1 \"stuck.c\"\n");
    HOLDS(begin != NULL);
    begin = strchr(begin, '\n') + 1;
    end = strstr(begin, "#line");
    HOLDS(end != NULL);
    *end = '\0';
    has(page, "```c\n%s", begin);
}

Test(howto_debug, the_page_shows_what_it_says)
{
    char *end;
    virtual_now = 0;
    load(page, sizeof page, "doc/howto/debug.md");
    EQ(RUN_WATCHED(shop()), CORO_EDEADLK);
    end = strstr(reported, "coro: shop: had not ended");
    HOLDS(end != NULL);
    *end = '\0';
    hide_addresses(reported);
    cr_assert(ne(ptr, strstr(page, reported), NULL), "the page does not show:\n%s", reported);
}
