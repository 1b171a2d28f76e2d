#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tidy: the rules of the house that a machine can check.

    tidy.py ROOT

A file has at most 500 lines, a function 70, a line 100 columns; the first lines name the licence;
nothing is left open, nothing trails. A rule that does not fit is changed here, not worked around.
"""
import ast
import os
import re
import sys

import project_files

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

C = (".c", ".h", ".in", ".cpp")
CODE = C + (".py", ".sh", ".build", ".txt", "dev", ".ci/run")
PROSE = (".md",)
SPDX = "SPDX-License-Identifier: MIT"

# Left open; written in pieces, for this file is checked as well. Calls that forget a size: tests
# may make them, for sanitizers watch.
LEFT_OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not " r"implemented")
UNSAFE = re.compile(r"(?<![\w.>])(gets|strcpy|strcat|sprintf|vsprintf|alloca|strtok)\s*\(")


def is_code(path):
    return path.endswith(CODE) and not path.endswith(("CMakeLists.txt", "requirements.txt"))


def check_licence(path, lines):
    if path.endswith(C):
        return [] if lines[:1] == [f"/* {SPDX} */"] else [f"{path}:1: wants /* {SPDX} */"]
    first = 1 if lines and lines[0].startswith("#!") else 0
    if lines[first:first + 1] == [f"# {SPDX}"]:
        return []
    return [f"{path}:{first + 1}: wants # {SPDX}"]


def check_lines(path, lines, code):
    problems = []
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}: "
        if line != line.rstrip():
            problems.append(where + "white space at the end")
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line):
            problems.append(where + "a control character")
        if LEFT_OPEN.search(line):
            problems.append(where + "something is left open")
        if code and "\t" in line:
            problems.append(where + "a tab")
        if code and len(line) > COLUMNS_MAX:
            problems.append(where + f"{len(line)} columns, {COLUMNS_MAX} at most")
    return problems


def c_functions(lines):
    """Functions by the house's braces: `{` and `}` alone in the first column."""
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            begin = number
        elif line.startswith("}") and begin:
            yield lines[begin - 2].strip(), begin, number
            begin = None


def shell_functions(lines):
    begin, name = None, None
    for number, line in enumerate(lines, 1):
        match = re.match(r"(\w+)\(\) \{$", line)
        if match:
            begin, name = number, match.group(1)
        elif line == "}" and begin:
            yield name, begin, number
            begin = None


def python_functions(lines):
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno, node.end_lineno


def check_functions(path, lines):
    if path.endswith(C):
        found = c_functions(lines)
    elif path.endswith(".py"):
        found = python_functions(lines)
    else:
        found = shell_functions(lines)
    return [f"{path}:{begin}: function of {end - begin + 1} lines, {FUNCTION_LINES_MAX} at most:"
            f" {name}"
            for name, begin, end in found if end - begin + 1 > FUNCTION_LINES_MAX]


def check_file(path, text):
    lines = text.split("\n")
    code = is_code(path)
    problems = check_lines(path, lines, code)
    if text and not text.endswith("\n"):
        problems.append(f"{path}: no newline at the end")
    if "\r" in text:
        problems.append(f"{path}: lines end in CR")
    if code:
        problems += check_licence(path, lines) + check_functions(path, lines)
        if len(lines) - 1 > FILE_LINES_MAX:
            problems.append(f"{path}: {len(lines) - 1} lines, {FILE_LINES_MAX} at most: split it")
    if path.endswith(C) and not path.startswith("test/"):
        blank = project_files.blank(text)
        problems += [f"{path}:{project_files.line_of(blank, match.start())}: unsafe: "
                     f"{match.group(1)}" for match in UNSAFE.finditer(blank)]
    return problems


def main():
    root = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    problems, count = [], 0
    for path in project_files.walk(root):
        if not is_code(path) and not path.endswith(PROSE):
            continue
        if os.path.islink(os.path.join(root, path)):
            continue
        count += 1
        problems += check_file(path, project_files.read(root, path))
    print("\n".join(problems) or f"tidy: {count} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
