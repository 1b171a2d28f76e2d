#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_scripts: each check of the house finds what it is there to find, and nothing else."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import coverage
import floors
import from_asyncio
import lint
import lists
import tidy
import test_summary

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


def write(root, path, text):
    target = os.path.join(root, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    return target


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name


class Lint(unittest.TestCase):
    def check_fixture(self, name):
        with open(os.path.join(FIXTURES, name), encoding="utf-8") as file:
            source = file.read()
        marked = {(number, rule) for number, line in enumerate(source.split("\n"), 1)
                  for rule in re.findall(r"lint: (\w+-[\w-]+) \*/", line)}
        self.assertEqual({(line, rule) for line, rule, _ in lint.lint(source)}, marked)
        return marked

    def test_finds_each_marked_mistake_and_no_other(self):
        rules = {rule for _, rule in self.check_fixture("lint_bad.c")}
        self.assertEqual(rules, {"before-begin", "local-across-await", "await-in-switch"})

    def test_is_silent_about_good_code(self):
        self.assertEqual(self.check_fixture("lint_good.c"), set())


class Coverage(Scratch):
    HEADER = """/* SPDX */
/*
 * a.h - on top.
 */
/* Take it. 0, or CORO_EBUSY: somebody has it. */
CORO_API int coro_a_take(coro_a *a);
/* Wait for it; see coro_a_take. CORO_ECLOSED. */
static inline coro_void *coro_a_wait(coro_a *a)
{
    return NULL;

}
CORO_API int coro_a_other(coro_a *a);
/* The same by CORO_EIO. */
#define coro_a_give(a) coro_a_give_(a)
CORO_API int coro_a_give_(coro_a *a);
CORO_API extern const int coro_a_value;
static inline int coro_a_private_(coro_a *a)
{
}
"""

    def setUp(self):
        super().setUp()
        write(self.root, "include/coro/error.h",
              '/* SPDX */ X(EIO, 5, "") X(EBUSY, 16, "") X(ECLOSED, 1001, "")\n')
        write(self.root, "include/coro/a.h", self.HEADER)

    def missing(self, test):
        write(self.root, "test/test_a.c", test)
        problems, _ = coverage.static_half(self.root, coverage.Headers(self.root))
        return {tuple(re.findall(r"coro_a_\w+|CORO_E[A-Z]+", problem)) for problem in problems
                if not problem.startswith("coverage_table")}

    def test_knows_what_is_public(self):
        functions = coverage.Headers(self.root).functions
        self.assertEqual(set(functions), {"coro_a_take", "coro_a_wait", "coro_a_other",
                                          "coro_a_give_"})

    def test_finds_each_promise_that_nobody_expects(self):
        self.assertEqual(self.missing("int x;\n"), {
            ("coro_a_take", "CORO_EBUSY"), ("coro_a_wait", "CORO_ECLOSED"),
            ("coro_a_other", "CORO_ECLOSED"), ("coro_a_give", "CORO_EIO")})

    def test_expectations_may_be_direct_or_of_a_variable_or_a_number_in_a_text(self):
        self.assertEqual(self.missing("""
ASYNC(waits, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_a_wait(&a));
    say("%d ", self->error);
    ASYNC_END;
}

Test(a, b)
{
    int error = coro_a_give(&a);
    EQ(coro_a_take(&a), CORO_EBUSY);
    coro_a_other(&a);
    EQ(error, CORO_EIO);
    RUN(waits());
    SAID("-1001 ");
}
"""), set())

    def test_what_is_passed_on_or_another_functions_is_no_expectation(self):
        self.assertEqual(self.missing("""
Test(a, b)
{
    coro_a_take(&a);
    fail(CORO_EBUSY);
    EQ(coro_a_wait(&a), CORO_ECLOSED);
    coro_a_other(&a);
    EQ(coro_a_give(&a), CORO_EBUSY); /* CORO_EIO */
}
"""), {("coro_a_take", "CORO_EBUSY"), ("coro_a_other", "CORO_ECLOSED"),
       ("coro_a_give", "CORO_EIO")})


class FloorTable(unittest.TestCase):
    def test_is_transitive_and_without_circles(self):
        for floor, below in floors.FLOORS.items():
            for used in below:
                self.assertNotIn(floor, floors.FLOORS[used])
                self.assertLessEqual(set(floors.FLOORS[used]), set(below), floor)

    def test_keeps_neighbours_apart(self):
        for one, other in (("stream", "poll"), ("poll", "thread"), ("net", "os")):
            self.assertFalse(floors.may_use(one, other))
            self.assertFalse(floors.may_use(other, one))


class FloorIncludes(Scratch):
    def problems(self, path, line):
        write(self.root, "src/kernel/turn.h", "")
        write(self.root, "src/net/op.h", "")
        write(self.root, "src/poll/wait.h", "")
        write(self.root, "include/coro/coro.h", "")
        write(self.root, path, line + "\n")
        return floors.check_includes(self.root)

    def test_downwards_is_fine(self):
        self.assertEqual(self.problems("src/net/a.c", '#include "kernel/turn.h"'), [])

    def test_upwards_is_found_with_its_line(self):
        found = self.problems("src/kernel/a.c", '/* */\n#include "../net/op.h"')
        self.assertEqual(len(found), 1)
        self.assertIn("src/kernel/a.c:2: floor `kernel` includes src/net/op.h of `net`", found[0])

    def test_sideways_is_found(self):
        self.assertEqual(len(self.problems("src/stream/a.c", '#include "poll/wait.h"')), 1)

    def test_the_umbrella_is_for_users_only(self):
        self.assertEqual(len(self.problems("src/net/a.c", "#include <coro/coro.h>")), 1)

    def test_a_header_without_a_floor_is_found(self):
        self.assertEqual(len(self.problems("include/coro/unheard_of.h", "")), 1)

    def test_an_include_in_a_comment_is_none(self):
        self.assertEqual(self.problems("src/kernel/a.c", '/*\n#include "net/op.h"\n*/'), [])


class FloorSymbols(Scratch):
    def problems(self, sources):
        self.addCleanup(setattr, floors, "EXCEPTIONS", floors.EXCEPTIONS)
        folder = os.path.join(self.root, "libcoro.a.p")
        for name, text in sources.items():
            source = write(folder, name, text)
            subprocess.run(["cc", "-c", source, "-o", source + ".o"], check=True)
        return floors.check_symbols(self.root)

    def test_downwards_is_fine(self):
        self.assertEqual(self.problems({
            "kernel_turn.c": "void turn(void); void turn(void) {}",
            "net_op.c": "void turn(void); void op(void); void op(void) { turn(); }"}), [])

    def test_upwards_without_an_include_is_found(self):
        found = self.problems({
            "kernel_turn.c": "void op(void); void turn(void); void turn(void) { op(); }",
            "net_op.c": "void op(void); void op(void) {}"})
        self.assertEqual(found, ["kernel_turn.c.o: floor `kernel` needs op of `net`"])

    def test_a_folder_without_objects_is_found(self):
        self.assertEqual(len(self.problems({})), 1)


class Tidy(unittest.TestCase):
    HEAD = "/* SPDX-License-Identifier: MIT */\n"

    def problems(self, text, path="a.c"):
        return tidy.check_file(path, text)

    def test_is_silent_about_a_tidy_file(self):
        self.assertEqual(self.problems(self.HEAD + "int a;\n"), [])
        self.assertEqual(self.problems("#!/bin/sh\n# SPDX-License-Identifier: MIT\n", "a.sh"), [])

    def test_each_rule_is_alive(self):
        lines = "    x();\n" * 70
        for text in ("int a;\n", self.HEAD + "int a; \n", self.HEAD + "\tint a;\n",
                     self.HEAD + "int a;", self.HEAD + "int a;\r\n",
                     self.HEAD + "/* " + "TO" + "DO: more */\n",
                     self.HEAD + "int " + "a" * 100 + ";\n",
                     self.HEAD + "\n" * 500,
                     self.HEAD + "void f(void)\n{\n" + lines + "}\n",
                     self.HEAD + "void f(char *a)\n{\n    sprintf(a, \"%s\", a);\n}\n"):
            self.assertNotEqual(self.problems(text), [], text[:120])

    def test_words_in_strings_and_members_are_no_calls(self):
        text = 'char *a = "gets(x)"; int b = s->gets(x);\n'
        self.assertEqual(self.problems(self.HEAD + text), [])


class Lists(unittest.TestCase):
    def test_a_forgotten_file_is_found(self):
        paths = ["src/kernel/a.c", "src/kernel/b.c", "test/test_a.c", "test/plain/a.c", "test/x.h"]
        text = {"src/meson.build": "'kernel/a.c', # 'kernel/b.c'", "test/meson.build": "'a'"}
        self.assertEqual(list(lists.unlisted(paths, text.get)),
                         ["src/kernel/b.c: is not listed in src/meson.build as 'kernel/b.c'"])


class FromAsyncio(unittest.TestCase):
    HEADERS = "int coro_run(void); X(ECLOSED, 1001, \"closed\")"
    PAGE = """`coro_run` and `CORO_ECLOSED`
## Every name
| asyncio | coro | what is different |
|---|---|---|
| `run` | `coro_run` | |
| `Queue.x`, `isfuture` | none | The compiler knows. |
```text
run Queue.x isfuture
```
```c
int a;
```
```python
await asyncio.sleep(1)
```
"""

    def names(self, old="", new="", asyncio=("run", "isfuture")):
        return list(from_asyncio.names_problems(self.PAGE.replace(old, new, 1), self.HEADERS,
                                                asyncio))

    def test_is_silent_about_a_true_page(self):
        self.assertEqual(self.names(), [])
        self.assertEqual(list(from_asyncio.code_problems(self.PAGE, ["int a;\nint b;\n"])), [])

    def test_names_that_are_not_there_are_found(self):
        self.assertEqual(self.names("`coro_run` |", "`coro_fun` |"),
                         ["coro_fun is in no public header"])
        self.assertEqual(self.names("CORO_ECLOSED", "CORO_EOPEN"),
                         ["CORO_EOPEN is in no public header"])

    def test_names_that_were_forgotten_are_found(self):
        self.assertEqual(self.names("`run` |", "`fun` |"),
                         ["run of the index is in no table",
                          "fun of a table is not in the index"])
        self.assertEqual(self.names(asyncio=["gather"]), ["asyncio.gather is not in the index"])

    def test_a_name_without_an_answer_is_found(self):
        self.assertEqual(len(self.names("| none |", "| |")), 1)
        self.assertEqual(len(self.names("| The compiler knows. |", "| |")), 1)

    def test_code_that_nobody_runs_is_found(self):
        page = self.PAGE.replace("await asyncio", "await async def")
        self.assertEqual(len(list(from_asyncio.code_problems(page, ["int b;\n"]))), 2)


class Summary(Scratch):
    JUNIT = """<testsuites>
      <testsuite name="coro"><testcase name="coro:plain / plain_a" classname="coro"/>
        <testcase name="coro:shell / b" classname="coro"><skipped/></testcase></testsuite>
      <testsuite name="coro.coro:unit / task">
        <testcase name="1 - task::ends" classname="coro.coro:unit / task"/>
        <testcase name="2 - task::fails" classname="coro.coro:unit / task">{}</testcase>
      </testsuite></testsuites>"""

    def count(self, failure, results, stdout=""):
        junit = write(self.root, "testlog.junit.xml", self.JUNIT.format(failure))
        lines = [json.dumps({"name": name, "result": result, "stdout": stdout})
                 for name, result in results.items()]
        return test_summary.count(junit, write(self.root, "testlog.json", "\n".join(lines)))

    def test_counts_single_tests(self):
        counts, failures = self.count("<failure/>", {
            "coro:plain / plain_a": "OK", "coro:shell / b": "SKIP", "coro:unit / task": "ERROR"})
        self.assertEqual(counts, {"passed": 2, "failed": 1, "skipped": 1})
        self.assertEqual(failures, [("task: 2 - task::fails", [])])

    def test_a_leak_fails_a_program_whose_tests_all_pass(self):
        counts, failures = self.count("", {
            "coro:plain / plain_a": "OK", "coro:unit / task": "ERROR"})
        self.assertEqual(counts, {"passed": 3, "failed": 1, "skipped": 1})
        self.assertEqual(failures, [("task: the program ended with ERROR", [])])

    def test_says_what_the_failed_test_said(self):
        said = "ok - task::ends\n  fine\nnot ok - task::fails\n  task.c:3: 1 is not 2\nok - c\n"
        _, failures = self.count("<failure/>", {"coro:unit / task": "ERROR"}, said)
        self.assertEqual(failures, [
            ("task: 2 - task::fails", ["not ok - task::fails", "  task.c:3: 1 is not 2"])])

    def test_keeps_both_ends_of_a_long_speech(self):
        said = "".join(f"{number}\n" for number in range(100))
        _, failures = self.count("", {"coro:unit / task": "TIMEOUT"}, said)
        _, lines = failures[0]
        self.assertEqual((len(lines), lines[0], lines[-1]), (25, "0", "99"))

    def test_what_a_terminal_would_do_does_no_harm(self):
        counts, _ = self.count("<system-out>stax\b \bt \x1b[K</system-out>", {})
        self.assertEqual(counts, {"passed": 3, "failed": 0, "skipped": 1})


if __name__ == "__main__":
    unittest.main()
