/* SPDX-License-Identifier: MIT */
/*
 * test_hosts.c: names that need no asking: numbers, the hosts file, localhost.
 */
#define _GNU_SOURCE
#include "names_fixture.h"

SUITE(hosts);

static const struct addrinfo canonical = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};

/* --- what needs no asking ----------------------------------------------------------------- */

Test(hosts, addresses_and_numbers_are_found_at_once)
{
    pretend_names();
    EQ(RUN_NET(finds("127.0.0.1", "80", &tcp)), 0);
    EQ(RUN_NET(finds("::1", "80", &tcp)), 0);
    EQ(RUN_NET(finds("127.0.0.1", NULL, &tcp)), 0);
    EQ(RUN_NET(finds(NULL, "81", &tcp4)), 0);
    EQ(RUN_NET(finds("127.0.0.1", "82", NULL)), 0); /* three kinds of socket */
    SAID("127.0.0.1:80 [::1]:80 127.0.0.1:0 127.0.0.1:81 127.0.0.1:82 127.0.0.1:82 127.0.0.1:82 ");
    EQ(answers.asked, 0);
}

Test(hosts, what_can_be_no_name_is_not_asked_for)
{
    char text[CORO_ADDRESS_TEXT_MAX * 4];
    static const struct addrinfo literal = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    pretend_names();
    memset(text, 'x', sizeof text);
    text[256] = '\0';
    EQ(RUN_NET(finds("", "80", &tcp)), 0);
    EQ(RUN_NET(finds(text, "80", &tcp)), 0);
    EQ(RUN_NET(finds(NULL, NULL, &tcp)), 0);
    EQ(RUN_NET(finds("some.test", "80", &literal)), 0);
    EQ(RUN_NET(finds("127.0.0.1", "80", &tcp6)), 0);
    SAID("CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME CORO_ENAME ");
    EQ(answers.asked, 0);
}

Test(hosts, localhost_needs_neither_a_file_nor_a_server)
{
    pretend_names();
    EQ(RUN_NET(finds("localhost", "80", &tcp)), 0);
    EQ(RUN_NET(finds("LocalHost.", "80", &tcp4)), 0);
    EQ(RUN_NET(finds("app.localhost", "80", &tcp6)), 0);
    EQ(RUN_NET(finds("localhost", NULL, &canonical)), 0);
    SAID("[::1]:80 127.0.0.1:80 127.0.0.1:80 [::1]:80 localhost = [::1]:0 127.0.0.1:0 ");
    EQ(answers.asked, 0);
    EQ(RUN_NET(finds("notlocalhost", "80", &tcp)), 0);
    EQ(answers.asked, 1);
}

Test(hosts, a_name_of_the_hosts_file_is_found_at_once)
{
    pretend_names();
    pretend_hosts("# first\n"
                  "10.0.0.1\tbuild.example  build\r\n"
                  "\n"
                  "10.0.0.2 build # build2\n"
                  "fd00::1 BUILD.example\n"
                  "unix:/x build\n"
                  "10.0.0.3\n"
                  "rubbish build\n"
                  "127.0.0.9 localhost\n"
                  "10.0.0.4 last");
    EQ(RUN_NET(finds("build", "80", &tcp)), 0);
    EQ(RUN_NET(finds("Build.Example.", "80", &tcp)), 0);
    EQ(RUN_NET(finds("build.example", "80", &tcp6)), 0);
    EQ(RUN_NET(finds("build", "80", &canonical)), 0);
    EQ(RUN_NET(finds("localhost", "80", &tcp)), 0);
    EQ(RUN_NET(finds("last", "80", &tcp)), 0);
    SAID("10.0.0.1:80 10.0.0.2:80 10.0.0.1:80 [fd00::1]:80 [fd00::1]:80 "
         "build.example = 10.0.0.1:80 10.0.0.2:80 127.0.0.9:80 10.0.0.4:80 ");
    EQ(answers.asked, 0);
    EQ(RUN_NET(finds("build2", "80", &tcp)), 0);
    EQ(answers.asked, 1);
    unlink(hosts_path);
}

ASYNC(finds_changes)
{
    ASYNC_BEGIN;
    AWAIT(finds("build", "80", &tcp));
    pretend_hosts("10.0.0.22 build\n");
    AWAIT(finds("build", "80", &tcp));
    unlink(hosts_path);
    AWAIT(finds("localhost", "80", &tcp4));
    ASYNC_END;
}

Test(hosts, a_hosts_file_that_has_changed_is_read_anew)
{
    pretend_names();
    pretend_hosts("10.0.0.1 build\n");
    EQ(RUN_NET(finds_changes()), 0);
    SAID("10.0.0.1:80 10.0.0.22:80 127.0.0.1:80 ");
}

Test(hosts, a_host_has_eight_addresses_at_most_in_the_hosts_file)
{
    char text[1024] = "";
    pretend_names();
    for (int i = 1; i <= 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "10.0.0.%d many\n", i);
    pretend_hosts(text);
    EQ(RUN_NET(finds("many", "1", &tcp)), 0);
    HOLDS(strstr(said, "10.0.0.8:1 ") != NULL && strstr(said, "10.0.0.9:1 ") == NULL);
    unlink(hosts_path);
}

Test(hosts, a_hosts_file_that_is_none_for_us_is_left_to_the_system)
{
    static char large[256 * 1024 + 2];
    pretend_names();
    memset(large, '#', sizeof large - 1);
    memcpy(large, "10.0.0.1 big\n", 13);
    pretend_hosts(large);
    EQ(RUN_NET(finds("big", "80", &tcp)), 0);
    coro_names.hosts = "/";
    EQ(RUN_NET(finds("big", "80", &tcp)), 0);
    SAID("127.0.1.1:80 127.0.1.1:80 ");
    EQ(answers.asked, 2);
    unlink(hosts_path);
}

static coro_sys_table real;
static const char *failing;

static int fails(const char *name)
{
    errno = EIO;
    return failing == name ? -1 : 0;
}

static int failing_open(const char *path, int flags, ...)
{
    return fails("open") != 0 ? -1 : real.open(path, flags);
}

static int failing_fstat(int fd, struct stat *status)
{
    return fails("fstat") != 0 ? -1 : real.fstat(fd, status);
}

static ssize_t failing_read(int fd, void *buffer, size_t size)
{
    return fails("read") != 0 ? -1 : real.read(fd, buffer, size);
}

Test(hosts, a_hosts_file_that_cannot_be_read_is_none)
{
    static const char *const calls[] = {"open", "fstat", "read"};
    pretend_names();
    pretend_hosts("10.0.0.1 build\n");
    real = coro_sys;
    coro_sys.open = failing_open;
    coro_sys.fstat = failing_fstat;
    coro_sys.read = failing_read;
    for (size_t i = 0; i < 3; i++) {
        failing = calls[i];
        EQ(RUN_NET(finds("build", "80", &tcp)), 0);
    }
    SAID("127.0.1.1:80 127.0.1.1:80 127.0.1.1:80 ");
    failing = NULL;
    EQ(RUN_NET(finds("build", "80", &tcp)), 0);
    HOLDS(strstr(said, "10.0.0.1:80") != NULL);
    unlink(hosts_path);
}
