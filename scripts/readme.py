#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the README true? Its C code stands in an example, its paths and its commands exist.

    readme.py ROOT

What the code does is another test's business: the example that it stands in is built and spoken to.
"""
import pathlib
import re
import sys


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def problems(root):
    text = (root / "README.md").read_text()
    sources = [path.read_text() for path in (root / "examples").rglob("*.c")]
    for block in blocks(text, "c"):
        if not any(block in source for source in sources):
            yield "its C code stands in no example:\n" + block
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        if not (root / path).exists():
            yield f"it points to {path}, which is not there"
    for block in blocks(text, "sh"):
        for line in block.splitlines():
            command = line.split()
            if command[0] == "./dev" and f"\n./dev {command[1]}" not in (root / "dev").read_text():
                yield f"./dev help does not know: {line}"
    if re.search(r"@[A-Z]+@", text):
        yield "a place is left to fill in"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    for problem in found:
        print("README.md:", problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
