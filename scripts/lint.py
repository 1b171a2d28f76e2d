#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lint: mistakes in coroutines that no compiler sees.

    lint.py PATH...       files, or folders searched for C files; prints  file:line: rule: what

  before-begin         something with `=` stands before ASYNC_BEGIN: it runs at every resume
  local-across-await   a local is used in an await, or after one that follows its declaration, or
                       is a block's scope: it lives on the C stack, which is gone by then; it
                       belongs in VARS
  await-in-switch      an await stands in a switch of the user's own, which catches its case label

It reads tokens, not C: a local that is a member of a struct type behind a macro is not seen. A
line that ends in the comment `lint: fine` is believed.
"""
import os
import re
import sys

import project_files

FINE = "lint: fine"
DEFINITIONS = {"ASYNC", "CORO_ASYNC", "ASYNC_DEFINE", "CORO_ASYNC_DEFINE"}
BEGIN = {"ASYNC_BEGIN", "CORO_ASYNC_BEGIN"}
AWAITS = {"AWAIT", "AWAIT_CATCH", "YIELD", "ASYNC_SUSPEND", "JOIN", "FOR_AWAIT"}
AWAITS |= {"CORO_" + name for name in AWAITS}
AWAITS_AT_THE_END = {"CORO_GROUP"}  # a block whose end awaits
WITH = {"CORO_WITH", "CORO_LOCKED", "CORO_READING", "CORO_WRITING"}  # begin with an await
AWAITS |= WITH
BLOCKS = {"CORO_GROUP", "CORO_TIMEOUT", "CORO_TIMEOUT_AT", "CORO_SHIELD"} | WITH
SCALAR = set("void char short int long float double signed unsigned bool _Bool size_t ssize_t "
             "ptrdiff_t intptr_t uintptr_t int8_t int16_t int32_t int64_t uint8_t uint16_t "
             "uint32_t uint64_t off_t time_t pid_t mode_t coro_time coro_duration".split())
QUALIFIERS = set("const volatile register restrict _Atomic".split())
STATEMENTS = set("return if else for while do switch case default goto break continue "
                 "sizeof typedef extern".split())
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|->|[-+*/%&|^=!<>]=|<<|>>|&&|\|\||\S")


class Token:
    def __init__(self, text, line):
        self.text, self.line = text, line


def tokenize(source):
    text = project_files.blank(source)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
                  lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.MULTILINE)
    tokens, line, last = [], 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        tokens.append(Token(match.group(0), line))
    return tokens


def pair(tokens):
    """For each opening bracket's index the index of its closing one."""
    ends, stack = {}, []
    for index, token in enumerate(tokens):
        if token.text in "([{":
            stack.append(index)
        elif token.text in ")]}" and stack:
            ends[stack.pop()] = index
    return ends


class Local:
    """A declared local: where it is, where its block ends, the loop in whose head it stands."""

    def __init__(self, name, index, block_end, loop, compound):
        self.name, self.index, self.block_end = name, index, block_end
        self.loop, self.compound = loop, compound  # compound: an array, a struct


class Body:
    """One coroutine's body: tokens[begin] is its `{`, tokens[end] its `}`."""

    def __init__(self, tokens, ends, begin, end):
        self.tokens, self.ends, self.begin, self.end = tokens, ends, begin, end
        self.awaits = self.find_awaits()

    def text(self, index):
        return self.tokens[index].text

    def find_awaits(self):
        """(first, last) token of each await, in order."""
        spans = []
        for index in range(self.begin, self.end):
            if self.text(index) in AWAITS:
                after = index + 1
                spans.append((index, self.ends.get(after, index)))
            elif self.text(index) in AWAITS_AT_THE_END:
                block = self.block_after(index)
                if block:
                    spans.append((self.ends[block], self.ends[block]))
        return sorted(spans)

    def block_after(self, index):
        """The `{` of `name (...) {`, or None."""
        index = self.ends.get(index + 1, index) + 1
        return index if index < self.end and self.text(index) == "{" else None

    def block_end(self, index):
        """The `}` of the innermost block around index."""
        around = [end for begin, end in self.ends.items()
                  if self.text(begin) == "{" and begin < index < end]
        return min(around)

    def statement_end(self, index):
        """The last token of the statement that begins at index."""
        if self.text(index) == "{":
            return self.ends[index]
        if self.text(index) in ("if", "for", "while", "switch"):
            last = self.statement_end(self.ends.get(index + 1, index) + 1)
            while self.text(last + 1) == "else":
                last = self.statement_end(last + 2)
            return last
        while index < self.end and self.text(index) != ";":
            index = self.ends.get(index, index) + 1
        return index

    def loops(self):
        """(first, last) token of each loop, its head included."""
        for index in range(self.begin, self.end):
            if self.text(index) in ("for", "while"):
                yield index, self.statement_end(index)
            elif self.text(index) == "do" and self.text(index + 1) == "{":
                yield index, self.ends[index + 1]

    def locals(self):
        """Each declaration that begins a statement, or the head of a `for`."""
        for index in range(self.begin + 1, self.end):
            before = self.text(index - 1)
            in_for = before == "(" and self.text(index - 2) == "for"
            if before in ("{", "}", ";", ":") or in_for:
                yield from self.declaration(index)

    def declaration(self, index):
        start, compound, words = index, None, 0
        while re.match(r"[A-Za-z_]", self.text(index)):
            word, following = self.text(index), self.text(index + 1)
            if word in STATEMENTS or word == "static":
                return
            if word in ("struct", "union", "enum"):
                compound, words, index = word != "enum", 1, index + 2
                continue
            if words and following in ("=", ";", ",", "["):
                break  # the declarator
            if word not in QUALIFIERS:
                words += 1
                compound = word not in SCALAR
            index += 1
        if not words:
            return
        yield from self.declarators(start, index, compound)

    def declarators(self, start, index, compound):
        """The names of `a, *b = x, c[3];`, or nothing if that is not what stands there."""
        loop = start - 2 if self.text(start - 1) == "(" else None  # for (int i = 0; ...)
        end = self.statement_end(loop) if loop else self.block_end(start)
        while True:
            pointer = False
            while self.text(index) in ("*", "const", "volatile", "restrict"):
                pointer, index = True, index + 1
            following = self.text(index + 1)
            if not re.match(r"[A-Za-z_]\w*$", self.text(index)) or following not in "=;,[":
                return
            array = following == "["
            yield Local(self.text(index), index, end, loop,
                        array or (compound and not pointer))
            while self.text(index) not in (",", ";"):
                index = self.ends.get(index, index) + 1
                if index >= self.end:
                    return
            if self.text(index) == ";":
                return
            index += 1

    def uses(self, local, first, last):
        """Where the local is named between two tokens (not as a member: self->name)."""
        return [index for index in range(first, last + 1)
                if self.text(index) == local.name and self.text(index - 1) not in (".", "->")]

    def by_value(self, index):
        """`name.member` (no address taken): the value is read before the await begins."""
        return self.text(index + 1) == "." and self.text(index - 1) != "&"

    def assigned(self, index):
        """`name = ...;` begins the local anew."""
        return (self.text(index + 1) == "=" and self.text(index - 1) in ";{}):")

    def other_branches(self, index):
        """(first, last) of each `else` that is not run when what stands at index is."""
        for start in range(self.begin, index):
            if self.text(start) == "if" and start + 1 in self.ends:
                then = self.ends[start + 1] + 1
                last = self.statement_end(then)
                if then <= index <= last and self.text(last + 1) == "else":
                    yield last + 1, self.statement_end(last + 2)

    def has_value(self, local, before):
        """Is there something that an await could lose: an initialiser, or a use before it?"""
        return (bool(self.uses(local, local.index + 1, before))
                or self.text(self.ends.get(local.index + 1, local.index) + 1) == "=")

    def used_inside(self, local, first, last):
        """A use that is a pointer, in an await's own arguments, to what is gone while it waits."""
        for use in self.uses(local, first, last):
            if self.text(use - 1) == "&" or local.compound and not self.by_value(use):
                return use
        return None

    def used_after(self, local, first, last):
        others = list(self.other_branches(first))
        after = [use for use in self.uses(local, last + 1, local.block_end)
                 if not any(begin <= use <= end for begin, end in others)]
        if after and not self.assigned(after[0]) and self.has_value(local, first - 1):
            return after[0]
        return None

    def used_again(self, local, await_first):
        """A use that a loop brings back to, behind the await."""
        for loop_first, loop_last in self.loops():
            around = loop_first == local.loop or local.index < loop_first
            if around and loop_first < await_first <= loop_last:
                again = self.uses(local, max(loop_first, local.index + 1), await_first)
                if again and not self.assigned(again[0]):
                    return again[0]
        return None

    def as_scope(self, local):
        """Where a block's scope is the local: the loop knows its address until it is left."""
        return next((index for index in self.uses(local, local.index, local.block_end)
                     if self.text(index - 2) in BLOCKS), None)

    def across(self, local):
        """The first use of the local that an await has made worthless, or None."""
        for first, last in self.awaits:
            if local.index < first < local.block_end:
                use = (self.used_inside(local, first, last) or self.used_after(local, first, last)
                       or self.used_again(local, first))
                if use:
                    return use
        return None

    def problems(self):
        begin = next((index for index in range(self.begin, self.end)
                      if self.text(index) in BEGIN), None)
        for index in range(self.begin, begin or self.begin):
            if self.text(index) == "=" and not self.is_static(index):
                yield index, "before-begin", "runs at every resume: put it after ASYNC_BEGIN"
        for local in self.locals():
            use = self.across(local) or self.as_scope(local)
            if use:
                yield use, "local-across-await", (
                    f"`{local.name}` (line {self.tokens[local.index].line}) is gone after an "
                    f"await: put it in VARS or SCRATCH")
        for index in range(self.begin, self.end):
            block = self.text(index) == "switch" and self.block_after(index)
            if block:
                for first, _ in self.awaits:
                    if block < first < self.ends[block]:
                        yield first, "await-in-switch", "this switch catches the await's label"

    def is_static(self, index):
        while self.text(index) not in (";", "{"):
            index -= 1
        return self.text(index + 1) == "static"


def bodies(tokens):
    ends = pair(tokens)
    for index, token in enumerate(tokens[:-1]):
        if token.text in DEFINITIONS and index + 1 in ends:
            begin = ends[index + 1] + 1
            if begin in ends and tokens[begin].text == "{":
                yield Body(tokens, ends, begin, ends[begin])


def lint(source):
    """(line, rule, what) for each mistake in a C source's text."""
    tokens, lines, found = tokenize(source), source.split("\n"), set()
    for body in bodies(tokens):
        for index, rule, what in body.problems():
            line = tokens[index].line
            if FINE not in lines[line - 1]:
                found.add((line, rule, what))
    return sorted(found)


def c_files(path):
    if os.path.isfile(path):
        return [path]
    return [os.path.join(path, name) for name in project_files.walk(path)
            if name.endswith((".c", ".h"))
            and not name.startswith(("test/compile_fail/", "scripts/fixtures/"))]


def main():
    count, problems = 0, []
    for path in [name for argument in sys.argv[1:] for name in c_files(argument)]:
        count += 1
        with open(path, encoding="utf-8") as file:
            problems += [f"{path}:{line}: {rule}: {what}" for line, rule, what in lint(file.read())]
    print("\n".join(problems) or f"lint: {count} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) > 1 else __doc__)
