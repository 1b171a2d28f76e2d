#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""floors: no floor of the house leans on one above it, nor on one beside it.

    floors.py ROOT [--objects FOLDER] [--print]

Two things are compared with the one table below: every #include in src/ and include/, and, when
FOLDER holds the library's objects, every symbol that an object needs and another floor defines.
"""
import argparse
import os
import re
import subprocess
import sys

import project_files

# A floor, and the floors that it may use. Nothing else: not the floors that those use, unless
# named. debug reads the others and is reached from them by hooks only, so nobody names it.
FLOORS = {
    "kernel": [],
    "stream": ["kernel"],
    "poll": ["kernel"],
    "thread": ["kernel"],
    "net": ["stream", "poll", "thread", "kernel"],
    "os": ["stream", "poll", "thread", "kernel"],
    "tls": ["net", "stream", "poll", "thread", "kernel"],
    "debug": ["tls", "net", "os", "stream", "poll", "thread", "kernel"],
    "map": ["debug", "tls", "net", "os", "stream", "poll", "thread", "kernel"],
}

# The floor of each public header, by its name in include/coro/. Every header must be here.
HEADERS = {
    "coro": "map",
    "as_completed": "kernel",
    "async": "kernel",
    "await": "kernel",
    "bare": "poll",
    "barrier": "kernel",
    "broadcast": "kernel",
    "callback": "kernel",
    "channel": "kernel",
    "clauses": "kernel",
    "clock": "kernel",
    "condition": "kernel",
    "config": "kernel",
    "context": "kernel",
    "debug": "debug",
    "driver": "kernel",
    "error": "kernel",
    "event": "kernel",
    "flag": "kernel",
    "frame": "kernel",
    "future": "kernel",
    "gather": "kernel",
    "generator": "kernel",
    "group": "kernel",
    "lifo_queue": "kernel",
    "limiter": "kernel",
    "lock": "kernel",
    "interval": "kernel",
    "iterate": "kernel",
    "oneshot": "kernel",
    "priority_queue": "kernel",
    "rate_limiter": "kernel",
    "retry": "kernel",
    "ring": "kernel",
    "loop": "kernel",
    "once": "kernel",
    "queue": "kernel",
    "rwlock": "kernel",
    "pipe": "os",
    "process": "os",
    "process_pool": "os",
    "terminal": "os",
    "process_protocol": "os",
    "run": "os",
    "runner": "os",
    "signals": "os",
    "file": "os",
    "watch_path": "os",
    "scope": "kernel",
    "select": "kernel",
    "staggered": "kernel",
    "wait": "kernel",
    "semaphore": "kernel",
    "task": "kernel",
    "watch_channel": "kernel",
    "with": "kernel",
    "protocol": "stream",
    "stream": "stream",
    "executor": "thread",
    "thread_future": "thread",
    "remote": "thread",
    "readiness": "poll",
    "test": "poll",
    "watch": "kernel",
    "address": "net",
    "names": "net",
    "sock": "net",
    "net": "net",
    "datagram": "net",
    "server": "net",
    "serve_threads": "net",
    "net_protocol": "net",
    "tls": "tls",
}

# Files that stand on another floor than their folder's.
EXCEPTIONS = {}

# What a floor declares and leaves to one above to define: the linker binds it, as a hook.
HOOKS = {
    "coro_wrong_thread_",
    "coro_debug_from_environment_",  # whole reports, and CORO_DEBUG=1, in coro_run
    "coro_backend_default_",  # how a loop waits that was given no backend; NULL on bare metal
    "coro_heap_warm_",  # the pages of a chunk, all at once; not on bare metal
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.MULTILINE)


def floor_of(path):
    """The floor of a file, by its path from the root; None if it is on no floor."""
    if path in EXCEPTIONS:
        return EXCEPTIONS[path]
    parts = path.split("/")
    if parts[:2] == ["include", "coro"] and len(parts) == 3:
        return HEADERS.get(os.path.splitext(parts[2])[0])
    if parts[0] == "src" and len(parts) > 2:
        return parts[1] if parts[1] in FLOORS else None
    return None


def may_use(user, used):
    return user == used or used in FLOORS[user]


def resolve(root, path, name):
    """Where an #include leads to: a path from the root, or None for a system header."""
    for base in (os.path.dirname(path), "src", "include"):
        candidate = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def check_includes(root):
    problems = []
    for path in project_files.walk(root):
        if not path.startswith(("src/", "include/")) or not path.endswith((".c", ".h")):
            continue
        user = floor_of(path)
        if user is None:
            problems.append(f"{path}: is on no floor; add it to the table in scripts/floors.py")
            continue
        text = project_files.blank(project_files.read(root, path), keep_strings=True)
        for match in INCLUDE.finditer(text):
            target = resolve(root, path, match.group(1))
            used = target and floor_of(target)
            if used and not may_use(user, used):
                line = project_files.line_of(text, match.start(1))
                problems.append(f"{path}:{line}: floor `{user}` includes {target} of `{used}`")
    return problems


def object_floor(name):
    """kernel_loop.c.o, as meson calls the object of src/kernel/loop.c, is on floor kernel."""
    stem = re.sub(r"\.c\.o$", "", os.path.basename(name))
    folder, _, rest = stem.partition("_")
    return folder, floor_of(f"src/{folder}/{rest}.c")


def symbols(paths):
    """For each object what it defines and what it needs: two sets of names."""
    output = subprocess.run(["nm", "-A", *paths], check=True, capture_output=True, text=True).stdout
    found = {path: (set(), set()) for path in paths}
    for line in output.splitlines():
        path, _, symbol = line.partition(".c.o:")
        defined, needed = found[path + ".c.o"]
        kind, name = symbol.split()[-2:]
        if kind in "Uwv":
            needed.add(name)
        elif kind.isupper():
            defined.add(name)
    return found


def check_symbols(folder):
    objects = []
    for path in project_files.walk(folder):
        parts = path.split(os.sep)
        if path.endswith(".c.o") and any(re.match(r"libcoro.*\.p$", part) for part in parts):
            objects.append(os.path.join(folder, path))
    if not objects:
        return [f"{folder}: holds no objects of the library"]
    problems, defined_by, needed_by = [], {}, {}
    for path, (defined, needed) in symbols(objects).items():
        subfolder, floor = object_floor(path)
        if floor is None:
            problems.append(f"{path}: is on no floor (`{subfolder}`)")
            continue
        needed_by[path] = needed
        for name in defined:
            defined_by.setdefault(name, set()).add(floor)
    for path, needed in needed_by.items():
        user = object_floor(path)[1]
        for name in sorted(needed - HOOKS):
            used = defined_by.get(name, set())
            if used and not any(may_use(user, floor) for floor in used):
                problems.append(f"{os.path.basename(path)}: floor `{user}` needs {name}"
                                f" of `{', '.join(sorted(used))}`")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root")
    parser.add_argument("--objects", metavar="FOLDER")
    parser.add_argument("--print", action="store_true", help="print the table and stop")
    options = parser.parse_args()
    if options.print:
        for floor, below in FLOORS.items():
            print(f"{floor:8} may use {', '.join(below) or 'nothing'}")
        return 0
    problems = check_includes(options.root)
    if options.objects:
        problems += check_symbols(options.objects)
    print("\n".join(problems) or "floors: every include and symbol points downwards")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
