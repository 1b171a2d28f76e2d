#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage: what the public headers promise, and no test has seen.

    coverage.py ROOT                     the static half: reads headers and tests, in a second
    coverage.py ROOT --build FOLDER      the dynamic half: counts what ran

FOLDER is a build by gcc with -Db_coverage=true, whose unit tests have been run. Its objects are
asked by gcc's own gcov. Two things must have run at least once:

  - each public function: declared CORO_API in include/coro, or static inline there without a
    trailing underscore (one with an underscore and CORO_API is what a public macro calls);
  - each line of the library that names an error.

A test that traps leaves its counts all the same, by test/helper.h. In such a build each frame is
an allocation of its own (meson.build), so that tests which fail each allocation fail each frame.
What no test can bring about is in NOT_COUNTED, with its reason.

The static half is a cross-reference, no proof. A header promises an error where a comment names
it, to all functions and macros that follow the comment without a blank line; the comment on top
of a file: to the noun, that is to one of its functions. A promise is kept when a test file has

    a function that calls what promises, and
    a function that expects the error: the same one, or one that calls the other, at any depth.

To expect is to name the error, or its number in a string, in a statement that compares or
asserts; to pass it on (set_error, THROW, return) is not. What cannot be tested, and names in
comments that are no promises, are in NO_PROMISE, each with its reason.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

import project_files
from coverage_table import NO_PROMISE, NOT_COUNTED

TOP = "the top comment of "
ERROR = re.compile(r"\bCORO_E[A-Z]+\b")
WORD = re.compile(r"\b[A-Za-z_]\w*\b")

# --- headers: what is public, and what it promises -----------------------------------------------

DECLARED = re.compile(
    r"^CORO_API\s+(?!extern\b)[^;{=]*?\b(coro_\w+)\s*\("
    r"|^static inline\s[^;{=]*?\b(coro_\w*[a-z0-9])\s*\("
    r"|^#define\s+((?:coro|CORO)_\w*[A-Za-z0-9])\(", re.M)
PIECE = re.compile(r"(?P<comment>/\*.*?\*/)|(?P<blank>\n[ \t]*\n)|(?P<rest>\n|[^\n]+)", re.S)


def blocks(text):
    """Yield (comment, the code right below it) for each comment that begins a line."""
    text = text.replace("\\\n", "  ")
    # The blank lines inside of a function or a struct end nothing.
    text = re.sub(r"^\{\n.*?^\}", lambda body: body.group(0).replace("\n\n", "\n"), text,
                  flags=re.M | re.S)
    comment, code, begun = "", "", False
    for piece in PIECE.finditer(text):
        at_line_start = piece.start() == 0 or text[piece.start() - 1] == "\n"
        if piece.lastgroup == "comment" and at_line_start:
            if begun:
                yield comment, code
                comment, code, begun = "", "", False
            comment += piece.group(0)
        elif piece.lastgroup == "blank":
            yield comment, code
            comment, code, begun = "", "", False
        else:
            code += piece.group(0)
            begun = begun or piece.group(0).strip() != ""
    yield comment, code


def names_in(code):
    return [next(filter(None, found)) for found in DECLARED.findall(code)]


class Headers:
    """functions: {name: header} to be entered; promises: [(who, names, error)]."""

    def __init__(self, root):
        self.functions, self.promises, self.macros = {}, [], set()
        for path in sorted(glob.glob(os.path.join(root, "include/coro/*.h"))):
            self.read(os.path.basename(path), project_files.read(root, path))

    def read(self, header, text):
        noun, found = [], list(blocks(text[text.index("*/") + 2:]))
        for comment, code in found:
            code = project_files.blank(code)
            names = names_in(code)
            self.macros.update(re.findall(r"^#define\s+(\w+)\(", code, re.M))
            self.functions.update((name, header) for name in names
                                  if not re.search(rf"#define\s+{name}\(", code))
            callable_names = sorted({self.public(name) for name in names} - {None})
            noun += callable_names
            for name in callable_names:
                for error in sorted(set(ERROR.findall(comment))):
                    self.promises.append((name, [name], error))
        # What is on top of the file is a promise of the noun.
        top = re.match(r"/\*.*?\*/\s*/\*(.*?)\*/", text, re.S)
        for error in sorted(set(ERROR.findall(top.group(1) if top else ""))):
            self.promises.append((TOP + header, noun, error))

    def public(self, name):
        """What a user calls: the macro of the same name; None for what only macros call."""
        if not name.endswith("_"):
            return name
        return name[:-1] if name[:-1] in self.macros else None


# --- tests: who calls what, and who expects what --------------------------------------------------

EXPECTS = re.compile(
    r"\b(EQ|HOLDS|SAID|REQUIRE|CHECK|SAYS|assert|cr_\w+|expect\w*|case)\b|==|!=|\?")
DEFINES = re.compile(
    r"\b(?:Test|ParameterizedTest)\(\s*\w+,\s*(\w+)|\b(?:CORO_)?ASYNC(?:_DEFINE|_STATIC)?\((\w+)"
    r"|^#define\s+(\w+)|\b(\w+)\s*\([^;]*\)\s*(?:\{|$)|\b(\w+)\s*(?:\[[^]]*\]\s*)*(?:=|$)", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
VARIABLE = re.compile(r"(?:\b\w+(?:->|\.))*\b[a-z]\w*\b(?!\s*\()")


def top_level(text):
    """Yield the pieces of a C file that stand side by side: functions, definitions, macros."""
    text = re.sub(r"\\\n", "  ", text)
    piece, depth = "", 0
    for line in text.split("\n"):
        if depth == 0 and line.startswith("#"):
            if line.startswith("#define"):
                yield line
            continue
        piece += line + "\n"
        bare = re.sub(r"'(?:\\.|[^'\\])*'", "", STRING.sub("", line))
        depth += bare.count("{") - bare.count("}")
        if depth == 0 and (bare.startswith("}") or bare.rstrip().endswith((";", "}"))):
            yield piece
            piece = ""


class Statement:
    def __init__(self, text, numbers, expects):
        self.text = STRING.sub('""', text)
        self.names = set(WORD.findall(self.text))
        self.names |= {name[:-3] for name in self.names if name.endswith("_at")}  # ASYNC's
        self.errors = set()
        if expects or EXPECTS.search(self.text):
            self.errors.update(ERROR.findall(self.text))
            for string in STRING.findall(text):
                self.errors.update(numbers[n] for n in re.findall(r"-\d+", string)
                                   if n in numbers)

    def stores_in(self, variable):
        there = re.escape(variable)
        return re.search(rf"(CATCH\w*\(\s*|AWAIT\(\s*|&){there}\b|\b{there}(\[\w+\])?\s*=[^=]",
                         self.text) is not None

    def makes(self, variable):
        return re.search(rf"\b{re.escape(variable)}(\[\w+\])?\s*=[^=]", self.text) is not None


class TestFile:
    """The pieces of one test file and of the fixtures that it includes."""

    def __init__(self, root, path, numbers):
        self.statements = collections.defaultdict(list)
        self.read(root, path, numbers, set())
        self.below = self.close()

    def read(self, root, path, numbers, seen):
        if path in seen or not os.path.exists(os.path.join(root, path)):
            return
        seen.add(path)
        text = project_files.read(root, path)
        for name in re.findall(r'^#include "([^"]+)"', text, re.M):
            self.read(root, os.path.normpath(os.path.join(os.path.dirname(path), name)),
                      numbers, seen)
        for piece in top_level(project_files.blank(text, keep_strings=True)):
            found = DEFINES.search(piece.lstrip())
            name = next(filter(None, found.groups()), "?") if found else "?"
            table = re.search(r"\]\s*=\s*\{", piece) is not None
            parts = [piece] if table else re.split(r"[;{}]", piece)
            expects = table or piece.startswith("#define")
            self.statements[name] += [Statement(part, numbers, expects) for part in parts]

    def close(self):
        """below[name]: the words of all that it calls, at any depth, and its own."""
        words = {name: set().union(*(s.names for s in statements))
                 for name, statements in self.statements.items()}
        below = {}
        for name in words:
            reached, fresh = {name}, [name]
            while fresh:
                more = {n for n in words[fresh.pop()] if n in words} - reached
                reached |= more
                fresh += more
            below[name] = set().union(*(words[n] for n in reached))
        return below

    def calls(self, statement, public):
        """The public names that are called when this statement runs."""
        names = statement.names.union(*(self.below[n] for n in statement.names
                                        if n in self.below))
        return names & public

    def behind(self, statements, at, public):
        """What statements[at] calls, and what made the objects that it is about."""
        names = self.calls(statements[at], public)
        for variable in VARIABLE.findall(statements[at].text):
            made = next((s for s in reversed(statements[:at]) if s.makes(variable)), None)
            names |= self.calls(made, public) if made else set()
        return names

    def asked(self, statements, at, public):
        """Whose error statements[at] compares: what it calls itself, else what gave its
        variables their values, else all that is called beside it."""
        if self.calls(statements[at], public):
            return self.behind(statements, at, public)
        for variable in VARIABLE.findall(statements[at].text):
            for before in reversed(range(at)):
                if statements[before].stores_in(variable):
                    return self.behind(statements, before, public)
        return set().union(*(self.calls(s, public) for s in statements))

    def witnesses(self, public):
        """The pairs (called, error) of which this file is a witness."""
        pairs, passed_on = set(), collections.defaultdict(set)
        for name, statements in self.statements.items():
            for at, statement in enumerate(statements):
                if statement.errors:
                    asked = self.asked(statements, at, public)
                    pairs.update((c, e) for c in asked for e in statement.errors)
                    if not asked:  # a helper, a table: whoever uses it asks
                        passed_on[name] |= statement.errors
        for name, statements in self.statements.items():
            for at, statement in enumerate(statements):
                for error in set().union(*(passed_on[n] for n in statement.names
                                           if n in passed_on and n != name)):
                    pairs.update((c, error) for c in self.asked(statements, at, public))
        return pairs


def error_numbers(root):
    text = project_files.read(root, "include/coro/error.h")
    return {f"-{number}": "CORO_" + name
            for name, number in re.findall(r"X\((E\w+), (\d+),", text)}


def static_half(root, headers):
    numbers = error_numbers(root)
    public = {name + under for _, names, _ in headers.promises for name in names
              for under in ("", "_")}
    pairs = set()
    for path in project_files.walk(root):
        if re.match(r"test/(plain/)?[^/]+\.c$", path):
            pairs |= TestFile(root, path, numbers).witnesses(public)
    problems, used = [], set()
    for who, names, error in headers.promises:
        kept = any((name + under, error) in pairs for name in names for under in ("", "_"))
        if (who, error) in NO_PROMISE:
            used.add((who, error))
            if kept:
                problems.append(f"coverage_table.py: ({who}, {error}) is tested after all")
        elif not kept:
            problems.append(f"{who}: no test expects its {error}")
    problems += [f"coverage_table.py: ({who}, {error}) is not promised any more"
                 for who, error in sorted(set(NO_PROMISE) - used)]
    return problems, len(headers.promises)


# --- the dynamic half: gcov -----------------------------------------------------------------------

def gcov(paths):
    """Each path's object: gcov's answer, one JSON document a line."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", *paths], text=True,
                          capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def counts(root, build):
    """{function: times entered}, {(path, line): times run} of the project's files."""
    notes = sorted(glob.glob(os.path.join(build, "src", "**", "*.gcno"), recursive=True) +
                   glob.glob(os.path.join(build, "test", "**", "*.gcno"), recursive=True))
    notes = [os.path.abspath(path) for path in notes]
    if not notes:
        sys.exit(f"coverage: {build} has no .gcno files: build it with -Db_coverage=true and gcc")
    functions, lines = collections.Counter(), collections.Counter()
    root = os.path.realpath(root)
    chunks = [notes[i:i + 8] for i in range(0, len(notes), 8)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for answer in (a for chunk in pool.map(gcov, chunks) for a in chunk):
            folder = answer["current_working_directory"]
            for file in answer["files"]:
                path = os.path.relpath(os.path.realpath(os.path.join(folder, file["file"])), root)
                if not path.startswith(("include/", "src/")):
                    continue
                for function in file["functions"]:
                    functions[function["name"]] += function["execution_count"]
                for line in file["lines"]:
                    lines[path, line["line_number"]] += line["count"]
    return functions, lines


def statement_at(lines, line):
    """The line as NOT_COUNTED has it: behind the condition above it, if there is one."""
    text, above = lines[line - 1].strip(), lines[line - 2].strip() if line > 1 else ""
    return f"{above} {text}" if above.endswith(")") else text


def dynamic_half(root, build, headers):
    functions, lines = counts(root, build)
    problems = [f"include/coro/{header}: {name} was never entered"
                for name, header in sorted(headers.functions.items())
                if functions[name] == 0 and name not in NOT_COUNTED]
    known, texts = set(headers.functions), {}
    for (path, line), count in sorted(lines.items()):
        if path not in texts:
            text = project_files.read(root, path)
            texts[path] = text.split("\n"), project_files.blank(text).split("\n")
        if line > len(texts[path][0]):
            sys.exit(f"coverage: {path} is not what was built: build again")
        if not ERROR.search(texts[path][1][line - 1]):
            continue
        statement = statement_at(texts[path][0], line)
        known.add(f"{path}: {statement}")
        if count == 0 and f"{path}: {statement}" not in NOT_COUNTED:
            problems.append(f"{path}:{line}: never ran: {statement}")
    problems += [f"coverage_table.py: {what}: is gone" for what in sorted(set(NOT_COUNTED) - known)]
    return problems, len(headers.functions)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("root")
    arguments.add_argument("--build", help="built with -Db_coverage=true, unit tests run")
    options = arguments.parse_args()
    headers = Headers(options.root)
    if options.build:
        problems, number = dynamic_half(options.root, options.build, headers)
        what = "public functions were entered"
    else:
        problems, number = static_half(options.root, headers)
        what = "promised errors are expected by tests"
    print("\n".join(problems) or f"coverage: all {number} {what}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
