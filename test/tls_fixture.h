/* SPDX-License-Identifier: MIT */
/*
 * tls_fixture.h: authorities and certificates made on the spot, and two ends that shake hands.
 *
 *     make_identity(&ca, ...)        P-256, and PEM files that are in memory only
 *     ends.client, ends.server       TLS streams over a pair, after shake_hands
 *     ssl_of(stream)                 OpenSSL's own, for what no peer of ours would do
 */
#ifndef CORO_TEST_TLS_FIXTURE_H
#define CORO_TEST_TLS_FIXTURE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include"
#endif

#include "net_fixture.h"

#include "tls/internal.h"

#include <coro/task.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>

/* --- certificates ------------------------------------------------------------------------- */

typedef struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char file[32];     /* certificate and key */
    char key_file[32]; /* the key, encrypted with "sesame" */
} identity;

static identity ca, other_ca, server_id, client_id;

static inline void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, TEXT(value));
    HOLDS(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* A file without a place: gone with the process. */
static inline FILE *memory_file(char *path)
{
    int fd = memfd_create("pem", MFD_CLOEXEC);
    HOLDS(fd >= 0);
    sprintf(path, "/proc/self/fd/%d", fd);
    return fdopen(fd, "w"); /* kept open */
}

static inline void write_files(identity *who, const identity *issuer)
{
    FILE *file = memory_file(who->file);
    EQ(PEM_write_X509(file, who->certificate), 1);
    if (issuer != NULL)
        EQ(PEM_write_X509(file, issuer->certificate), 1);
    EQ(PEM_write_PrivateKey(file, who->key, NULL, NULL, 0, NULL, NULL), 1);
    EQ(fflush(file), 0);
    file = memory_file(who->key_file);
    EQ(PEM_write_PrivateKey(file, who->key, EVP_aes_128_cbc(), NULL, 0, NULL, TEXT("sesame")), 1);
    EQ(fflush(file), 0);
}

/* Valid for so many days from now. No issuer: it is its own. names NULL: an authority. */
static inline void make_identity_until(identity *who, const char *subject, const char *names,
                                       const identity *issuer, int days)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    const identity *by = issuer != NULL ? issuer : who;
    X509_NAME *name = X509_get_subject_name(certificate);
    who->key = EVP_EC_gen("P-256");
    who->certificate = certificate;
    HOLDS(who->key != NULL);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * 86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400L);
    X509_set_pubkey(certificate, who->key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1,
                               0);
    X509_set_issuer_name(certificate, X509_get_subject_name(by->certificate));
    extend(certificate, by->certificate, NID_basic_constraints,
           names == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (names != NULL && *names != '\0')
        extend(certificate, by->certificate, NID_subject_alt_name, names);
    HOLDS(X509_sign(certificate, by->key, EVP_sha256()) > 0);
    write_files(who, NULL);
}

static inline void make_identity(identity *who, const char *subject, const char *names,
                                 const identity *issuer)
{
    make_identity_until(who, subject, names, issuer, 10);
}

/* --- contexts ----------------------------------------------------------------------------- */

static coro_tls_context *client_context, *server_context;
static char reason[256];

/* All handshakes in threads: CORO_TEST_TLS_THREADS, with a backend that threads can wake. */
static inline bool is_in_threads(void)
{
    return getenv("CORO_TEST_TLS_THREADS") != NULL;
}

static inline coro_tls_context *new_client(coro_tls_context_options options)
{
    coro_tls_context *context;
    options.reason = reason;
    options.reason_size = sizeof reason;
    options.handshake_in_thread |= is_in_threads();
    if (options.ca_file == NULL)
        options.ca_file = ca.file;
    cr_assert(eq(int, coro_tls_client_context(&context, &options), 0), "%s", reason);
    return context;
}

static inline coro_tls_context *new_server(coro_tls_context_options options)
{
    coro_tls_context *context;
    options.reason = reason;
    options.reason_size = sizeof reason;
    options.handshake_in_thread |= is_in_threads();
    if (options.certificate_file == NULL && options.choose == NULL)
        options.certificate_file = server_id.file;
    cr_assert(eq(int, coro_tls_server_context(&context, &options), 0), "%s", reason);
    return context;
}

#define NEW_CLIENT(...) new_client((coro_tls_context_options){__VA_ARGS__})
#define NEW_SERVER(...) new_server((coro_tls_context_options){__VA_ARGS__})

/* An authority, a server for "localhost" and 127.0.0.1, and a context for each side. */
static inline void make_world(void)
{
    make_identity(&ca, "the authority", NULL, NULL);
    make_identity(&server_id, "a server", "DNS:localhost,IP:127.0.0.1", &ca);
    client_context = NEW_CLIENT(.ca_path = NULL);
    server_context = NEW_SERVER(.ca_path = NULL);
}

static inline void free_identity(identity *who)
{
    EVP_PKEY_free(who->key);
    X509_free(who->certificate);
}

static inline void end_world(void)
{
    coro_tls_context_release(client_context);
    coro_tls_context_release(server_context);
    free_identity(&ca);
    free_identity(&other_ca);
    free_identity(&server_id);
    free_identity(&client_id);
}

/* --- two ends ------------------------------------------------------------------------------ */

static struct {
    coro_stream *client, *server;
    int client_error, server_error;
    coro_tls_options options; /* the client's */
    char why[256];            /* the client's */
} ends;

static inline SSL *ssl_of(coro_stream *stream)
{
    HOLDS(coro_stream_is_tls(stream));
    return coro_tls_of(stream)->ssl;
}

/* ends.client and ends.server are streams of any kind, and then TLS streams over them, or NULL. */
CORO_ASYNC(shake_hands, VARS(coro_task *task; int error;))
{
    CORO_ASYNC_BEGIN;
    if (ends.options.server_name == NULL)
        ends.options.server_name = "localhost";
    ends.options.reason = ends.why;
    ends.options.reason_size = sizeof ends.why;
    self->task = coro_create_task(coro_start_tls(&ends.server, server_context, NULL));
    if (self->task == NULL)
        CORO_ASYNC_THROW(CORO_ENOMEM);
    CORO_AWAIT_CATCH(ends.client_error,
                     coro_start_tls(&ends.client, client_context, &ends.options));
    CORO_AWAIT_CATCH(ends.server_error, coro_task_join(self->task));
  CORO_ASYNC_FINALLY:
    if (self->task != NULL) {
        coro_task_cancel(self->task);
        CORO_AWAIT_CATCH(self->error, coro_task_join(self->task));
        coro_task_release(self->task);
    }
    CORO_ASYNC_END;
}

/* The same over a pair in memory of so many bytes; it has to succeed, or lack memory. */
CORO_ASYNC(open_ends, ARGS(size_t, capacity), VARS(int error;))
{
    CORO_ASYNC_BEGIN;
    self->error = coro_stream_pair(&ends.client, &ends.server, self->capacity);
    if (self->error != 0)
        CORO_ASYNC_THROW(self->error);
    CORO_AWAIT(shake_hands());
    if (ends.client_error == CORO_ENOMEM || ends.server_error == CORO_ENOMEM)
        CORO_ASYNC_THROW(CORO_ENOMEM);
    cr_assert(eq(int, ends.client_error, 0), "%s", ends.why);
    EQ(ends.server_error, 0);
    CORO_ASYNC_END;
}

CORO_ASYNC(close_ends)
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(coro_stream_close(&ends.client));
    CORO_AWAIT(coro_stream_close(&ends.server));
    CORO_ASYNC_END;
}

/* --- one handshake ------------------------------------------------------------------------ */

/* Shake hands; what the client has sent in plain text is none of its data. */
CORO_ASYNC(try_it, VARS(int error; size_t n; char text[10];))
{
    CORO_ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    CORO_AWAIT(shake_hands());
    if (ends.client_error == 0) { /* a client of 1.3 hears last of what the server thinks of it */
        CORO_AWAIT_CATCH(self->error, coro_stream_write(ends.server, "hello", 5));
        CORO_AWAIT_CATCH(ends.client_error, self->n,
                    coro_stream_read(ends.client, self->text, sizeof self->text));
    }
    CORO_AWAIT_CATCH(self->error, coro_stream_close(&ends.client));
    CORO_AWAIT_CATCH(self->error, coro_stream_close(&ends.server));
    CORO_ASYNC_END;
}

static inline void shake(void)
{
    EQ(RUN(try_it()), 0);
}

/* Another certificate for the server. */
static inline void be(const char *names, const identity *issuer, int days)
{
    coro_tls_context_release(server_context);
    free_identity(&server_id);
    make_identity_until(&server_id, "localhost", names, issuer, days);
    server_context = NEW_SERVER(.ca_path = NULL);
}

static inline void trust(coro_tls_context_options options)
{
    coro_tls_context_release(client_context);
    client_context = new_client(options);
}

#define TRUST(...) trust((coro_tls_context_options){__VA_ARGS__})

/* What the server asks of its clients. */
static inline void ask_client(coro_tls_verify verify)
{
    coro_tls_context_release(server_context);
    server_context = NEW_SERVER(.verify = verify, .ca_file = ca.file);
}

/* A certificate for the client. */
static inline void client_with(const char *names, const identity *issuer)
{
    free_identity(&client_id);
    make_identity(&client_id, "a client", names, issuer);
    TRUST(.certificate_file = client_id.file);
}

/* --- bytes ------------------------------------------------------------------------------- */

static char message[300000], heard_bytes[300000];

static inline void fill_message(void)
{
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)(i * 31 + i / 251);
}

/* `size` bytes from one end to the other, in pieces of a read's size. */
CORO_ASYNC(send_all, ARGS(coro_stream *, stream, size_t, size))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(coro_stream_write(self->stream, message, self->size));
    CORO_ASYNC_END;
}

CORO_ASYNC(move, ARGS(coro_stream *, from, coro_stream *, to, size_t, size),
           VARS(coro_group group;))
{
    CORO_ASYNC_BEGIN;
    memset(heard_bytes, 0, sizeof heard_bytes);
    CORO_GROUP(self->group) {
        if (coro_group_create_task(&self->group, send_all(self->from, self->size)) == NULL)
            CORO_ASYNC_THROW(CORO_ENOMEM);
        CORO_AWAIT(coro_stream_read_exactly(self->to, heard_bytes, self->size));
    }
    HOLDS(memcmp(message, heard_bytes, self->size) == 0);
    CORO_ASYNC_END;
}

/* One says the end, the other hears it. */
CORO_ASYNC(end_one, ARGS(coro_stream *, from, coro_stream *, to), VARS(coro_task *task; size_t n;))
{
    CORO_ASYNC_BEGIN;
    self->task = coro_create_task(coro_stream_shutdown_write(self->from));
    if (self->task == NULL)
        CORO_ASYNC_THROW(CORO_ENOMEM);
    CORO_AWAIT(self->n, coro_stream_read(self->to, heard_bytes, 10));
    EQ(self->n, 0);
    CORO_AWAIT(coro_task_join(self->task));
  CORO_ASYNC_FINALLY:
    coro_task_release(self->task);
    CORO_ASYNC_END;
}

#endif
