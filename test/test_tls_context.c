/* SPDX-License-Identifier: MIT */
/* Contexts: what may be wrong with files and options, passwords, key logs. */
#define _GNU_SOURCE
#include "tls_fixture.h"

TestSuite(tls_context, .timeout = TEST_TIMEOUT_S, .init = make_world, .fini = end_world);

/* The error, whose sentence says `because`. */
static int client_error(const char *because, coro_tls_context_options options)
{
    coro_tls_context *context;
    int error;
    options.reason = reason;
    options.reason_size = sizeof reason;
    error = coro_tls_client_context(&context, &options);
    HOLDS(context == NULL);
    cr_expect(ne(int, strstr(reason, because) != NULL, 0), "%s", reason);
    return error;
}

static int server_error(const char *because, coro_tls_context_options options)
{
    coro_tls_context *context;
    int error;
    options.reason = reason;
    options.reason_size = sizeof reason;
    error = coro_tls_server_context(&context, &options);
    HOLDS(context == NULL);
    cr_expect(ne(int, strstr(reason, because) != NULL, 0), "%s", reason);
    return error;
}

#define OPTIONS(...) ((coro_tls_context_options){__VA_ARGS__})

/* --- files -------------------------------------------------------------------------------- */

static char text_file[32];

static void make_text_file(void)
{
    FILE *file = memory_file(text_file);
    fputs("this is no certificate\n", file);
    fflush(file);
}

Test(tls_context, a_file_that_is_not_there_is_named)
{
    EQ(client_error("/nowhere/ca.pem", OPTIONS(.ca_file = "/nowhere/ca.pem")), CORO_ENOENT);
    EQ(client_error("/nowhere", OPTIONS(.ca_path = "/nowhere")), CORO_ENOENT);
    EQ(server_error("/nowhere/me.pem",
                    OPTIONS(.certificate_file = "/nowhere/me.pem")),
       CORO_ENOENT);
    EQ(server_error("/nowhere/key",
                    OPTIONS(.certificate_file = server_id.file, .key_file = "/nowhere/key")),
       CORO_ENOENT);
    EQ(client_error("key log", OPTIONS(.keylog_file = "/nowhere/keys")), CORO_ENOENT);
}

Test(tls_context, a_file_with_something_else_in_it_is_refused)
{
    make_text_file();
    EQ(client_error("no certificates of authorities", OPTIONS(.ca_file = text_file)), CORO_EINVAL);
    EQ(server_error("no certificate", OPTIONS(.certificate_file = text_file)), CORO_EINVAL);
    EQ(server_error("no key",
                    OPTIONS(.certificate_file = server_id.file, .key_file = text_file)),
       CORO_EINVAL);
}

Test(tls_context, a_key_of_another_certificate_is_refused)
{
    EQ(server_error("key",
                    OPTIONS(.certificate_file = server_id.file, .key_file = ca.file)),
       CORO_EINVAL);
}

Test(tls_context, a_server_needs_a_certificate)
{
    coro_tls_context *context;
    EQ(server_error("certificate_file", OPTIONS(.ca_path = NULL)), CORO_EINVAL);
    EQ(client_error("certificate_file", OPTIONS(.key_file = server_id.file)), CORO_EINVAL);
    EQ(coro_tls_server_context(&context, NULL), CORO_EINVAL);
    EQ(coro_tls_client_context(&context, NULL), 0);
    coro_tls_context_release(context);
    coro_tls_context_release(NULL);
}

/* --- passwords ---------------------------------------------------------------------------- */

static int give_password(void *context, char *buffer, size_t size)
{
    const char *password = context;
    if (password == NULL)
        return -1;
    HOLDS(strlen(password) < size);
    memcpy(buffer, password, strlen(password));
    return (int)strlen(password);
}

Test(tls_context, an_encrypted_key_needs_its_password)
{
    coro_tls_context *context;
    EQ(server_error("password",
                    OPTIONS(.certificate_file = server_id.file, .key_file = server_id.key_file)),
       CORO_EACCES);
    EQ(server_error("password",
                    OPTIONS(.certificate_file = server_id.file, .key_file = server_id.key_file,
                            .password = give_password)),
       CORO_EACCES);
    EQ(server_error("password",
                    OPTIONS(.certificate_file = server_id.file, .key_file = server_id.key_file,
                            .password = give_password, .password_context = TEXT("wrong"))),
       CORO_EACCES);
    context = NEW_SERVER(.key_file = server_id.key_file, .password = give_password,
                         .password_context = TEXT("sesame"));
    coro_tls_context_release(context);
    EQ(client_error("password",
                    OPTIONS(.certificate_file = server_id.file, .key_file = server_id.key_file)),
       CORO_EACCES);
}

/* --- options ------------------------------------------------------------------------------ */

Test(tls_context, options_that_make_no_sense_are_refused)
{
    EQ(client_error("versions", OPTIONS(.min_version = 3)), CORO_EINVAL);
    EQ(client_error("versions",
                    OPTIONS(.min_version = CORO_TLS_1_3, .max_version = CORO_TLS_1_2)),
       CORO_EINVAL);
    EQ(client_error("cipher", OPTIONS(.ciphers = "ROT13")), CORO_EINVAL);
    EQ(client_error("cipher", OPTIONS(.ciphersuites = "ROT13")), CORO_EINVAL);
    EQ(client_error("characters", OPTIONS(.alpn = "h2,,http/1.1")), CORO_EINVAL);
    EQ(client_error("characters", OPTIONS(.alpn = "")), CORO_EINVAL);
    EQ(client_error("characters", OPTIONS(.alpn = "h2,")), CORO_EINVAL);
}

Test(tls_context, a_reason_that_does_not_fit_is_cut)
{
    char small[5];
    coro_tls_context *context;
    coro_tls_context_options options = {.alpn = "", .reason = small, .reason_size = sizeof small};
    EQ(coro_tls_client_context(&context, &options), CORO_EINVAL);
    EQ(strlen(small), 4);
    options.reason_size = 0;
    EQ(coro_tls_client_context(&context, &options), CORO_EINVAL);
}

Test(tls_context, is_counted)
{
    coro_tls_context *context = NEW_CLIENT(.alpn = "h2");
    HOLDS(coro_tls_context_retain(context) == context);
    coro_tls_context_release(context);
    EQ(context->references, 1);
    coro_tls_context_release(context);
}

/* --- memory ------------------------------------------------------------------------------- */

/* The linker gives us the library's calls; OpenSSL's allocator is its own. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
int __real_RAND_bytes(unsigned char *bytes, int size);
int __wrap_RAND_bytes(unsigned char *bytes, int size);

static bool is_exhausted, has_no_copy, has_no_entropy;

void *__wrap_calloc(size_t count, size_t size)
{
    return is_exhausted ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
    return has_no_copy ? NULL : __real_strdup(text);
}

int __wrap_RAND_bytes(unsigned char *bytes, int size)
{
    return has_no_entropy ? 0 : __real_RAND_bytes(bytes, size);
}

Test(tls_context, needs_memory)
{
    coro_tls_context *context;
    is_exhausted = true;
    EQ(coro_tls_client_context(&context, NULL), CORO_ENOMEM);
    HOLDS(context == NULL);
    EQ(coro_tls_server_context(&context, NULL), CORO_ENOMEM);
    HOLDS(context == NULL);
}

Test(tls_context, needs_memory_for_the_names_of_protocols)
{
    has_no_copy = true;
    EQ(client_error("", OPTIONS(.alpn = "h2")), CORO_ENOMEM);
}

Test(tls_context, of_a_server_needs_a_number_that_nobody_else_has)
{
    has_no_entropy = true;
    EQ(server_error("", OPTIONS(.certificate_file = server_id.file)), CORO_ENOMEM);
}

/* OpenSSL's allocator can be chosen before it has allocated anything: once a process. */
static size_t allowed = SIZE_MAX, refused;

static void *limited_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (allowed == 0)
        return refused++, NULL;
    allowed -= allowed != SIZE_MAX;
    return realloc(block, size);
}

static void *limited_malloc(size_t size, const char *file, int line)
{
    return limited_realloc(NULL, size, file, line);
}

static void plain_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    free(block);
}

static __attribute__((constructor)) void choose_allocator(void)
{
    HOLDS(CRYPTO_set_mem_functions(limited_malloc, limited_realloc, plain_free) == 1);
}

/* What lacks memory is OpenSSL's to decide; a digest may do with little. */
ASYNC(described, VARS(char text[100]; unsigned char digest[32]; int error, without;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    allowed = 0;
    EQ(coro_tls_peer_subject(ends.client, self->text, sizeof self->text), CORO_ENOMEM);
    for (size_t n = 0; n < 6; n++) {
        allowed = n;
        self->error = coro_tls_peer_fingerprint(ends.client, self->digest);
        HOLDS(self->error == 0 || self->error == CORO_ENOMEM);
        self->without += self->error != 0;
    }
    HOLDS(self->without > 0);
    allowed = SIZE_MAX;
    EQ(coro_tls_peer_subject(ends.client, self->text, sizeof self->text), 0);
    EQ(coro_tls_peer_fingerprint(ends.client, self->digest), 0);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_context, openssl_may_lack_memory_to_say_who_the_other_side_is)
{
    EQ(RUN(described()), 0);
}

/* ENOMEM here; there EPROTO, by an alert, or ETIMEDOUT, if nothing had begun. Some functions of
 * OpenSSL's do not say that it was memory. */
static bool is_of_memory(int error)
{
    return error == 0 || error == CORO_ENOMEM || error == CORO_EPROTO || error == CORO_ETIMEDOUT;
}

ASYNC(only_shake)
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    AWAIT(shake_hands());
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_context, openssl_may_lack_memory_at_any_point_of_a_handshake)
{
    int without = 0;
    shake(); /* what is made once is there */
    for (size_t n = 0; n == 0 || refused > 0; n += 1 + n / 64) {
        refused = 0;
        allowed = n;
        EQ(RUN(only_shake()), 0);
        allowed = SIZE_MAX;
        cr_assert(eq(int, is_of_memory(ends.client_error), 1), "%zu: %d", n, ends.client_error);
        cr_assert(eq(int, is_of_memory(ends.server_error), 1), "%zu: %d", n, ends.server_error);
        without += ends.client_error == CORO_ENOMEM;
    }
    HOLDS(without > 0);
    shake();
    EQ(ends.client_error, 0);
    EQ(ends.server_error, 0);
}

/* What is made once a process, too, and by the first handshake: here there was none yet. */
ASYNC(lack_and_go_on, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    ends.options.server_name = "localhost";
    do {
        refused = 0;
        allowed = self->n++;
        AWAIT_CATCH(self->error,
                    coro_wait_for(coro_start_tls(&ends.client, client_context, &ends.options), 1));
        allowed = SIZE_MAX;
        HOLDS(is_of_memory(self->error));
        if (ends.client == NULL) { /* it was in the middle of the handshake */
            coro_stream_abort(&ends.server);
            EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
        }
    } while (refused > 0);
    HOLDS(self->n > 5);
    EQ(self->error, CORO_ETIMEDOUT); /* of a server that says nothing: so far it has come */
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_context, a_first_handshake_that_lacks_memory_is_not_the_last_one)
{
    EQ(RUN(lack_and_go_on()), 0);
    shake();
    EQ(ends.client_error, 0);
    EQ(ends.server_error, 0);
}

/* The context that all share who bring none is made at the first connection: in vain, then not. */
ASYNC(without_a_context, VARS(coro_stream *stream; struct sockaddr_in at; int error;
                              char port[8];))
{
    ASYNC_BEGIN;
    close(listen_somewhere(1, &self->at));
    snprintf(self->port, sizeof self->port, "%u", (unsigned)ntohs(self->at.sin_port));
    allowed = 0;
    AWAIT_CATCH(self->error, self->stream,
                coro_open_tls_connection("127.0.0.1", self->port, NULL, NULL));
    EQ(self->error, CORO_ENOMEM);
    allowed = SIZE_MAX;
    AWAIT_CATCH(self->error, self->stream,
                coro_open_tls_connection("127.0.0.1", self->port, NULL, NULL));
    EQ(self->error, CORO_ECONNREFUSED);
    ASYNC_END;
}

Test(tls_context, the_usual_one_that_lacks_memory_is_made_later)
{
    EQ(RUN_NET(without_a_context()), 0);
}

/* --- secrets ------------------------------------------------------------------------------ */

static void keep_line(void *context, const char *line)
{
    HOLDS(strchr(line, '\n') == NULL);
    ++*(int *)context;
}

Test(tls_context, tells_the_secrets_to_who_asks_for_them)
{
    char path[32];
    int heard_lines = 0;
    FILE *file = memory_file(path);
    trust((coro_tls_context_options){
        .keylog = keep_line, .keylog_context = &heard_lines, .keylog_file = path});
    shake();
    EQ(ends.client_error, 0);
    EQ(heard_lines, 5); /* TLS 1.3: two of the handshake, two of the data, one to export */
    fclose(file);
}

Test(tls_context, appends_the_secrets_to_the_file_of_the_environment)
{
    char path[32], line[300];
    int lines = 0;
    FILE *file = memory_file(path);
    setenv("SSLKEYLOGFILE", path, 1);
    TRUST(.ca_path = NULL);
    unsetenv("SSLKEYLOGFILE");
    shake();
    shake();
    EQ(ends.client_error, 0);
    file = freopen(path, "r", file);
    while (fgets(line, sizeof line, file) != NULL)
        lines += strstr(line, "SECRET") != NULL;
    EQ(lines, 10);
    fclose(file);
}
