/* SPDX-License-Identifier: MIT */
/*
 * tls_offload.c - handshakes in threads, under TSan and valgrind: many at once, both sides, some
 * cancelled at any moment, and a loop that is closed while they are under way.
 *
 *     plain_tls_offload measure        the longest pause of the loop, with RSA-4096, here and there
 */
#define _GNU_SOURCE
#include "require.h"

#include <coro/group.h>
#include <coro/run.h>
#include <coro/scope.h>
#include <coro/tls.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/mman.h>

static coro_tls_context *server_context, *client_context;
static char port[8];

/* --- who we are --------------------------------------------------------------------------- */

/* A certificate and its key, which vouches for itself, in a file without a place. */
static void write_identity(char *path, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    int fd = memfd_create("pem", MFD_CLOEXEC);
    FILE *file = fdopen(fd, "w");
    REQUIRE(file != NULL && key != NULL);
    sprintf(path, "/proc/self/fd/%d", fd);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"us", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
    REQUIRE(PEM_write_X509(file, certificate) == 1);
    REQUIRE(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    REQUIRE(fflush(file) == 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void make_contexts(const char *path, bool is_in_thread)
{
    coro_tls_context_options server = {
        .certificate_file = path, .handshake_in_thread = is_in_thread, .tickets = -1};
    coro_tls_context_options client = {
        .ca_file = path, .any_host = true, .handshake_in_thread = is_in_thread};
    REQUIRE(coro_tls_server_context(&server_context, &server) == 0);
    REQUIRE(coro_tls_client_context(&client_context, &client) == 0);
}

static void free_contexts(void)
{
    coro_tls_context_release(server_context);
    coro_tls_context_release(client_context);
}

/* --- both sides --------------------------------------------------------------------------- */

ASYNC(answer, ARGS(coro_stream *, stream, void *, context), VARS(size_t n;),
      SCRATCH(char data[64];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read_line(self->stream, self->data, sizeof self->data));
    AWAIT(coro_stream_write(self->stream, self->data, self->n));
    ASYNC_END;
}

ASYNC(ask, VARS(coro_stream *stream; size_t n;), SCRATCH(char data[64];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_tls_connection("127.0.0.1", port, client_context, NULL));
    AWAIT(coro_stream_printf(self->stream, "hello\n"));
    AWAIT(self->n, coro_stream_read_line(self->stream, self->data, sizeof self->data));
    REQUIRE(self->n == 6);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

static unsigned answered, given_up;

/* Every third is cancelled at some moment, which moves on from one to the next. */
ASYNC(ask_often, ARGS(unsigned, number, unsigned, rounds), VARS(unsigned i; int error;))
{
    ASYNC_BEGIN;
    for (; self->i < self->rounds; self->i++) {
        if (self->i % 3 == 2)
            AWAIT_CATCH(self->error,
                        coro_wait_for(ask(), CORO_US(100 * (self->number + 7 * self->i))));
        else
            AWAIT_CATCH(self->error, ask());
        REQUIRE(self->error == 0 || (self->error == CORO_ETIMEDOUT && self->i % 3 == 2));
        answered += self->error == 0;
        given_up += self->error != 0;
    }
    ASYNC_END;
}

ASYNC(many, ARGS(unsigned, clients, unsigned, rounds),
      VARS(coro_server *server; coro_group group; unsigned i;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(answer), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    snprintf(port, sizeof port, "%u", coro_server_port(self->server));
    CORO_GROUP(self->group) {
        for (; self->i < self->clients; self->i++)
            REQUIRE(coro_group_create_task(&self->group, ask_often(self->i, self->rounds)) != NULL);
    }
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

static void many_at_once(unsigned clients, unsigned rounds)
{
    answered = given_up = 0;
    REQUIRE(coro_run(many(clients, rounds)) == 0);
    REQUIRE(answered + given_up == clients * rounds && answered >= clients * (rounds / 3 * 2));
}

/* --- the end of the loop ------------------------------------------------------------------ */

ASYNC(leaves_them, ARGS(unsigned, clients, unsigned, us), VARS(coro_server *server; unsigned i;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(answer), NULL, "127.0.0.1", "0",
                                              server_context, NULL));
    snprintf(port, sizeof port, "%u", coro_server_port(self->server));
    for (; self->i < self->clients; self->i++)
        coro_task_release(coro_create_task(ask()));
    AWAIT(coro_sleep(CORO_US(self->us)));
    coro_server_release(self->server);
    ASYNC_END;
}

static void quiet(void *context, const coro_report *report)
{
    (void)context, (void)report;
}

static void a_loop_is_closed_while_they_are_under_way(unsigned clients)
{
    coro_loop_options options = {.report = quiet};
    for (unsigned us = 0; us < 3000; us += 400)
        REQUIRE(coro_run_with(leaves_them(clients, us), &options) == 0);
}

/* --- what it is for ----------------------------------------------------------------------- */

static coro_time longest;
static unsigned ticks;

ASYNC(tick, VARS(coro_time before;))
{
    ASYNC_BEGIN;
    for (;;) {
        self->before = coro_loop_time(coro_loop_current());
        AWAIT(coro_sleep(CORO_MS(1)));
        self->before = coro_loop_time(coro_loop_current()) - self->before;
        longest = self->before > longest ? self->before : longest;
        ticks++;
    }
    ASYNC_END;
}

ASYNC(measured, ARGS(unsigned, clients), VARS(coro_task *ticker; int error;))
{
    ASYNC_BEGIN;
    self->ticker = coro_create_task(tick());
    AWAIT(many(self->clients, 1));
    coro_task_cancel(self->ticker);
    AWAIT_CATCH(self->error, coro_task_join(self->ticker));
    coro_task_release(self->ticker);
    ASYNC_END;
}

static void measure(unsigned clients)
{
    char path[32];
    write_identity(path, EVP_RSA_gen(4096));
    for (int i = 0; i < 6; i++) {
        bool is_in_thread = i % 2 == 1;
        longest = ticks = 0;
        make_contexts(path, is_in_thread);
        REQUIRE(coro_run(measured(clients)) == 0);
        printf("%u handshakes with RSA-4096 at once, %s: %u ticks of 1 ms, the longest %.1f ms\n",
               clients, is_in_thread ? "in threads" : "in the loop", ticks, (double)longest / 1e6);
        free_contexts();
    }
}

int main(int count, char **arguments)
{
    bool is_slow = getenv("CORO_TEST_SLOW") != NULL;
    char path[32];
    if (count > 1 && strcmp(arguments[1], "measure") == 0) {
        measure(50);
        return 0;
    }
    write_identity(path, EVP_EC_gen("P-256"));
    make_contexts(path, true);
    many_at_once(is_slow ? 4 : 16, is_slow ? 3 : 12);
    a_loop_is_closed_while_they_are_under_way(is_slow ? 2 : 8);
    free_contexts();
    puts("tls_offload: ok");
    return 0;
}
