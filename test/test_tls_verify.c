/* SPDX-License-Identifier: MIT */
/* Who is believed, and who is not. Over a pair in memory, on the virtual clock. */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/task.h>

TestSuite(tls_verify, .timeout = TEST_TIMEOUT_S, .init = make_world, .fini = end_world);

/* --- whom to believe ---------------------------------------------------------------------- */

static void expect_disbelief(const char *because)
{
    shake();
    cr_expect(eq(int, ends.client_error, CORO_EVERIFY), "%s", ends.why);
    cr_expect(ne(int, strstr(ends.why, because) != NULL, 0), "%s", ends.why);
    cr_expect(eq(int, ends.server_error, CORO_EPROTO)); /* by the client's alert */
    HOLDS(ends.client == NULL && ends.server == NULL);
}

Test(tls_verify, f062_another_host_is_not_believed)
{
    ends.options.server_name = "elsewhere.example";
    expect_disbelief("ostname mismatch");
}

Test(tls_verify, f062_an_expired_certificate_is_not_believed)
{
    be("DNS:localhost", &ca, -1);
    expect_disbelief("expired");
}

Test(tls_verify, f062_a_certificate_that_vouches_for_itself_is_not_believed)
{
    be("DNS:localhost", NULL, 10);
    expect_disbelief("self-signed");
}

Test(tls_verify, f062_an_unknown_authority_is_not_believed)
{
    make_identity(&other_ca, "another authority", NULL, NULL);
    be("DNS:localhost", &other_ca, 10);
    expect_disbelief("issuer");
}

Test(tls_verify, f062_an_address_is_believed_if_the_certificate_names_it)
{
    ends.options.server_name = "127.0.0.1";
    shake();
    EQ(ends.client_error, 0);
    ends.options.server_name = "127.0.0.2";
    expect_disbelief("address mismatch");
}

Test(tls_verify, f062_an_address_in_place_of_a_name_is_not_believed)
{
    be("DNS:127.0.0.1", &ca, 10);
    ends.options.server_name = "127.0.0.1";
    expect_disbelief("address mismatch");
}

Test(tls_verify, f062_a_common_name_names_no_host)
{
    be("", &ca, 10);
    expect_disbelief("ostname mismatch");
}

static void expect_wildcard(const char *pattern, const char *name, bool is_fine)
{
    char names[100];
    snprintf(names, sizeof names, "DNS:%s", pattern);
    be(names, &ca, 10);
    ends.options.server_name = name;
    shake();
    cr_expect(eq(int, ends.client_error, is_fine ? 0 : CORO_EVERIFY), "%s for %s", pattern, name);
}

Test(tls_verify, f062_a_wildcard_stands_for_one_whole_label_on_the_left)
{
    expect_wildcard("*.example.org", "www.example.org", true);
    expect_wildcard("*.example.org", "WWW.Example.Org", true);
    expect_wildcard("*.example.org", "example.org", false);
    expect_wildcard("*.example.org", "a.b.example.org", false);
    expect_wildcard("w*.example.org", "www.example.org", false);
    expect_wildcard("www.*.org", "www.example.org", false);
    expect_wildcard("*.org", "example.org", false);
    expect_wildcard("*", "localhost", false);
}

ASYNC(asks_for, ARGS(const char *, heard))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    AWAIT(shake_hands());
    EQ(ends.client_error, 0);
    HOLDS(strcmp(coro_tls_server_name(ends.server), self->heard) == 0);
    AWAIT(close_ends());
    ASYNC_END;
}

/* "example.org." is an absolute name; no certificate, and no server, knows it with its dot. */
Test(tls_verify, a_dot_at_the_end_of_a_name_is_left_out)
{
    ends.options.server_name = "localhost.";
    EQ(RUN(asks_for("localhost")), 0);
    expect_wildcard("*.example.org", "www.example.org.", true);
    expect_wildcard("*.example.org", "www.example.org..", false);
    expect_wildcard("localhost", ".", false);
    expect_wildcard("127.0.0.1", "127.0.0.1.", false);
}

Test(tls_verify, a_certificate_for_any_host_will_do_where_that_is_asked_for)
{
    TRUST(.any_host = true);
    ends.options.server_name = "elsewhere.example";
    shake();
    EQ(ends.client_error, 0);
    be("DNS:localhost", NULL, 10);
    expect_disbelief("self-signed");
}

ASYNC(believes_anybody)
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    AWAIT(shake_hands());
    EQ(ends.client_error, 0);
    HOLDS(strstr(coro_tls_verify_text(ends.client), "self-signed") != NULL);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_verify, who_verifies_nothing_can_ask_what_is_wrong)
{
    be("DNS:localhost", NULL, 10);
    TRUST(.verify = CORO_TLS_VERIFY_NONE);
    EQ(RUN(believes_anybody()), 0);
}

/* --- certificates of clients --------------------------------------------------------------- */

Test(tls_verify, a_client_without_a_certificate_is_refused_where_one_is_required)
{
    ask_client(CORO_TLS_VERIFY_REQUIRED);
    shake();
    EQ(ends.server_error, CORO_EVERIFY);
    EQ(ends.client_error, CORO_EPROTO);
}

Test(tls_verify, a_client_without_a_certificate_is_fine_where_one_is_optional)
{
    ask_client(CORO_TLS_VERIFY_OPTIONAL);
    shake();
    EQ(ends.server_error, 0);
    EQ(ends.client_error, 0);
}

Test(tls_verify, a_bad_certificate_of_a_client_is_refused_in_any_case)
{
    client_with("DNS:client", NULL);
    ask_client(CORO_TLS_VERIFY_OPTIONAL);
    shake();
    EQ(ends.server_error, CORO_EVERIFY);
    EQ(ends.client_error, CORO_EPROTO);
    ask_client(CORO_TLS_VERIFY_NONE);
    shake();
    EQ(ends.server_error, 0);
    EQ(ends.client_error, 0);
}

ASYNC(known_client, VARS(char text[100]; unsigned char digest[32], expected[32];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    AWAIT(shake_hands());
    EQ(ends.client_error, 0);
    EQ(ends.server_error, 0);
    EQ(coro_tls_peer_subject(ends.server, self->text, sizeof self->text), 0);
    cr_expect(eq(str, self->text, TEXT("CN=a client")));
    EQ(coro_tls_peer_subject(ends.server, self->text, 11), CORO_ERANGE);
    EQ(coro_tls_peer_fingerprint(ends.server, self->digest), 0);
    X509_digest(client_id.certificate, EVP_sha256(), self->expected, NULL);
    EQ(memcmp(self->digest, self->expected, 32), 0);
    cr_expect(eq(str, TEXT(coro_tls_verify_text(ends.server)), TEXT("ok")));
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_verify, a_server_knows_the_client_by_its_certificate)
{
    client_with("DNS:client", &ca);
    ask_client(CORO_TLS_VERIFY_REQUIRED);
    EQ(RUN(known_client()), 0);
    TRUST(.certificate_file = client_id.file, .max_version = CORO_TLS_1_2);
    EQ(RUN(known_client()), 0);
}
