/* SPDX-License-Identifier: MIT */
/* test_url.c: how crawl reads addresses. */
#include "helper.h"

#include "../examples/crawl/url.h"

#include <string.h>

SUITE(url);

/* The framework compares char *, without const. */
#define TEXT(text) ((char *)(text))

struct row {
    const char *reference, *expected;
};

static void expect_rows(const char *base_text, const struct row *rows, size_t count)
{
    char base_buffer[URL_SIZE_MAX], buffer[URL_SIZE_MAX];
    url base, out;
    cr_assert(eq(int, url_resolve(NULL, base_text, strlen(base_text), base_buffer, &base),
                 URL_OK));
    for (size_t i = 0; i < count; i++) {
        const char *reference = rows[i].reference;
        enum url_result result = url_resolve(&base, reference, strlen(reference), buffer, &out);
        cr_expect(eq(int, result, URL_OK), "row %s", reference);
        if (result == URL_OK)
            cr_expect(eq(str, TEXT(out.text), TEXT(rows[i].expected)), "row %s", reference);
    }
}

#define EXPECT_ROWS(base, rows) expect_rows((base), (rows), sizeof(rows) / sizeof((rows)[0]))

/* RFC 3986, 5.4.1 and 5.4.2, without its other schemes and fragments. */
Test(url, references_resolve_as_in_the_standard)
{
    static const struct row rows[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    EXPECT_ROWS("http://a/b/c/d;p?q", rows);
}

Test(url, there_is_one_way_to_write_each)
{
    static const struct row rows[] = {
        {"HTTP://EXAMPLE.org:80", "http://example.org/"},
        {"http://example.org:", "http://example.org/"},
        {"http://example.org:0080/", "http://example.org/"},
        {"http://example.org:08080/", "http://example.org:8080/"},
        {"http://example.org?x", "http://example.org/?x"},
        {"http://[::1]:81/", "http://[::1]:81/"},
        {"/%7Efoo/%41", "http://a/~foo/A"},
        {"/a%2fb", "http://a/a%2Fb"},
        {"/%2e%2E/x", "http://a/x"},
        {"/%2e/x", "http://a/x"},
        {"/a b", "http://a/a%20b"},
        {"/\xc3\xa9?\xc3\xa9", "http://a/%C3%A9?%C3%A9"},
        {"/100%", "http://a/100%25"},
        {"/a\\b", "http://a/a%5Cb"},
        {"  /x \n", "http://a/x"},
        {"/a\nb\tc", "http://a/abc"},
        {"a:b", NULL},
        {"./a:b", "http://a/a:b"},
        {"/a//b/..//c", "http://a/a//b/../c"},
    };
    struct row checked[sizeof rows / sizeof rows[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].expected != NULL && strstr(rows[i].expected, "..") == NULL)
            checked[count++] = rows[i];
    }
    expect_rows("http://a/", checked, count);
}

Test(url, https_is_a_scheme_with_a_port_of_its_own)
{
    static const struct row rows[] = {
        {"HTTPS://Example.org:443", "https://example.org/"},
        {"https://example.org:80/", "https://example.org:80/"},
        {"http://example.org:443/", "http://example.org:443/"},
        {"http://example.org/", "http://example.org/"},
        {"//g:443/h", "https://g/h"},
        {"//g:80", "https://g:80/"},
        {"../g", "https://a/b/g"},
        {"/g", "https://a/g"},
        {"?y", "https://a/b/c/d;p?y"},
        {"", "https://a/b/c/d;p?q"},
    };
    EXPECT_ROWS("https://a/b/c/d;p?q", rows);
}

static bool same_host(const char *one, const char *other)
{
    char buffer[2][URL_SIZE_MAX];
    url a, b;
    cr_assert(eq(int, url_from_person(one, buffer[0], &a), URL_OK));
    cr_assert(eq(int, url_from_person(other, buffer[1], &b), URL_OK));
    return url_same_host(&a, &b);
}

Test(url, a_host_is_the_same_with_another_scheme_and_port)
{
    cr_expect(same_host("http://h/", "https://h/x"));
    cr_expect(same_host("http://h:8080/", "https://H:8443/"));
    cr_expect(same_host("http://[::1]/", "https://[::1]:443"));
    cr_expect(not(same_host("http://h/", "https://h.org/")));
    cr_expect(not(same_host("http://h:1/", "http://i:1/")));
    cr_expect(not(same_host("http://[::1]/", "http://[::2]/")));
}

Test(url, what_is_not_http_is_told_apart)
{
    static const struct {
        const char *text;
        enum url_result result;
    } rows[] = {
        {"httpss://example.org/", URL_OTHER_SCHEME},
        {"https://", URL_INVALID},
        {"https:/x", URL_INVALID},
        {"https://h:0/", URL_INVALID},
        {"mailto:a@b", URL_OTHER_SCHEME},
        {"javascript:void(0)", URL_OTHER_SCHEME},
        {"ftp://x/", URL_OTHER_SCHEME},
        {"http://", URL_INVALID},
        {"http:///x", URL_INVALID},
        {"http:x", URL_INVALID},
        {"http://user:secret@host/", URL_INVALID},
        {"http://a b/", URL_INVALID},
        {"http://h:0/", URL_INVALID},
        {"http://h:65536/", URL_INVALID},
        {"http://h:99999999999999999999/", URL_INVALID},
        {"http://h:8a/", URL_INVALID},
        {"http://[::1/", URL_INVALID},
        {"http://[::1]x/", URL_INVALID},
        {"/x", URL_INVALID},
        {"", URL_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buffer[URL_SIZE_MAX];
        url out;
        enum url_result result = url_resolve(NULL, rows[i].text, strlen(rows[i].text), buffer,
                                             &out);
        cr_expect(eq(int, result, rows[i].result), "row %s", rows[i].text);
    }
}

Test(url, too_long_is_said_not_cut)
{
    static char text[URL_SIZE_MAX + 1];
    char buffer[URL_SIZE_MAX];
    url out;
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "http://h/", 9);
    cr_expect(eq(int, url_resolve(NULL, text, URL_SIZE_MAX, buffer, &out), URL_TOO_LONG));
    cr_expect(eq(int, url_resolve(NULL, text, URL_SIZE_MAX - 1, buffer, &out), URL_OK));
    text[20] = ' ';                             /* becomes three bytes */
    cr_expect(eq(int, url_resolve(NULL, text, URL_SIZE_MAX - 1, buffer, &out), URL_TOO_LONG));
}

Test(url, parts_are_found_again)
{
    char buffer[URL_SIZE_MAX], host[URL_HOST_SIZE_MAX], port[URL_PORT_SIZE_MAX];
    const char *authority;
    url u;
    cr_assert(eq(int, url_from_person("Example.org:8080/a/b?q", buffer, &u), URL_OK));
    cr_expect(eq(str, TEXT(url_target(&u)), TEXT("/a/b?q")));
    cr_expect(eq(sz, u.path_size, 4));
    size_t size = url_authority(&u, &authority);
    cr_expect(size == 16 && memcmp(authority, "example.org:8080", size) == 0);
    url_host_port(&u, host, port);
    cr_expect(eq(str, host, TEXT("example.org")));
    cr_expect(eq(str, port, TEXT("8080")));

    cr_assert(eq(int, url_from_person("http://[::1]:65535", buffer, &u), URL_OK));
    url_host_port(&u, host, port);
    cr_expect(eq(str, host, TEXT("::1")));
    cr_expect(eq(str, port, TEXT("65535")));
    cr_assert(eq(int, url_from_person("https://[::1]", buffer, &u), URL_OK));
    cr_expect(url_is_https(&u));
    url_host_port(&u, host, port);
    cr_expect(eq(str, host, TEXT("::1")));
    cr_expect(eq(str, port, TEXT("443")));
    size = url_authority(&u, &authority);
    cr_expect(size == 5 && memcmp(authority, "[::1]", size) == 0);
    cr_assert(eq(int, url_from_person("localhost", buffer, &u), URL_OK));
    cr_expect(not(url_is_https(&u)));
    url_host_port(&u, host, port);
    cr_expect(eq(str, host, TEXT("localhost")));
    cr_expect(eq(str, port, TEXT("80")));
}

Test(url, file_names_cannot_climb)
{
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"http://h/", ""},
        {"http://h/a/b", "a/b"},
        {"http://h/a/", "a/"},
        {"http://h/a%20b", "a b"},
        {"http://h/a?b=/c", "a?b=|c"},
        {"http://h/?b", "index.html?b"},
        {"http://h/a/?b", "a/index.html?b"},
        {"http://h/%252e%252e/x", "%2e%2e/x"},
        {"http://h/..%2fetc", NULL},
        {"http://h/a%00b", NULL},
        {"http://h/a//b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buffer[URL_SIZE_MAX], name[URL_SIZE_MAX];
        url u;
        cr_assert(eq(int, url_from_person(rows[i].text, buffer, &u), URL_OK));
        bool ok = url_file_name(&u, name);
        cr_expect(eq(int, ok, rows[i].name != NULL), "row %s", rows[i].text);
        if (ok && rows[i].name != NULL)
            cr_expect(eq(str, name, TEXT(rows[i].name)), "row %s", rows[i].text);
    }
}
