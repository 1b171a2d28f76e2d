#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lists: each source, test and header is named in the meson.build that is to build it.

    lists.py ROOT

meson.build files list their sources, so that a build never depends on what lies about. meson
itself refuses a listed file that is missing; this finds the file that nobody listed.
"""
import fnmatch
import os
import re
import sys

import project_files

# Files, the meson.build that names them, and how: relative to its folder, or as a bare noun.
RULES = [
    ("include/coro/*.h", "src/meson.build", "'../{path}'"),
    ("src/*/*.c", "src/meson.build", "'{inner}'"),
    ("examples/*.c", "examples/meson.build", "'{inner}'"),
    ("examples/*/*.c", "examples/meson.build", "'{inner}'"),
    ("examples/*/*.cpp", "examples/meson.build", "'{inner}'"),
    ("bench/*.c", "bench/meson.build", "'{inner}'"),
    ("bench/*/*.c", "bench/meson.build", "'{inner}'"),
    ("test/test_*.c", "test/meson.build", "'{noun}'"),
    ("test/plain/*.c", "test/meson.build", "'{noun}'"),
    ("test/*.sh", "test/meson.build", "'{noun}'"),
]


def listed_as(path, build_file, how):
    inner = os.path.relpath(path, os.path.dirname(build_file))
    noun = os.path.splitext(os.path.basename(path))[0]
    if os.path.basename(path).startswith("test_"):
        noun = noun[len("test_"):]
    return how.format(path=path, inner=inner, noun=noun)


def unlisted(paths, read):
    """The problems among paths; read gives a file's text."""
    for path in paths:
        for pattern, build_file, how in RULES:
            same_depth = path.count("/") == pattern.count("/")
            if not same_depth or not fnmatch.fnmatch(path, pattern):
                continue
            name = listed_as(path, build_file, how)
            text = re.sub(r"#.*", "", read(build_file))
            if name not in text:
                yield f"{path}: is not listed in {build_file} as {name}"


def main():
    root = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    paths = list(project_files.walk(root))
    problems = list(unlisted(paths, lambda path: project_files.read(root, path)))
    print("\n".join(problems) or "lists: every file is in its list")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
