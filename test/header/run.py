#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run: compile each public header alone, twice in one file, as C11 and as C++17.

    run.py [HEADER...]

A header brings what it needs, may be repeated, warns of nothing, and is a declaration only: C++
can include it. With and without the short names (ASYNC, AWAIT, ...).
"""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "include")
COMPILERS = [("gcc", "c", "-std=c11"), ("clang", "c", "-std=c11"),
             ("g++", "c++", "-std=c++17"), ("clang++", "c++", "-std=c++17")]
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror"]


def compile_alone(header, compiler, language, standard, names):
    """None, or what the compiler says."""
    text = f"#include <coro/{header}>\n" * 2 + "extern int alone;\nint alone;\n"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [compiler, "-x", language, standard, *STRICT, *names, "-I", INCLUDE, "-c", "-",
             "-o", os.path.join(folder, "o")],
            input=text, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr.strip() or "failed" if done.returncode != 0 or done.stderr else None


def check(header):
    problems = []
    for compiler, language, standard in COMPILERS:
        for names in ([], ["-DCORO_NO_SHORT_NAMES"]):
            words = compile_alone(header, compiler, language, standard, names)
            if words:
                problems.append(f"{compiler} {standard} {' '.join(names)}\n{words}")
    return problems


def main():
    headers = sys.argv[1:] or sorted(
        name for name in os.listdir(os.path.join(INCLUDE, "coro")) if name.endswith(".h"))
    missing = [compiler for compiler, _, _ in COMPILERS if not shutil.which(compiler)]
    if missing:
        print("not installed:", ", ".join(missing))
        return 1
    print(f"TAP version 13\n1..{len(headers)}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (header, problems) in enumerate(zip(headers, pool.map(check, headers)), 1):
            failed += bool(problems)
            print(f"{'not ok' if problems else 'ok'} {number} - {header}")
            for line in "\n".join(problems).splitlines():
                print("#", line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
