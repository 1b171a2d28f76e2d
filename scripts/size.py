#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""size: how many bytes a firmware takes on small machines, against doc/size.csv.

    size.py [--keep FOLDER]

Prints CSV: target,program,text,ram,frame_header,task_bytes (a task with an empty root frame).
`three_tasks` is examples/firmware, whole: vectors, board, kernel, tasks. `supervised` is
test/targets/tiny.c, with a timeout, a catch, a join and a cancel, without a board. Fails when
something is undefined, in a program or in the whole kernel, or a row of doc/size.csv is exceeded.
Behind `#`: the largest frame of the stack among the kernel's functions.
"""
import argparse
import csv
import glob
import os
import sys
import tempfile

import targets
from targets import ROOT, Failed, run

COMPILERS = {
    "cortex-m0": ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-std=c11",
                  "-fno-move-loop-invariants", "-fno-tree-phiprop"],
    "avr": targets.AVR,
}
FLAGS = ["-Os", "-ffreestanding", "-fno-common", "-ffunction-sections", "-fdata-sections",
         "-Wall", "-Wextra", "-Werror", "-Iinclude", "-Isrc", "-Itest/targets"]
LIMITS = "doc/size.csv"
COLUMNS = ["target", "program", "text", "ram", "frame_header", "task_bytes"]


def tool(target, name):
    return COMPILERS[target][0].removesuffix("gcc") + name


def compile_kernel(target, config, folder):
    """Each file by itself, and a program that needs all of it: what is undefined, the sizes that
    tiny.c has as symbols, and the largest frame of the stack."""
    objects = []
    for source in targets.kernel_files() + ["test/targets/tiny.c"]:
        if source.endswith("bare.c"):
            continue
        objects.append(os.path.join(folder, os.path.basename(source) + ".o"))
        run([*COMPILERS[target], *FLAGS, config, "-fstack-usage", "-c", source, "-o",
             objects[-1]])
    whole = os.path.join(folder, "whole.elf")
    run([*COMPILERS[target], "-nostdlib", "-Wl,-e,main", *objects, "-lgcc", "-o", whole])
    undefined = run([tool(target, "nm"), "-u", whole]).strip()
    if undefined:
        raise Failed("undefined: " + undefined)
    lines = [line.split() for line in run([tool(target, "nm"), "-S", whole]).splitlines()]
    sizes = {line[3]: int(line[1], 16) for line in lines if len(line) == 4}
    return sizes["size_of_header"], sizes["size_of_task"], largest_frame(folder)


def largest_frame(folder):
    """From the .su files: place:function, bytes, kind."""
    frames = []
    for path in glob.glob(os.path.join(folder, "*.su")):
        with open(path, encoding="utf-8") as file:
            frames += [line.split("\t") for line in file if "tiny.c" not in line]
    place, size, _ = max(frames, key=lambda frame: int(frame[1]))
    return int(size), place.split(":")[-1]


def supervised(target, config, folder):
    path = os.path.join(folder, "supervised.elf")
    sources = [path for path in targets.kernel_files() if not path.endswith("bare.c")]
    run([*COMPILERS[target], *FLAGS, config, "-flto", "-flto-partition=none", "-nostdlib",
         "-Wl,-e,main,--gc-sections", *sources, "test/targets/tiny.c", "-lgcc", "-o",
         path])
    return path


def measure(target, folder):
    """The rows of one target."""
    three_tasks = [targets.FIRMWARE + "three_tasks.c"]
    prefix = target.replace("-", "_")
    for name in "minimal", "full":
        place = os.path.join(folder, f"{target}-{name}")
        os.makedirs(place, exist_ok=True)
        suffix = "_minimal" if name == "minimal" else ""
        config = f'-DCORO_CONFIG_FILE="{prefix}{suffix}.h"'
        header, task, frame = compile_kernel(target, config, place)
        programs = {f"three_tasks {name}": targets.build_firmware(target, name, three_tasks, [],
                                                                  place)}
        if name == "full":
            programs["supervised full"] = supervised(target, config, place)
        for program, path in programs.items():
            text, data, bss = (int(number) for number in
                               run([tool(target, "size"), path]).splitlines()[1].split()[:3])
            yield target, program, text + data, data + bss, header, task
        print(f"# {target}, {name}: {frame[0]} bytes of stack in {frame[1]}")


def exceeded(row, limits):
    limit = limits.get(row[:2])
    if limit is None:
        yield f"{row[0]}, {row[1]}: has no row in {LIMITS}"
        return
    for column, now, most in zip(COLUMNS[2:], row[2:], limit):
        if now > int(most):
            yield f"{row[0]}, {row[1]}: {column} is {now}, {most} at most"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", metavar="FOLDER", help="leave objects and programs there")
    options = parser.parse_args()
    problems = []
    with open(os.path.join(ROOT, LIMITS), encoding="utf-8") as file:
        limits = {tuple(row[:2]): row[2:] for row in csv.reader(file)}
    print(",".join(COLUMNS))
    with tempfile.TemporaryDirectory() as scratch:
        for target in COMPILERS:
            try:
                for row in measure(target, os.path.abspath(options.keep or scratch)):
                    print(",".join(map(str, row)), flush=True)
                    problems += exceeded(row, limits)
            except (Failed, OSError) as error:
                problems.append(f"{target}: {error}")
    print("\n".join(problems) or "size: within the limits, nothing undefined")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
