/* SPDX-License-Identifier: MIT */
/*
 * test_address.c: addresses from text and to text. The parser meets any bytes in fuzz/address.c.
 */
#define _GNU_SOURCE
#include "helper.h"

#include "poll/sys.h"

#include <coro/address.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define EQ(actual, expected) cr_assert(eq(long, (long)(actual), (long)(expected)))
#define TEXT(text) ((char *)(uintptr_t)(text))

SUITE(address);

Test(address, what_is_an_address_is_read_and_written_with_its_port)
{
    static const struct {
        const char *text, *written;
        int family;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1:7", AF_INET},
        {"127.0.0.1:80", "127.0.0.1:80", AF_INET},
        {"0.0.0.0:0", "0.0.0.0:0", AF_INET},
        {"255.255.255.255:65535", "255.255.255.255:65535", AF_INET},
        {"::1", "[::1]:7", AF_INET6},
        {"::", "[::]:7", AF_INET6},
        {"fe80::1:80", "[fe80::1:80]:7", AF_INET6},
        {"[::1]", "[::1]:7", AF_INET6},
        {"[::1]:080", "[::1]:80", AF_INET6},
        {"2001:DB8::0001", "[2001:db8::1]:7", AF_INET6},
        {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:7", AF_INET6},
        {"[fe80::1%lo]:80", "[fe80::1%lo]:80", AF_INET6},
        {"fe80::1%1", "[fe80::1%lo]:7", AF_INET6},
        {"[fe80::1%999999]:80", "[fe80::1%999999]:80", AF_INET6},
        {"[fe80::1%0]", "[fe80::1]:7", AF_INET6},
        {"unix:/run/x.sock", "unix:/run/x.sock", AF_UNIX},
        {"unix:@name", "unix:@name", AF_UNIX},
        {"unix:", "unix:", AF_UNIX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        coro_address address;
        char text[CORO_ADDRESS_TEXT_MAX];
        cr_expect(eq(int, coro_address_parse(&address, rows[i].text, 7), 0), "%s", rows[i].text);
        cr_expect(eq(int, coro_address_family(&address), rows[i].family), "%s", rows[i].text);
        EQ(coro_address_format(&address, text, sizeof text), 0);
        cr_expect(eq(str, text, TEXT(rows[i].written)));
    }
}

Test(address, what_is_none_is_refused_and_changes_nothing)
{
    static const char *const rows[] = {
        "", ":", ":80", "localhost", "localhost:80", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4",
        "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:99999999999999999999", "1.2.3.4:-1", "1.2.3.4:+1",
        "1.2.3.4: 1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4%lo", "[1.2.3.4]:80", "[", "]", "[]", "[]:1",
        "[::1", "[::1]x", "[::1]:", "[::1]:x", "[::1]]", "[[::1]]", ":::", "1::2::3",
        "1:2:3:4:5:6:7:8:9", "12345::", "::1%", "fe80::1%nosuch", "fe80::1%4294967296",
        "[fe80::1]%lo:80", "unix", "Unix:/x",
        "unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
        "23456789012345678901234567",
        "unix:/01234567890123456789012345678901234567890123456789012345678901234567890123456789012"
        "34567890123456789012345678901234567890123456789",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        coro_address address, before;
        memset(&address, 0x5a, sizeof address);
        before = address;
        cr_expect(eq(int, coro_address_parse(&address, rows[i], 7), CORO_EINVAL), "%s", rows[i]);
        cr_expect(eq(int, memcmp(&address, &before, sizeof address), 0), "%s", rows[i]);
    }
}

Test(address, a_text_that_is_too_small_holds_a_part)
{
    coro_address address;
    char text[13] = "untouched";
    EQ(coro_address_parse(&address, "127.0.0.1:80", 0), 0);
    EQ(coro_address_format(&address, text, 13), 0);
    EQ(coro_address_format(&address, text, 12), CORO_ERANGE);
    cr_assert(eq(str, text, TEXT("127.0.0.1:8")));
    EQ(coro_address_format(&address, NULL, 0), CORO_ERANGE);
    memset(&address, 0, sizeof address);
    EQ(coro_address_format(&address, text, sizeof text), CORO_EINVAL);
    cr_assert(eq(str, text, TEXT("")));
    EQ(coro_address_port(&address), 0);
    coro_address_set_port(&address, 80);
    EQ(coro_address_port(&address), 0);
}

Test(address, a_port_is_changed_in_its_place)
{
    coro_address address;
    EQ(coro_address_parse(&address, "127.0.0.1:80", 0), 0);
    coro_address_set_port(&address, 443);
    EQ(coro_address_port(&address), 443);
    EQ(ntohs(((struct sockaddr_in *)(void *)coro_address_any(&address))->sin_port), 443);
    EQ(coro_address_parse(&address, "::1", 80), 0);
    coro_address_set_port(&address, 65535);
    EQ(coro_address_port(&address), 65535);
}

/* The system counts the 0 behind a path that fills its place: one byte more than there is. */
Test(address, what_the_system_gave_is_copied_and_a_path_may_be_as_long_as_it_may)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    char text[CORO_ADDRESS_TEXT_MAX], expected[CORO_ADDRESS_TEXT_MAX];
    coro_address address;
    memset(path.sun_path, 'p', sizeof path.sun_path);
    EQ(coro_address_set(&address, (struct sockaddr *)&path, sizeof path), 0);
    EQ(address.size, sizeof path);
    address.size++;
    EQ(coro_address_format(&address, text, sizeof text), 0);
    snprintf(expected, sizeof expected, "unix:%.*s", (int)sizeof path.sun_path, path.sun_path);
    cr_assert(eq(str, text, expected));
    EQ(coro_address_set(&address, coro_address_any(&address), sizeof address.bytes + 1),
       CORO_EINVAL);
}

static unsigned no_index(const char *name)
{
    (void)name;
    errno = ENODEV;
    return 0;
}

static char *no_name(unsigned index, char *name)
{
    (void)index, (void)name;
    errno = ENXIO;
    return NULL;
}

Test(address, a_zone_that_the_system_does_not_know_stays_a_number)
{
    coro_address address;
    char text[CORO_ADDRESS_TEXT_MAX];
    coro_sys.if_nametoindex = no_index;
    coro_sys.if_indextoname = no_name;
    EQ(coro_address_parse(&address, "fe80::1%lo", 1), CORO_EINVAL);
    EQ(coro_address_parse(&address, "fe80::1%1", 1), 0);
    EQ(coro_address_format(&address, text, sizeof text), 0);
    cr_assert(eq(str, text, TEXT("[fe80::1%1]:1")));
}
