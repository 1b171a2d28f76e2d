#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""size: how many bytes the kernel takes on small machines, against their limits.

    size.py [--keep FOLDER]

Compiles src/kernel/*.c and test/targets/tiny.c for a Cortex-M0 and an AVR, as the headers there
configure them, links them with nothing but the compiler's own arithmetic, and prints CSV:
target,program,text,ram,frame_header,task_bytes (a task with an empty root frame). Fails when
something is undefined, in the program or in the whole kernel, or a limit is exceeded.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMON = ["-Os", "-ffreestanding", "-fno-common", "-ffunction-sections", "-fdata-sections",
          "-Wall", "-Wextra", "-Werror", "-Iinclude", "-Isrc", "-Itest/targets"]
TARGETS = {
    "cortex-m0": ("arm-none-eabi-", ["-mcpu=cortex-m0", "-mthumb", "-std=c11"]),
    "avr": ("avr-", ["-mmcu=atmega328p", "-std=gnu11"]),
}
# The header in test/targets/; frame header, task with the header of its root frame, at most.
PROGRAMS = {
    ("cortex-m0", "full"): ("cortex_m0.h", 16, 72),
    ("cortex-m0", "minimal"): ("cortex_m0_minimal.h", 16, 36),
    ("avr", "full"): ("avr.h", 10, 44),
    ("avr", "minimal"): ("avr_minimal.h", 10, 20),
}


class Failed(Exception):
    pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise Failed(" ".join(command[:1]) + ": " + (done.stderr or done.stdout).strip())
    return done.stdout


def build(prefix, flags, folder):
    """Compile and link; the path of the program."""
    objects = []
    for source in sorted(glob.glob("src/kernel/*.c", root_dir=ROOT)) + ["test/targets/tiny.c"]:
        objects.append(os.path.join(folder, os.path.basename(source) + ".o"))
        run(prefix + "gcc", *flags, *COMMON, "-c", source, "-o", objects[-1])
    link = [prefix + "gcc", *flags, "-nostdlib", "-Wl,-e,main"]
    program = os.path.join(folder, "tiny.elf")
    whole = os.path.join(folder, "whole.elf")
    run(*link, *objects, "-lgcc", "-o", whole)
    run(*link, "-Wl,--gc-sections,-u,size_of_header,-u,size_of_task", *objects, "-lgcc",
        "-o", program)
    undefined = run(prefix + "nm", "-u", whole).strip()
    if undefined:
        raise Failed("undefined: " + undefined)
    return program


def sizes_of_symbols(prefix, program):
    """Each symbol's size, from nm -S: address size kind name."""
    lines = [line.split() for line in run(prefix + "nm", "-S", program).splitlines()]
    return {line[3]: int(line[1], 16) for line in lines if len(line) == 4}


def measure(target, name, folder):
    prefix, flags = TARGETS[target]
    header_name, *limits = PROGRAMS[target, name]
    config = f'-DCORO_CONFIG_FILE="{header_name}"'
    program = build(prefix, [*flags, config], folder)
    symbols = sizes_of_symbols(prefix, program)
    header, task = symbols["size_of_header"], symbols["size_of_task"]
    text, data, bss = (int(number) for number in
                       run(prefix + "size", program).splitlines()[1].split()[:3])
    print(f"{target},{name},{text + data},{data + bss - header - task},{header},{task}")
    return [f"{target}, {name}: {what} of {bytes_now} bytes, {limit} at most"
            for what, bytes_now, limit in zip(("frame header", "task"), (header, task), limits)
            if bytes_now > limit]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", metavar="FOLDER", help="leave objects and programs there")
    options = parser.parse_args()
    problems = []
    print("target,program,text,ram,frame_header,task_bytes")
    with tempfile.TemporaryDirectory() as scratch:
        for target, name in PROGRAMS:
            folder = os.path.join(options.keep or scratch, f"{target}-{name}")
            os.makedirs(folder, exist_ok=True)
            try:
                problems += measure(target, name, folder)
            except (Failed, OSError) as error:
                problems.append(f"{target}, {name}: {error}")
    print("\n".join(problems) or "size: within the limits, nothing undefined")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
