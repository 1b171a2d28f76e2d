/* SPDX-License-Identifier: MIT */
/* test_robots.c: what robots.txt allows crawl. */
#include "helper.h"

#include "../examples/crawl/robots.h"

#include <stdlib.h>
#include <string.h>

SUITE(robots);

static robots *parse(const char *text)
{
    robots *rules = robots_parse("crawl", text, strlen(text));
    cr_assert(rules != NULL);
    return rules;
}

Test(robots, rules_decide_by_the_longest_match)
{
    static const struct {
        const char *text, *target;
        bool allow;
    } rows[] = {
        {"", "/x", true},
        {"User-agent: *\nDisallow: /x\n", "/x", false},
        {"User-agent: *\nDisallow: /x\n", "/xy/z", false},
        {"User-agent: *\nDisallow: /x\n", "/y", true},
        {"User-agent: *\nDisallow:\n", "/x", true},
        {"User-agent: *\nDisallow: /\n", "/robots.txt", true},
        {"user-AGENT : *\r\n  disallow:/x # no\r\n", "/x", false},
        {"User-agent: *\rDisallow: /x\r", "/x", false},
        {"\xef\xbb\xbfUser-agent: *\nDisallow: /x", "/x", false},
        {"User-agent: *\nDisallow: /x\nAllow: /x/y\n", "/x/y/z", true},
        {"User-agent: *\nAllow: /x/y\nDisallow: /x\n", "/x/z", false},
        {"User-agent: *\nDisallow: /x\nAllow: /x\n", "/x", true},
        {"User-agent: *\nAllow: /x\nDisallow: /x\n", "/x", true},
        {"User-agent: *\nDisallow: /*.gif$\n", "/a/b.gif", false},
        {"User-agent: *\nDisallow: /*.gif$\n", "/a/b.gif?x", true},
        {"User-agent: *\nDisallow: /*.gif\n", "/a/b.gif?x", false},
        {"User-agent: *\nDisallow: *\n", "/x", false},
        {"User-agent: *\nDisallow: /a*b*c\n", "/aXbYc", false},
        {"User-agent: *\nDisallow: /a*b*c\n", "/aXcYb", true},
        {"User-agent: *\nDisallow: /x$\n", "/x", false},
        {"User-agent: *\nDisallow: /x$\n", "/xy", true},
        {"User-agent: *\nDisallow: /%7Ea/%2f\n", "/~a/%2F", false},
        {"User-agent: *\nDisallow: /x?q=1\n", "/x?q=12", false},
        {"Disallow: /x\nUser-agent: other\nDisallow: /y\n", "/x", true},
        {"nonsense\n:\n::\nUser-agent\n", "/x", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        robots *rules = parse(rows[i].text);
        cr_expect(eq(int, robots_allow(rules, rows[i].target), rows[i].allow), "%s of %s",
                  rows[i].target, rows[i].text);
        robots_free(rules);
    }
}

Test(robots, our_own_group_replaces_the_one_for_everybody)
{
    robots *rules = parse("User-agent: *\nDisallow: /\nCrawl-delay: 9\n\n"
                          "User-agent: a\nUser-agent: Crawl/2.0\nSitemap: x\nDisallow: /b\n"
                          "Crawl-delay: 1.25\n\n"
                          "User-agent: crawler\nDisallow: /c\n"
                          "User-agent: crawl\nDisallow: /d\n");
    cr_expect(robots_allow(rules, "/a"));
    cr_expect(not(robots_allow(rules, "/b")));
    cr_expect(robots_allow(rules, "/c"));
    cr_expect(not(robots_allow(rules, "/d")));
    cr_expect(epsilon_eq(dbl, robots_delay(rules), 1.25, 1e-9));
    robots_free(rules);
}

Test(robots, an_empty_group_of_ours_allows_everything)
{
    robots *rules = parse("User-agent: *\nDisallow: /\nUser-agent: crawl\nDisallow:\n");
    cr_expect(robots_allow(rules, "/a"));
    robots_free(rules);
}

Test(robots, none_and_forbidden)
{
    robots *forbid = robots_forbid_all();
    cr_assert(forbid != NULL);
    cr_expect(not(robots_allow(forbid, "/")));
    cr_expect(robots_allow(NULL, "/"));
    cr_expect(epsilon_eq(dbl, robots_delay(NULL), 0, 1e-9));
    robots_free(forbid);
    robots_free(NULL);
}

Test(robots, a_pattern_of_stars_costs_no_exponential_time)
{
    char text[2200] = "User-agent: *\nDisallow: /", target[2048];
    for (int i = 0; i < 500; i++)
        strcat(text, "*a");
    strcat(text, "b\n");
    memset(target, 'a', sizeof target - 1);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    robots *rules = parse(text);
    cr_expect(robots_allow(rules, target));
    robots_free(rules);
}

Test(robots, any_bytes_are_a_robots_txt)
{
    static const char *const words[] = {"User-agent", "Disallow", "Allow", "Crawl-delay", ":", "*",
                                        "\n", "/", "$", "%4", "crawl", "#", " ", "\r", "1.5.2"};
    srand(1);
    for (int round = 0; round < 2000; round++) {
        char text[1024] = "";
        for (int i = rand() % 60; i > 0; i--)
            strcat(text, words[(size_t)rand() % (sizeof words / sizeof words[0])]);
        robots *rules = parse(text);
        bool once = robots_allow(rules, "/a/crawl");
        cr_expect(eq(int, once, robots_allow(rules, "/a/crawl")));
        cr_expect(ge(dbl, robots_delay(rules), 0));
        robots_free(rules);
    }
}
