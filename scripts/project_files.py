# SPDX-License-Identifier: MIT
"""project_files: the project's own files, without what was built, and C text without comments."""
import os
import re

# Folders that hold what was built or fetched, at any depth (.git, .cache: nobody's sources).
FOREIGN = re.compile(r"^(\..+|build.*|dist|__pycache__)$")


def walk(root):
    """Yield the path of each file, relative to root, sorted; .ci is ours, other dot folders not."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f == ".ci" or not FOREIGN.match(f))
        for name in sorted(files):
            yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


# A comment, a string, a character: whichever begins first wins.
OPAQUE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def blank(text, keep_strings=False):
    """C text with comments (and the inside of strings) blanked; every line and column stays."""

    def replace(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found if keep_strings else found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)

    return OPAQUE.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
