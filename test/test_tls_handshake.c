/* SPDX-License-Identifier: MIT */
/* How a handshake goes, what both agree on, and how it fails. In memory, on the virtual clock. */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/task.h>

TestSuite(tls_handshake, .timeout = TEST_TIMEOUT_S, .init = make_world, .fini = end_world);



/* --- its beginning ------------------------------------------------------------------------ */

ASYNC(nameless, VARS(coro_stream *before; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    self->before = ends.client;
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, NULL));
    EQ(self->error, CORO_EINVAL);
    HOLDS(ends.client == self->before); /* it is as it was */
    ends.options.server_name = "";
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, &ends.options));
    EQ(self->error, CORO_EINVAL);
    AWAIT(close_ends());
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, NULL));
    EQ(self->error, CORO_ECLOSED);
    ASYNC_END;
}

Test(tls_handshake, does_not_begin_without_knowing_whom_to_expect)
{
    EQ(RUN(nameless()), 0);
}

/* A name of the DNS has 255 bytes at most. */
ASYNC(long_name, VARS(char name[257]; coro_stream *before; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    self->before = ends.client;
    memset(self->name, 'a', sizeof self->name - 1);
    self->name[sizeof self->name - 1] = '\0';
    ends.options = (coro_tls_options){
        .server_name = self->name, .reason = reason, .reason_size = sizeof reason};
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, &ends.options));
    EQ(self->error, CORO_EINVAL);
    HOLDS(strstr(reason, "no name of a server: \"aaaa") == reason);
    HOLDS(ends.client == self->before);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_handshake, does_not_begin_with_a_name_that_no_server_can_have)
{
    EQ(RUN(long_name()), 0);
}

ASYNC(busy, VARS(coro_task *task; size_t n; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    self->task = coro_create_task(coro_stream_read(ends.server, heard_bytes, 10));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_start_tls(&ends.server, server_context, NULL));
    EQ(self->error, CORO_EBUSY);
    AWAIT(coro_stream_write(ends.client, "abc", 3));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_handshake, does_not_begin_while_a_task_reads)
{
    EQ(RUN(busy()), 0);
}

/* --- what both agree on ------------------------------------------------------------------- */

ASYNC(agreed, ARGS(const char *, version, const char *, alpn), VARS(char text[100];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    AWAIT(shake_hands());
    cr_assert(eq(int, ends.client_error, 0), "%s", ends.why);
    HOLDS(coro_stream_is_tls(ends.client));
    cr_expect(eq(str, TEXT(coro_tls_version(ends.client)), TEXT(self->version)));
    HOLDS(strstr(coro_tls_cipher(ends.server), "AES") != NULL ||
          strstr(coro_tls_cipher(ends.server), "CHACHA") != NULL);
    HOLDS(coro_tls_alpn(ends.client) == NULL ? self->alpn == NULL
                                             : strcmp(coro_tls_alpn(ends.client), self->alpn) == 0);
    HOLDS(coro_tls_alpn(ends.server) == NULL ? self->alpn == NULL
                                             : strcmp(coro_tls_alpn(ends.server), self->alpn) == 0);
    cr_expect(eq(str, TEXT(coro_tls_server_name(ends.server)), TEXT("localhost")));
    EQ(coro_tls_peer_subject(ends.client, self->text, sizeof self->text), 0);
    cr_expect(eq(str, self->text, TEXT("CN=a server")));
    EQ(coro_tls_peer_subject(ends.server, self->text, sizeof self->text), CORO_ENOENT);
    EQ(coro_tls_peer_fingerprint(ends.server, (unsigned char *)self->text), CORO_ENOENT);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_handshake, speaks_the_newest_version_that_both_have)
{
    EQ(RUN(agreed("TLSv1.3", NULL)), 0);
    TRUST(.max_version = CORO_TLS_1_2);
    EQ(RUN(agreed("TLSv1.2", NULL)), 0);
}

Test(tls_handshake, has_no_version_in_common)
{
    TRUST(.max_version = CORO_TLS_1_2);
    coro_tls_context_release(server_context);
    server_context = NEW_SERVER(.min_version = CORO_TLS_1_3);
    shake();
    EQ(ends.client_error, CORO_EPROTO);
    EQ(ends.server_error, CORO_EPROTO);
    HOLDS(strstr(ends.why, "version") != NULL);
}

Test(tls_handshake, the_server_chooses_the_protocol_above)
{
    TRUST(.alpn = "http/1.1,h2");
    EQ(RUN(agreed("TLSv1.3", NULL)), 0); /* it has no opinion */
    coro_tls_context_release(server_context);
    server_context = NEW_SERVER(.alpn = "h2,http/1.1");
    EQ(RUN(agreed("TLSv1.3", "h2")), 0);
    TRUST(.alpn = "gopher,http/1.1");
    EQ(RUN(agreed("TLSv1.3", "http/1.1")), 0);
    TRUST(.alpn = "gopher");
    shake();
    EQ(ends.client_error, CORO_EPROTO);
    EQ(ends.server_error, CORO_EPROTO);
}

static coro_tls_context *others[2];
static char asked_for[100];

static coro_tls_context *choose(void *context, const char *name)
{
    HOLDS(context == others);
    snprintf(asked_for, sizeof asked_for, "%s", name);
    return strcmp(name, "localhost") == 0 ? others[0] : strcmp(name, "") == 0 ? others[1] : NULL;
}

Test(tls_handshake, a_server_has_a_context_for_each_name)
{
    identity second;
    others[0] = server_context;
    make_identity(&second, "by address", "IP:127.0.0.1", &ca);
    others[1] = NEW_SERVER(.certificate_file = second.file);
    server_context = NEW_SERVER(.choose = choose, .choose_context = others);
    EQ(RUN(agreed("TLSv1.3", NULL)), 0);
    cr_expect(eq(str, asked_for, TEXT("localhost")));
    ends.options.server_name = "127.0.0.1"; /* no name is told */
    shake();
    EQ(ends.client_error, 0);
    cr_expect(eq(str, asked_for, TEXT("")));
    ends.options.server_name = "unknown.example";
    shake();
    EQ(ends.client_error, CORO_EPROTO);
    HOLDS(strstr(ends.why, "unrecognized name") != NULL);
    coro_tls_context_release(others[0]);
    coro_tls_context_release(others[1]);
    free_identity(&second);
}

Test(tls_handshake, a_chosen_context_decides_about_certificates_of_clients)
{
    ask_client(CORO_TLS_VERIFY_REQUIRED);
    others[0] = server_context;
    server_context = NEW_SERVER(.choose = choose, .choose_context = others);
    shake();
    EQ(ends.server_error, CORO_EVERIFY);
    coro_tls_context_release(others[0]);
}

/* --- sessions ----------------------------------------------------------------------------- */

/* One connection, and what is needed to go on with its session. */
ASYNC(visit, ARGS(coro_tls_session **, session, bool, is_reused))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    ends.options.session = *self->session;
    AWAIT(shake_hands());
    cr_assert(eq(int, ends.client_error, 0), "%s", ends.why);
    AWAIT(coro_stream_write(ends.server, "hello", 5));
    AWAIT(coro_stream_read_exactly(ends.client, heard_bytes, 5));
    EQ(coro_tls_session_reused(ends.client), self->is_reused);
    EQ(coro_tls_session_reused(ends.server), self->is_reused);
    coro_tls_session_release(*self->session);
    *self->session = coro_tls_get_session(ends.client);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_handshake, a_session_goes_on_in_another_connection)
{
    coro_tls_session *session = NULL;
    EQ(RUN(visit(&session, false)), 0);
    HOLDS(session != NULL);
    EQ(RUN(visit(&session, true)), 0);
    EQ(RUN(visit(&session, true)), 0);
    coro_tls_session_release(session);
    session = NULL;
    TRUST(.max_version = CORO_TLS_1_2);
    EQ(RUN(visit(&session, false)), 0);
    EQ(RUN(visit(&session, true)), 0);
    coro_tls_session_release(session);
}

Test(tls_handshake, a_session_is_of_its_context)
{
    coro_tls_session *session = NULL;
    EQ(RUN(visit(&session, false)), 0);
    coro_tls_context_release(server_context);
    server_context = NEW_SERVER(.tickets = 2);
    EQ(RUN(visit(&session, false)), 0);
    coro_tls_context_release(server_context);
    server_context = NEW_SERVER(.tickets = -1);
    EQ(RUN(visit(&session, false)), 0);
    HOLDS(session == NULL);
}

Test(tls_handshake, a_session_of_another_host_vouches_for_nobody)
{
    coro_tls_session *session = NULL;
    EQ(RUN(visit(&session, false)), 0);
    ends.options.session = session;
    ends.options.server_name = "127.0.0.1"; /* fine */
    shake();
    EQ(ends.client_error, 0);
    ends.options.server_name = "localhost."; /* fine, too */
    shake();
    EQ(ends.client_error, 0);
    ends.options.server_name = "127.0.0.9";
    shake();
    EQ(ends.client_error, CORO_EVERIFY);
    coro_tls_session_release(session);
}

Test(tls_handshake, a_session_that_was_not_verified_vouches_for_nobody)
{
    coro_tls_session *session = NULL;
    be("DNS:localhost", NULL, 10);
    TRUST(.verify = CORO_TLS_VERIFY_NONE);
    EQ(RUN(visit(&session, false)), 0);
    TRUST(.ca_path = NULL);
    ends.options.session = session;
    shake();
    EQ(ends.client_error, CORO_EVERIFY);
    coro_tls_session_release(session);
}

/* --- time, and other ways to fail ---------------------------------------------------------- */

ASYNC(stalls, ARGS(size_t, capacity), VARS(coro_stream *silent; int error; size_t n;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &self->silent, self->capacity), 0);
    ends.options.server_name = "localhost";
    AWAIT_CATCH(self->error, coro_start_tls(&ends.client, client_context, &ends.options));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(ends.client == NULL);
    do
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->silent, heard_bytes, 100));
    while (self->error == 0 && self->n > 0);
    EQ(self->error, CORO_ECONNRESET); /* the connection is gone */
    coro_stream_abort(&self->silent);
    ASYNC_END;
}

Test(tls_handshake, c137_f063_a_handshake_that_stalls_has_a_limit_of_time)
{
    EQ(RUN(stalls(100000)), 0);
    EQ(now_ms(), 60000);
    TRUST(.handshake_timeout = CORO_MS(500));
    EQ(RUN(stalls(100000)), 0);
    EQ(now_ms(), 60500);
    EQ(RUN(stalls(10)), 0); /* not even the greeting has left */
    EQ(now_ms(), 61000);
}

/* Byte by byte, a minute apart: it is the whole that has a limit. */
ASYNC(trickle, VARS(coro_stream *other; coro_task *task; int error;))
{
    static const char record[] = {0x16, 3, 1, 2, 0, 1, 0, 1, (char)0xfc, 3, 3};
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.server, &self->other, 100000), 0);
    self->task = coro_create_task(coro_start_tls(&ends.server, server_context, NULL));
    AWAIT(coro_stream_write(self->other, record, 3));
    AWAIT(coro_sleep(CORO_SECONDS(25)));
    AWAIT(coro_stream_write(self->other, record + 3, 3));
    AWAIT(coro_sleep(CORO_SECONDS(25)));
    AWAIT(coro_stream_write(self->other, record + 6, 3));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now_ms(), 60000);
    coro_task_release(self->task);
    coro_stream_abort(&self->other);
    ASYNC_END;
}

Test(tls_handshake, f063_a_handshake_that_trickles_has_the_same_limit)
{
    EQ(RUN(trickle()), 0);
}

ASYNC(not_tls, ARGS(const char *, text), VARS(coro_stream *other; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.server, &self->other, 100000), 0);
    self->task = coro_create_task(coro_start_tls(&ends.server, server_context, NULL));
    AWAIT(coro_stream_write(self->other, self->text, strlen(self->text)));
    AWAIT(coro_stream_shutdown_write(self->other));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    say("%d ", self->error);
    HOLDS(ends.server == NULL);
    coro_task_release(self->task);
    coro_stream_abort(&self->other);
    ASYNC_END;
}

Test(tls_handshake, c137_who_does_not_speak_tls_or_goes_away_fails_the_handshake)
{
    EQ(RUN(not_tls("GET / HTTP/1.1\r\n\r\n")), 0);
    EQ(RUN(not_tls("")), 0);
    EQ(RUN(not_tls("\x16\x03\x01\x01")), 0);
    SAID("-71 -1020 -1020 ");
}

/* "close_notify" instead of a greeting. */
ASYNC(ended_early, VARS(coro_stream *other; coro_task *task; int error;))
{
    static const char alert[] = {0x15, 3, 3, 0, 2, 1, 0};
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &self->other, 100000), 0);
    ends.options = (coro_tls_options){
        .server_name = "localhost", .reason = reason, .reason_size = sizeof reason};
    self->task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(coro_stream_write(self->other, alert, sizeof alert));
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ETRUNCATED);
    HOLDS(strcmp(reason, coro_strerror(CORO_ETRUNCATED)) == 0);
    HOLDS(ends.client == NULL);
    coro_task_release(self->task);
    coro_stream_abort(&self->other);
    ASYNC_END;
}

Test(tls_handshake, an_end_in_good_order_is_too_early_in_a_handshake)
{
    EQ(RUN(ended_early()), 0);
}

ASYNC(cancelled, VARS(coro_stream *silent; coro_task *task; int error; size_t n;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &self->silent, 100000), 0);
    ends.options.server_name = "localhost";
    self->task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    HOLDS(ends.client == NULL);
    coro_task_release(self->task);
    coro_stream_abort(&self->silent);
    ASYNC_END;
}

Test(tls_handshake, c139_a_cancelled_handshake_closes_the_connection_and_reports_nothing)
{
    EQ(RUN(cancelled()), 0);
}

ASYNC(aborted, VARS(coro_stream *silent, *inner; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &self->silent, 100000), 0);
    self->inner = ends.client;
    ends.options.server_name = "localhost";
    self->task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    coro_stream_abort(&self->inner);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECONNABORTED);
    HOLDS(ends.client == NULL);
    coro_task_release(self->task);
    coro_stream_abort(&self->silent);
    ASYNC_END;
}

Test(tls_handshake, c139_a_connection_that_is_aborted_during_the_handshake_fails_it)
{
    EQ(RUN(aborted()), 0);
}

ASYNC(not_a_tls_stream, VARS(coro_stream *a, *b; char text[10]; unsigned char digest[32];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 10), 0);
    HOLDS(!coro_stream_is_tls(self->a) && !coro_stream_is_tls(NULL));
    HOLDS(coro_tls_version(self->a) == NULL && coro_tls_cipher(NULL) == NULL);
    HOLDS(coro_tls_server_name(self->a) == NULL && coro_tls_alpn(self->a) == NULL);
    HOLDS(coro_tls_verify_text(self->a) == NULL && coro_tls_get_session(self->a) == NULL);
    HOLDS(!coro_tls_session_reused(self->a));
    EQ(coro_tls_peer_subject(self->a, self->text, sizeof self->text), CORO_EINVAL);
    EQ(coro_tls_peer_fingerprint(self->a, self->digest), CORO_EINVAL);
    coro_tls_session_release(NULL);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(tls_handshake, a_stream_that_is_not_tls_answers_that)
{
    EQ(RUN(not_a_tls_stream()), 0);
}
