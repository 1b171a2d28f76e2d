/* SPDX-License-Identifier: MIT */
/*
 * robots.c: groups of agents, each with rules.
 *
 *     User-agent: a        ┐ agents of the group; several lines stand for the same rules
 *     User-agent: b        ┘
 *     Disallow: /x         ┐ rules: the longest pattern that matches decides,
 *     Allow: /x/y$         ┘ Allow wins among equals; '*' is any text, '$' the end
 *     User-agent: *        ── the next group
 *
 * The text is read once. Rules of the groups that name us and of those for everybody are kept in
 * two lists; the second counts only if nobody named us.
 */
#define _POSIX_C_SOURCE 200809L
#include "robots.h"

#include "../common/percent.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct rule {
    char *pattern;
    size_t size;
    bool allow;
};

struct rules {
    struct rule *items;
    size_t count;
    double delay;
};

struct robots {
    struct rules ours, everybody;
    bool names_us;
};

struct line {
    const char *key, *value;
    size_t key_size, value_size;
};

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\t'))
        (*size)--;
}

/* "Key: value # comment". False if the line has no colon. */
static bool parse_line(const char *text, size_t size, struct line *line)
{
    const char *hash = memchr(text, '#', size);
    if (hash != NULL)
        size = (size_t)(hash - text);
    const char *colon = memchr(text, ':', size);
    if (colon == NULL)
        return false;
    line->key = text;
    line->key_size = (size_t)(colon - text);
    line->value = colon + 1;
    line->value_size = size - line->key_size - 1;
    trim(&line->key, &line->key_size);
    trim(&line->value, &line->value_size);
    return true;
}

static bool is_key(const struct line *line, const char *name)
{
    return strlen(name) == line->key_size && strncasecmp(line->key, name, line->key_size) == 0;
}

/* Patterns are compared with URLs in normal form, so they get the same form: "%7e" is "~". */
static size_t normalise(const char *text, size_t size, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        int byte = percent_byte(text + i, size - i);
        if (byte < 0) {
            out[used++] = text[i];
        } else if (percent_is_unreserved((unsigned char)byte)) {
            out[used++] = (char)byte;
            i += 2;
        } else {
            static const char digits[] = "0123456789ABCDEF";
            out[used++] = '%';
            out[used++] = digits[byte >> 4];
            out[used++] = digits[byte & 15];
            i += 2;
        }
    }
    return used;
}

static bool add_rule(struct rules *rules, const struct line *line, bool allow)
{
    if (line->value_size == 0)              /* "Disallow:" forbids nothing */
        return true;
    if ((rules->count & (rules->count + 1)) == 0) {     /* 0, 1, 3, 7...: room for 1, 3, 7, 15 */
        size_t room = 2 * rules->count + 1;
        struct rule *items = realloc(rules->items, room * sizeof *items);
        if (items == NULL)
            return false;
        rules->items = items;
    }
    char *pattern = malloc(line->value_size);
    if (pattern == NULL)
        return false;
    size_t size = normalise(line->value, line->value_size, pattern);
    rules->items[rules->count++] = (struct rule){pattern, size, allow};
    return true;
}

/* Our name in any case; what follows it in the line ("crawl/1.0") does not matter. */
static bool is_agent(const struct line *line, const char *agent)
{
    size_t size = 0;
    while (size < line->value_size && (line->value[size] == '-' || line->value[size] == '_'
                                       || percent_is_unreserved((unsigned char)line->value[size])))
        size++;
    return strlen(agent) == size && strncasecmp(line->value, agent, size) == 0;
}

static double parse_delay(const struct line *line)
{
    double value = 0, scale = 1;
    bool behind_point = false;
    for (size_t i = 0; i < line->value_size && i < 12; i++) {
        char c = line->value[i];
        if (c == '.' && !behind_point) {
            behind_point = true;
        } else if (c >= '0' && c <= '9') {
            scale = behind_point ? scale / 10 : scale;
            value = behind_point ? value + (c - '0') * scale : value * 10 + (c - '0');
        } else {
            return 0;
        }
    }
    return value;
}

static bool add_line(struct rules *rules, const struct line *line)
{
    if (is_key(line, "allow"))
        return add_rule(rules, line, true);
    if (is_key(line, "disallow"))
        return add_rule(rules, line, false);
    if (is_key(line, "crawl-delay"))
        rules->delay = parse_delay(line);
    return true;
}

/* Other lines ("Sitemap:") belong to no group, and do not part one. */
static bool is_rule(const struct line *line)
{
    return is_key(line, "allow") || is_key(line, "disallow") || is_key(line, "crawl-delay");
}

robots *robots_parse(const char *agent, const char *text, size_t size)
{
    robots *result = calloc(1, sizeof *result);
    bool ok = result != NULL;
    bool in_agents = false, for_us = false, for_everybody = false;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    while (ok && size > 0) {
        size_t length = 0;
        while (length < size && text[length] != '\n' && text[length] != '\r')
            length++;
        struct line line;
        if (parse_line(text, length, &line)) {
            bool is_agent_line = is_key(&line, "user-agent");
            if (is_agent_line && !in_agents)
                for_us = for_everybody = false;
            if (is_agent_line && line.value_size == 1 && line.value[0] == '*')
                for_everybody = true;
            else if (is_agent_line && is_agent(&line, agent))
                for_us = result->names_us = true;
            in_agents = is_agent_line || (in_agents && !is_rule(&line));
            if (for_us)
                ok = add_line(&result->ours, &line);
            if (for_everybody && ok)
                ok = add_line(&result->everybody, &line);
        }
        length += length < size;
        text += length;
        size -= length;
    }
    if (ok)
        return result;
    robots_free(result);
    return NULL;
}

robots *robots_forbid_all(void)
{
    static const char text[] = "User-agent: *\nDisallow: /\n";
    return robots_parse("*", text, sizeof text - 1);
}

/*
 * Does the pattern match a beginning of text? The usual loop with one way back, to the last star:
 * steps are at most size of text times size of pattern, whatever a site writes.
 */
static bool matches(const struct rule *rule, const char *text)
{
    const char *at = rule->pattern, *end = at + rule->size;
    const char *star = NULL, *resume = NULL;
    bool to_end = rule->size > 0 && end[-1] == '$';
    end -= to_end;
    for (;;) {
        if (at < end && *at == '*') {
            star = ++at;
            resume = text;
        } else if (at == end && (!to_end || *text == '\0')) {
            return true;
        } else if (at < end && *text != '\0' && *at == *text) {
            at++;
            text++;
        } else if (star != NULL && *resume != '\0') {
            at = star;
            text = ++resume;
        } else {
            return false;
        }
    }
}

static const struct rules *rules_for_us(const robots *rules)
{
    return rules->names_us ? &rules->ours : &rules->everybody;
}

bool robots_allow(const robots *rules, const char *target)
{
    size_t longest = 0;
    bool allow = true;
    if (rules == NULL || strcmp(target, "/robots.txt") == 0)
        return true;
    const struct rules *list = rules_for_us(rules);
    for (size_t i = 0; i < list->count; i++) {
        const struct rule *rule = &list->items[i];
        if (rule->size < longest || !matches(rule, target))
            continue;
        allow = rule->allow || (rule->size == longest && allow);
        longest = rule->size;
    }
    return allow;
}

double robots_delay(const robots *rules)
{
    return rules != NULL ? rules_for_us(rules)->delay : 0;
}

static void free_rules(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->items[i].pattern);
    free(rules->items);
}

void robots_free(robots *rules)
{
    if (rules == NULL)
        return;
    free_rules(&rules->ours);
    free_rules(&rules->everybody);
    free(rules);
}
