#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run: compile each snippet of this folder with the mistake and without; see README.md.

    run.py [--table] [SNIPPET...]

Prints TAP. --table prints what doc/mistakes.md says of all snippets instead.
"""
import argparse
import concurrent.futures
import functools
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INCLUDE = os.path.join(ROOT, "include")
DOCUMENT = os.path.join(ROOT, "doc", "mistakes.md")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import lint  # noqa: E402

REQUIRED = ("gcc", "clang")
OPTIONAL = ("clang-19", "tcc")
# The versions that the snippets speak of. Others may be stricter, in words of their own.
MEASURED = {"gcc": "12", "clang": "14.", "clang-19": "19.", "tcc": "0.9.27"}
LEVELS = ("-O0", "-O2")
MODES = [("-I",), ("-isystem", "-Wall")]
ANSWERS = ("silent", "warning", "error")  # from lax to strict
STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wpedantic", "-Werror"]

LINE = re.compile(r"^ \*   (gcc|clang|clang-19|tcc)(?: (-O\d))?: "
                  r"(error|warning|silent)(?: (\S.*))?$", re.MULTILINE)
LINT_LINE = re.compile(r"^ \*   lint: finds (\S+)$", re.MULTILINE)
RUN_LINE = re.compile(r"^ \*   run time: (\w+)", re.MULTILINE)
SENTENCE = re.compile(r"^ \* (\S.*?)\.?$", re.MULTILINE)

SECTIONS = [
    ("Locals", ("local",)),
    ("Awaits", ("await", "switch", "never", "task")),
    ("Arguments, frames and results",
     ("argument", "clause", "frame", "handler", "into", "join", "result", "wait")),
    ("Return", ("plain", "return", "yield", "finally")),
    ("Blocks", ("begin", "block", "catch", "end", "try")),
]


# --- what a snippet expects --------------------------------------------------------------------

class Snippet:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.sentence = SENTENCE.search(self.text)[1]
        self.lines = {(match[1], match[2]): (match[3], match[4] or "")
                      for match in LINE.finditer(self.text)}
        self.lint = set(LINT_LINE.findall(self.text))

    def expected(self, compiler, level):
        """(answer, pattern). What is not said of clang-19 is what is said of clang."""
        for key in ((compiler, level), (compiler, None)):
            if key in self.lines:
                return self.lines[key]
        return self.lines.get(("clang", level)) if compiler == "clang-19" else None

    def untold(self):
        wanted = [("gcc", "-O0"), ("gcc", "-O2"), ("clang", "-O0"), ("clang", "-O2"), ("tcc", None)]
        return [" ".join(filter(None, key)) for key in wanted if key not in self.lines]


# --- compiling ---------------------------------------------------------------------------------

@functools.lru_cache(None)
def is_measured(compiler):
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True,
                             check=False).stdout
    return version.startswith(MEASURED[compiler])


def compile_snippet(compiler, arguments, path):
    """What the compiler answers, error, warning or silent, and its words."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [compiler, "-std=c11", *arguments, "-c", path, "-o", os.path.join(folder, "o")],
            capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C"},
            check=False)
    if done.returncode != 0:
        return "error", done.stderr
    return ("warning" if "warning:" in done.stderr else "silent"), done.stderr


def check_answer(snippet, compiler, level, mode):
    """One compilation of the mistake. -Wall changes nothing."""
    include, *flags = mode
    answer, pattern = snippet.expected(compiler, level)
    got, words = compile_snippet(compiler, [level, *flags, include, INCLUDE], snippet.path)
    where = " ".join([compiler, level, *flags, include])
    stricter = ANSWERS.index(got) > ANSWERS.index(answer)
    if got != answer and not (stricter and not is_measured(compiler)):
        yield f"{where}: {got} instead of {answer}\n{words.strip()}"
    elif got == answer != "silent" and is_measured(compiler) and not re.search(pattern, words):
        yield f"{where}: says nothing of /{pattern}/\n{words.strip()}"


def check_answers(snippet, compilers):
    """Compile the mistake as each line of the first comment says."""
    for compiler in compilers:
        for level in LEVELS:
            expected = snippet.expected(compiler, level)
            if expected is None:
                continue  # untold
            if expected[0] != "silent" and not expected[1]:
                yield f"{compiler} {level}: {expected[0]} wants a pattern of what is said"
                continue
            for mode in MODES:
                yield from check_answer(snippet, compiler, level, mode)


def check_silent(path, compilers, defines, includes=("-I",)):
    """Without a mistake there is nothing to complain of."""
    for compiler in compilers:
        for level, include in itertools.product(LEVELS, includes):
            got, words = compile_snippet(
                compiler, [level, *defines, include, INCLUDE, *STRICT], path)
            if got != "silent":
                yield f"{' '.join([compiler, level, *defines, include])}: {got}\n{words.strip()}"


def check_lint(text, expected):
    found = {rule for _, rule, _ in lint.lint(text)}
    if expected != found:
        yield f"lint: finds {sorted(found) or 'nothing'} instead of {sorted(expected) or 'nothing'}"


def check_mistake(path, compilers):
    snippet = Snippet(path)
    problems = [f"says nothing of {untold}" for untold in snippet.untold()]
    problems += check_answers(snippet, compilers)
    if "#ifdef FIXED" in snippet.text or "#ifndef FIXED" in snippet.text:
        problems += check_silent(path, compilers, ["-DFIXED"])
    else:
        problems.append("has no FIXED variant")
    return problems + list(check_lint(snippet.text, snippet.lint))


def check_fine(path, compilers):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return [*check_silent(path, compilers, [], ("-I", "-isystem")), *check_lint(text, set())]


# --- the document ------------------------------------------------------------------------------

def cell(answers):
    """One answer, or that of -O0 and that of -O2."""
    words = {"silent": "–", "warning": "warning", "error": "**error**"}
    return " / ".join(dict.fromkeys(words[answer] for answer, _ in answers))


def row(snippet):
    run_time = RUN_LINE.search(snippet.text)
    return [snippet.sentence,
            *(cell([snippet.expected(compiler, level) for level in LEVELS])
              for compiler in REQUIRED + OPTIONAL),
            "found" if snippet.lint else "–",
            run_time[1] if run_time else ""]


def table(paths):
    """Which compiler sees what, as Markdown, from the snippets' own first comments."""
    snippets = [Snippet(path) for path in paths]
    lines = []
    for title, prefixes in SECTIONS:
        rows = [row(snippet) for snippet in snippets if snippet.name.split("_")[0] in prefixes]
        columns = ["mistake", *REQUIRED, *OPTIONAL, "`./dev lint`", "run time"]
        lines += [f"### {title}", "", "| " + " | ".join(columns) + " |"]
        lines += ["|---" * len(columns) + "|", *("| " + " | ".join(cells) + " |" for cells in rows)]
        lines.append("")
    return "\n".join(lines)


def check_document(paths):
    known = [prefix for _, prefixes in SECTIONS for prefix in prefixes]
    problems = [f"{os.path.basename(path)}: is in no section of the table" for path in paths
                if os.path.basename(path)[:-2].split("_")[0] not in known]
    with open(DOCUMENT, encoding="utf-8") as file:
        if table(paths) not in file.read():
            problems.append("doc/mistakes.md has another table than `run.py --table` prints")
    return problems


# --- all of it ---------------------------------------------------------------------------------

def c_files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder)
                  if name.endswith(".c"))


def jobs(snippets, compilers):
    """(name, function, arguments) of each test."""
    fine = c_files(os.path.join(HERE, "fine"))
    mistakes = c_files(HERE)
    chosen = [os.path.abspath(path) for path in snippets] or mistakes + fine
    for path in chosen:
        check = check_fine if path in fine else check_mistake
        yield os.path.relpath(path, HERE)[:-2], check, (path, compilers)
    if not snippets:
        yield "doc/mistakes.md", check_document, (mistakes,)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("snippets", nargs="*")
    options = parser.parse_args()
    if options.table:
        print(table(c_files(HERE)), end="")
        return 0
    missing = [name for name in REQUIRED if not shutil.which(name)]
    if missing:
        print("not installed:", ", ".join(missing))
        return 1
    compilers = [name for name in REQUIRED + OPTIONAL if shutil.which(name)]
    work = list(jobs(options.snippets, compilers))
    print(f"TAP version 13\n1..{len(work)}")
    for name in sorted(set(OPTIONAL) - set(compilers)):
        print(f"# {name} is not installed: what is said of it was not checked")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(check, *arguments) for _, check, arguments in work]
        for number, (job, future) in enumerate(zip(work, running), 1):
            problems = future.result()
            failed += bool(problems)
            print(f"{'not ok' if problems else 'ok'} {number} - {job[0]}")
            for line in "\n".join(problems).splitlines():
                print("#", line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
