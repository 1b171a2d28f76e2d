/* SPDX-License-Identifier: MIT */
/* test_html.c: the links that crawl finds in a page, however the page is cut and broken. */
#include "helper.h"

#include "../examples/crawl/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SUITE(html);

/* The framework compares char *, without const. */
#define TEXT(text) ((char *)(text))

static char found[8192];

static void note(void *user, enum html_what what, const char *text, size_t size)
{
    static const char marks[] = "LBTN";
    size_t used = strlen(found);
    (void)user;
    if (used + size + 8 < sizeof found)
        snprintf(found + used, sizeof found - used, "%c:%.*s|", marks[what], (int)size, text);
}

static char *links(const char *text, size_t step)
{
    static html page;
    size_t size = strlen(text);
    found[0] = '\0';
    html_begin(&page, note, NULL);
    for (size_t at = 0; at < size; at += step)
        html_feed(&page, text + at, size - at < step ? size - at : step);
    return found;
}

Test(html, links_of_many_shapes_cut_anywhere)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"<a href=\"x\">x</a>", "L:x|"},
        {"<a href='x y'>", "L:x y|"},
        {"<A HREF=x>", "L:x|"},
        {"<a class=c href = x>", "L:x|"},
        {"<a href=x/>", "L:x/|"},
        {"<a\nhref\n=\n\"x\"\n>", "L:x|"},
        {"<a/href=x>", "L:x|"},
        {"<a href>", ""},
        {"<a href=>", ""},
        {"<a href=\"\">", "L:|"},
        {"<a data-href=x>", ""},
        {"<img src=i.png><script src=\"s.js\"></script><link href=c.css>",
         "L:i.png|L:s.js|L:c.css|"},
        {"<video poster=p src=v></video><object data=o>", "L:p|L:v|L:o|"},
        {"<div data=o>", ""},
        {"<img srcset=\"a 1x, b 2x,c\" src=d>", "L:a|L:b|L:c|L:d|"},
        {"<base href=\"http://h/\"><a href=x>", "B:http://h/|L:x|"},
        {"<a href=\"?a=1&amp;b=2&lt;&#38;&#x26;&nope;&\">", "L:?a=1&b=2<&&&nope;&|"},
        {"<a href=\"&#xe9;&#8364;&#x1F600;&#0;&#xD800;\">",
         "L:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80&#0;&#xD800;|"},
        {"<title>Index of /a&amp;b</title><a href=x>", "T:Index of /a&b|L:x|"},
        {"<title><a href=no></title><a href=x>", "T:a href=no>|L:x|"},
        {"<!-- <a href=no> --><a href=x>", "L:x|"},
        {"<!-- > <a href=no> -- ><a href=no> --><a href=x>", "L:x|"},
        {"<!--><a href=x>", "L:x|"},
        {"<!-- --- --><a href=x>", "L:x|"},
        {"<!DOCTYPE html><a href=x>", "L:x|"},
        {"<?xml version=1?><a href=x>", "L:x|"},
        {"<script>if (a<b) '<a href=no>' </scr></script ><a href=x>", "L:x|"},
        {"<style><a href=no></style><a href=x>", "L:x|"},
        {"<textarea><a href=no></textarea><a href=x>", "L:x|"},
        {"a < b <3 </ > </> <a href=x>", "L:x|"},
        {"</a href=no><a href=x>", "L:x|"},
        {"<a title=\"> <b href=no>\" href=x>", "L:x|"},
        {"<meta http-equiv=refresh content=\"0; url=next\">", "L:next|"},
        {"<meta content=\"0;URL='a b'\" http-equiv=Refresh>", "L:a b|"},
        {"<meta http-equiv=refresh content=5>", ""},
        {"<meta content=\"0; url=no\"><a href=x>", "L:x|"},
        {"<meta name=robots content=\"noindex, NoFollow\">", "N:|"},
        {"<meta name=robots content=all>", ""},
        {"<a href=\"unfinished", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step < 100; step += 9)
            cr_expect(eq(str, links(rows[i].text, step), TEXT(rows[i].expected)),
                      "step %zu of %s", step, rows[i].text);
    }
}

Test(html, an_address_that_does_not_fit_is_dropped_not_cut)
{
    static char text[2 * HTML_VALUE_SIZE_MAX];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "<a href=\"", 9);
    strcpy(text + sizeof text - 20, "\"><a href=y>");
    cr_expect(eq(str, links(text, 7), TEXT("L:y|")));
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "<a href=\"", 9);
    strcpy(text + 9 + HTML_VALUE_SIZE_MAX - 1, "\">");
    cr_expect(eq(sz, strlen(links(text, 7)), HTML_VALUE_SIZE_MAX - 1 + 3));
}

Test(html, any_bytes_are_a_page)
{
    static const char alphabet[] = "<>/=\"'!-?& ;#xahrefscipttl&#x0\n";
    char text[512];
    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)rand() % (sizeof text - 1);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        text[size] = '\0';
        char whole[sizeof found];
        strcpy(whole, links(text, 512));
        cr_assert(eq(str, links(text, 1), whole), "%s", text);
    }
}
