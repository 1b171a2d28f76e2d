/* SPDX-License-Identifier: MIT */
/*
 * test_names.c: from names to addresses and back: what is asked, kept and shared, and who may go
 * when.
 */
#define _GNU_SOURCE
#include "names_fixture.h"

SUITE(names);

/* --- what is asked, and kept -------------------------------------------------------------- */

ASYNC(fails_for_now, VARS(struct addrinfo *found; coro_nameinfo *name; coro_address address;
                          int error;))
{
    ASYNC_BEGIN;
    answers.code = EAI_AGAIN;
    AWAIT_CATCH(self->error, self->found, coro_getaddrinfo("some.test", "80", &tcp));
    EQ(self->error, CORO_ENAMEAGAIN);
    answers.code = EAI_NONAME;
    EQ(coro_address_parse(&self->address, "127.0.0.8:80", 0), 0);
    AWAIT_CATCH(self->error, self->name,
                coro_getnameinfo(coro_address_any(&self->address), self->address.size,
                                 NI_NAMEREQD));
    EQ(self->error, CORO_ENAME);
    ASYNC_END;
}

Test(names, errors_of_the_system_have_names)
{
    static const int codes[] = {EAI_NONAME, EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM, EAI_SERVICE};
    pretend_names();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        answers.code = codes[i];
        EQ(RUN_NET(finds("some.test", "80", &tcp)), 0);
    }
    SAID("CORO_ENAME CORO_ENAMEAGAIN CORO_ENOMEM CORO_EACCES CORO_ENAME ");
    EQ(RUN_NET(fails_for_now()), 0);
    answers.code = 0;
    answers.addresses = 0; /* success, and nothing */
    EQ(RUN_NET(finds("some.test", "80", &tcp)), 0);
    HOLDS(strcmp(said + strlen(said) - 11, "CORO_ENAME ") == 0);
}

/* Of a service's name a thread is asked; localhost is known all the same. */
Test(names, a_service_has_a_name_too)
{
    pretend_names();
    EQ(RUN_NET(finds("localhost", "no-such-service", &tcp4)), 0);
    EQ(RUN_NET(finds("127.0.0.1", "no-such-service", &tcp4)), 0);
    EQ(RUN_NET(finds(NULL, "no-such-service", &tcp4)), 0);
    SAID("CORO_ENAME CORO_ENAME CORO_ENAME ");
    EQ(answers.asked, 1);
    if (getservbyname("http", "tcp") != NULL) { /* not on each machine */
        EQ(RUN_NET(finds("localhost", "http", &tcp4)), 0);
        HOLDS(strstr(said, "127.0.0.1:80 ") != NULL);
    }
}

/* The system's getaddrinfo takes all but the last two for numbers of ports. */
Test(names, a_service_that_is_no_port_and_no_name_is_none)
{
    static const char *const services[] = {"65536", "99999999999999999999", "-1", "+80",
                                           " 80", "\t80", "80 ", "0x50"};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        EQ(RUN_NET(finds("127.0.0.1", services[i], &tcp)), 0);
    EQ(RUN_NET(finds("127.0.0.1", "065535", &tcp)), 0);
    SAID("CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME "
         "127.0.0.1:65535 ");
}

ASYNC(finds_often, VARS(int i;))
{
    ASYNC_BEGIN;
    AWAIT(finds("some.test", "80", &tcp));
    AWAIT(finds("SOME.test", "80", &tcp));
    EQ(answers.asked, 1);
    AWAIT(finds("some.test", "81", &tcp));
    AWAIT(finds("some.test", "80", &tcp4));
    AWAIT(finds("some.test", "80", NULL));
    AWAIT(finds("other.test", "80", &tcp));
    EQ(answers.asked, 5);
    AWAIT(coro_sleep(CORO_SECONDS(9)));
    AWAIT(finds("some.test", "80", &tcp));
    EQ(answers.asked, 5);
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    AWAIT(finds("some.test", "80", &tcp));
    EQ(answers.asked, 6);
    coro_names_forget(coro_loop_current());
    AWAIT(finds("some.test", "80", &tcp));
    EQ(answers.asked, 7);
    answers.code = EAI_NONAME;
    AWAIT(finds("nobody.test", "80", &tcp));
    AWAIT(finds("nobody.test", "80", &tcp));
    EQ(answers.asked, 9);
    ASYNC_END;
}

/* The clock of the simulation stands while threads are at work, and jumps when all sleep. */
static int run_virtual(coro_header *call)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL},
                                 .backend = coro_backend_named("sim")};
    int error;
    EQ(coro_loop_init(&loop, &options), 0);
    error = coro_loop_run_until_complete_(&loop, call);
    close_loop();
    return error;
}

Test(names, an_answer_is_kept_for_ten_seconds_and_an_error_is_not)
{
    pretend_names();
    EQ(run_virtual(&finds_often()->coro), 0);
}

ASYNC(finds_many, VARS(int i; char host[32];))
{
    ASYNC_BEGIN;
    for (; self->i < 70; self->i++) {
        snprintf(self->host, sizeof self->host, "host%d.test", self->i);
        AWAIT(finds(self->host, "80", &tcp));
    }
    EQ(answers.asked, 70);
    AWAIT(finds("host69.test", "80", &tcp));
    AWAIT(finds("host6.test", "80", &tcp));
    EQ(answers.asked, 70);
    AWAIT(finds("host5.test", "80", &tcp)); /* one of the oldest: it had to go */
    EQ(answers.asked, 71);
    coro_names_forget(coro_loop_current());
    ASYNC_END;
}

Test(names, the_cache_holds_64_answers_and_drops_the_oldest)
{
    pretend_names();
    EQ(run_virtual(&finds_many()->coro), 0);
}

ASYNC(forgets_nothing)
{
    ASYNC_BEGIN;
    coro_names_forget(coro_loop_current());
    ASYNC_END;
}

Test(names, a_loop_that_never_asked_has_nothing_to_forget)
{
    EQ(RUN_NET(forgets_nothing()), 0);
}

/* --- what is shared ----------------------------------------------------------------------- */

/* Wait until so many threads are inside of the system. */
ASYNC(until_inside, ARGS(int, count))
{
    ASYNC_BEGIN;
    while (atomic_load(&answers.inside) != self->count)
        AWAIT(coro_sleep(CORO_MS(1)));
    ASYNC_END;
}

ASYNC(asks_together, VARS(coro_group group;))
{
    ASYNC_BEGIN;
    answers.blocked = 1;
    CORO_GROUP(self->group) {
        for (int i = 0; i < 5; i++)
            coro_group_create_task(&self->group, finds(i % 2 ? "some.test" : "Some.Test", "80",
                                                       &tcp));
        AWAIT(until_inside(1));
        answers.blocked = 0;
    }
    ASYNC_END;
}

Test(names, who_asks_the_same_shares_the_answer)
{
    pretend_names();
    EQ(RUN_NET(asks_together()), 0);
    SAID("127.0.1.1:80 127.0.1.1:80 127.0.1.1:80 127.0.1.1:80 127.0.1.1:80 ");
    EQ(answers.asked, 1);
}

Test(names, who_asks_the_same_shares_the_error_too)
{
    pretend_names();
    answers.code = EAI_AGAIN;
    EQ(RUN_NET(asks_together()), 0);
    SAID("CORO_ENAMEAGAIN CORO_ENAMEAGAIN CORO_ENAMEAGAIN CORO_ENAMEAGAIN CORO_ENAMEAGAIN ");
    EQ(answers.asked, 1);
}

ASYNC(goes_away, VARS(coro_task *tasks[3]; int i;))
{
    ASYNC_BEGIN;
    answers.blocked = 1;
    for (int i = 0; i < 3; i++)
        self->tasks[i] = coro_create_task(finds("some.test", "80", &tcp));
    AWAIT(until_inside(1));
    coro_task_cancel(self->tasks[0]);
    AWAIT(coro_task_join(self->tasks[0]));
    SAID("CORO_ECANCELED ");
    coro_task_cancel(self->tasks[2]);
    AWAIT(coro_task_join(self->tasks[2]));
    answers.blocked = 0;
    AWAIT(coro_task_join(self->tasks[1]));
    SAID("CORO_ECANCELED CORO_ECANCELED 127.0.1.1:80 ");
    EQ(answers.asked, 1);
  ASYNC_FINALLY:
    for (int i = 0; i < 3; i++)
        coro_task_release(self->tasks[i]);
    ASYNC_END;
}

Test(names, who_goes_away_leaves_the_question_to_the_others)
{
    pretend_names();
    EQ(RUN_NET(goes_away()), 0);
}

ASYNC(all_go_away, VARS(coro_task *tasks[2]; int i;))
{
    ASYNC_BEGIN;
    answers.blocked = 1;
    for (int i = 0; i < 2; i++)
        self->tasks[i] = coro_create_task(finds("some.test", "80", &tcp));
    AWAIT(until_inside(1));
    for (self->i = 0; self->i < 2; self->i++) {
        coro_task_cancel(self->tasks[self->i]);
        AWAIT(coro_task_join(self->tasks[self->i]));
        coro_task_release(self->tasks[self->i]);
    }
    self->tasks[0] = coro_create_task(finds("some.test", "80", &tcp));
    AWAIT(until_inside(2)); /* it is asked anew, beside the one that was left */
    answers.blocked = 0;
    AWAIT(coro_task_join(self->tasks[0]));
    coro_task_release(self->tasks[0]);
    SAID("CORO_ECANCELED CORO_ECANCELED 127.0.1.1:80 ");
    EQ(answers.asked, 2);
    ASYNC_END;
}

Test(names, when_all_have_gone_away_the_question_is_forgotten)
{
    pretend_names();
    EQ(RUN_NET(all_go_away()), 0);
}

/* The answer is on its way into the loop when the last one goes. */
ASYNC(goes_too_late, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(finds("some.test", "80", &tcp));
    AWAIT(coro_yield());
    while (atomic_load(&answers.asked) == 0 || atomic_load(&answers.inside) > 0)
        usleep(1000);
    usleep(20000);
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    SAID("CORO_ECANCELED ");
    ASYNC_END;
}

Test(names, an_answer_that_comes_for_nobody_is_dropped)
{
    pretend_names();
    EQ(RUN_NET(goes_too_late()), 0);
}

static int refused;

ASYNC(finds_nothing, ARGS(const char *, host), VARS(struct addrinfo *found; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->found, coro_getaddrinfo(self->host, "80", &tcp));
    HOLDS(self->error == CORO_EFULL || self->error == CORO_ENAME);
    refused += self->error == CORO_EFULL;
    ASYNC_END;
}

ASYNC(too_many, VARS(coro_task *tasks[1030]; int i; char hosts[1030][24];))
{
    ASYNC_BEGIN;
    answers.blocked = 1;
    for (int i = 0; i < 1030; i++) {
        snprintf(self->hosts[i], sizeof self->hosts[i], "host%d.test", i);
        self->tasks[i] = coro_create_task(finds_nothing(self->hosts[i]));
    }
    AWAIT(until_inside(2));
    answers.blocked = 0;
    for (; self->i < 1030; self->i++) {
        AWAIT(coro_task_join(self->tasks[self->i]));
        coro_task_release(self->tasks[self->i]);
    }
    HOLDS(refused >= 4 && refused <= 6); /* the threads may have taken two of them */
    ASYNC_END;
}

Test(names, too_many_questions_are_refused)
{
    pretend_names();
    answers.code = EAI_NONAME;
    EQ(RUN_NET(too_many()), 0);
}

/* --- names of addresses ------------------------------------------------------------------- */

ASYNC(names, ARGS(const char *, text, int, flags),
      VARS(coro_address address; coro_nameinfo *name; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_address_parse(&self->address, self->text, 0), 0);
    AWAIT_CATCH(self->error, self->name,
                coro_getnameinfo(coro_address_any(&self->address), self->address.size,
                                 self->flags));
    if (self->error != 0)
        say("%s ", coro_error_name(self->error));
    else
        say("%s %s ", self->name->host, self->name->service);
  ASYNC_FINALLY:
    coro_freenameinfo(self->name);
    ASYNC_END;
}

Test(names, an_address_has_a_name_or_is_a_number)
{
    enum { NUMBERS = NI_NUMERICHOST | NI_NUMERICSERV };
    pretend_names();
    EQ(RUN_NET(names("127.0.0.1:80", NUMBERS)), 0);
    EQ(RUN_NET(names("[::1]:80", NUMBERS)), 0);
    EQ(RUN_NET(names("127.0.0.1:80", NI_NUMERICSERV)), 0);
    EQ(RUN_NET(names("[::1]:80", NI_NUMERICSERV)), 0);
    SAID("127.0.0.1 80 ::1 80 localhost 80 localhost 80 ");
    EQ(answers.asked, 0);
    EQ(RUN_NET(names("127.0.0.1:47", 0)), 0); /* a service's name: a thread is asked */
    EQ(RUN_NET(names("127.0.0.9:80", NI_NUMERICSERV)), 0);
    HOLDS(strstr(said, "localhost 47 somebody.test 80 ") != NULL);
    EQ(answers.asked, 1);
    pretend_hosts("127.0.0.9 \n127.0.0.9 nine ninth\n::1 six\n");
    EQ(RUN_NET(names("127.0.0.9:80", NI_NUMERICSERV)), 0);
    EQ(RUN_NET(names("[::1]:80", NI_NUMERICSERV)), 0);
    HOLDS(strstr(said, "nine 80 six 80 ") != NULL);
    answers.code = EAI_NONAME;
    EQ(RUN_NET(names("127.0.0.8:80", NI_NAMEREQD)), 0);
    HOLDS(strstr(said, "CORO_ENAME ") != NULL);
    unlink(hosts_path);
}

ASYNC(names_nothing, VARS(coro_address address; coro_nameinfo *name; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->name, coro_getnameinfo(coro_address_any(&self->address), 0, 0));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, self->name,
                coro_getnameinfo(coro_address_any(&self->address), 4096, 0));
    EQ(self->error, CORO_EINVAL);
    ASYNC_END;
}

Test(names, an_address_of_an_impossible_size_is_refused)
{
    EQ(RUN_NET(names_nothing()), 0);
}

/* --- without memory ----------------------------------------------------------------------- */

ASYNC(finds_or_throws, VARS(struct addrinfo *found; coro_nameinfo *name; coro_address address;))
{
    ASYNC_BEGIN;
    AWAIT(self->found, coro_getaddrinfo("some.test", "80", &tcp));
    EQ(coro_address_parse(&self->address, "127.0.0.9:80", 0), 0);
    AWAIT(self->name, coro_getnameinfo(coro_address_any(&self->address), self->address.size,
                                       NI_NUMERICSERV));
    EQ(answers.asked, 2);
  ASYNC_FINALLY:
    coro_freeaddrinfo(self->found);
    coro_freenameinfo(self->name);
    ASYNC_END;
}

Test(names, a_question_without_memory_is_none)
{
    int error = CORO_ENOMEM;
    pretend_names();
    for (size_t n = 1; error != 0; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        answers.asked = 0;
        error = RUN_NET(finds_or_throws());
        HOLDS(error == 0 || error == CORO_ENOMEM);
    }
    EQ(memory.failed, 0);
}

/* A task that stands at a name when its loop is closed. */
ASYNC(never_ends)
{
    ASYNC_BEGIN;
    answers.blocked = 1;
    coro_task_release(coro_create_task(finds("some.test", "80", &tcp)));
    AWAIT(until_inside(1));
    ASYNC_END;
}

Test(names, a_loop_closes_while_a_thread_is_at_work)
{
    pretend_names();
    EQ(RUN_NET(never_ends()), 0);
    SAID("CORO_ECANCELED ");
    answers.blocked = 0;
    while (atomic_load(&answers.inside) > 0)
        usleep(1000);
    usleep(50000); /* the thread comes back to a loop that is gone */
}
