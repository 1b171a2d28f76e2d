#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is doc/from-asyncio.md true and whole? Its names exist, in both languages, and so does its code.

    from_asyncio.py ROOT

Each C name of the page is declared in a public header; each name of its index stands in the first
column of a table, and the other way round; asyncio, as far as this Python has it, has no public
name that the index lacks; the C code stands in a program of examples/toolbox, and the Python code
is Python.
"""
import ast
import asyncio
import asyncio.subprocess
import inspect
import pathlib
import re
import sys

PAGE = "doc/from-asyncio.md"
C_NAME = re.compile(r"\b(?:coro_\w+|CORO_\w+|ASYNC(?:_\w+)?|AWAIT(?:_\w+)?|YIELD)\b")
NO_NAMES = {"CORO_POLL", "CORO_DEBUG", "CORO_E"}  # of the environment; of the errors, CORO_E…
LAST = (3, 15)  # the newest Python whose names the index has
# Whose members the page has under another name, or not one by one.
ONE_NAME_ONLY = re.compile(
    r"(Base|Selector|Proactor|)EventLoop|\w+(Watcher|Policy|Proactor|Error|Graph|GraphEntry)")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def code_of(header):
    return re.sub(r"/\*.*?\*/", "", header, flags=re.S)


def rows(text):
    """The rows of the tables of names: the names of the first column, then the other columns."""
    for line in text.partition("\n## Every name\n")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and "`" in cells[0]:
            names = re.findall(r"`([\w.]+)(?:\(\w+\))?`", cells[0])
            yield line, names, cells[1], cells[2]


def public_names():
    """asyncio's, as this Python has it; methods where they are defined; a loop's by `loop`."""
    for name, thing in vars(asyncio).items():
        if name.startswith("_") or inspect.ismodule(thing):
            continue
        yield name
        if inspect.isclass(thing) and not ONE_NAME_ONLY.fullmatch(name):
            owner = "loop" if name == "AbstractEventLoop" else name
            yield from (f"{owner}.{each}" for each in vars(thing) if not each.startswith("_"))
    for each in vars(asyncio.subprocess.Process):
        if not each.startswith("_"):
            yield f"Process.{each}"


def names_problems(text, headers, names):
    declared = set(re.findall(r"\w+", headers))
    declared |= {"CORO_" + name for name in re.findall(r"\bX\((E\w+), \d+", headers)}
    for name in sorted(set(C_NAME.findall(re.sub(r"```.*?```", "", text, flags=re.S)))):
        if name not in declared and name not in NO_NAMES:
            yield f"{name} is in no public header"
    index = set(" ".join(blocks(text, "text")).split())
    told = set()
    for line, left, ours, why in rows(text):
        told.update(left)
        if not C_NAME.search(ours) and ours not in ("none", "not yet"):
            yield f"neither a C name, nor none, nor not yet: {line}"
        if ours == "none" and not why and not all("." in name for name in left):
            yield f"no reason given: {line}"
    for name in sorted(index - told):
        yield f"{name} of the index is in no table"
    for name in sorted(told - index):
        yield f"{name} of a table is not in the index"
    for name in sorted(set(names) - index):
        yield f"asyncio.{name} is not in the index"


def code_problems(text, programs):
    for block in blocks(text, "c"):
        if not any(block in program for program in programs):
            yield "its C code stands in no program of examples/toolbox:\n" + block
    for block in blocks(text, "python"):
        try:
            compile(block, PAGE, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            yield f"its Python code is none ({error}):\n{block}"


def problems(root):
    text = (root / PAGE).read_text()
    headers = "\n".join(
        code_of(path.read_text()) for path in sorted((root / "include/coro").glob("*.h")))
    programs = [path.read_text() for path in (root / "examples/toolbox").glob("*.c")]
    names = list(public_names()) if sys.version_info[:2] <= LAST else []
    yield from names_problems(text, headers, names)
    yield from code_problems(text, programs)
    if len(blocks(text, "c")) < 8 or len(blocks(text, "python")) < 8:
        yield "fewer than eight idioms"
    if not list(rows(text)):
        yield "no tables"


def main():
    root = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    found = list(problems(pathlib.Path(root)))
    for problem in found:
        print(f"{PAGE}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
