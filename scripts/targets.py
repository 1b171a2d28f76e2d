#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""targets: build and run on every machine that the library is for; a line each.

    targets.py [--files] [--keep FOLDER] [NAME...]
    targets.py --frames [SOURCE...]

`target: ok`, or `target: FAIL reason`. Firmware runs on qemu's boards, whose time is counted in
instructions, and on libsimavr; programs of a host's library under qemu-user. A tool that is
missing fails. --files prints of what each firmware is built; --frames, as CSV, how many bytes each
coroutine of these sources takes on each board: its frame; and a task, and the loop.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRMWARE = "examples/firmware/"
COMMON = ["-Os", "-flto", "-ffreestanding", "-fno-common", "-ffunction-sections",
          "-fdata-sections", "-Wall", "-Wextra", "-Werror", "-Iinclude", "-Isrc", "-I" + FIRMWARE,
          "-Wl,--gc-sections"]
# A board: compiler with its flags, its sources, what the linker wants. Two optimizers that need
# registers, of which there are few, cost more than they save.
ARM = ["-mthumb", "-std=c11", "-fno-move-loop-invariants", "-fno-tree-phiprop", "-nostdlib", "-T",
       FIRMWARE + "cortex_m.ld"]
# What this compiler's optimizers do to 16-bit halves of words costs more than it saves; and what
# a program does not use it finds in one partition only.
AVR = ["avr-gcc", "-mmcu=atmega328p", "-std=gnu11", "-mrelax", "-mstrict-X", "-fno-gcse",
       "-fno-inline-small-functions", "-fno-move-loop-invariants", "-fno-tree-ter",
       "-fno-split-wide-types", "-fno-tree-phiprop", "-fno-tree-coalesce-vars",
       "-fno-optimize-sibling-calls", "-flto-partition=none"]
BOARDS = {
    "cortex-m0": (["arm-none-eabi-gcc", "-mcpu=cortex-m0", *ARM], ["cortex_m.c", "microbit.c"],
                  ["-lgcc"]),
    "cortex-m3": (["arm-none-eabi-gcc", "-mcpu=cortex-m3", *ARM], ["cortex_m.c", "mps2.c"],
                  ["-lgcc"]),
    "riscv32": (["riscv64-unknown-elf-gcc", "-march=rv32imac_zicsr", "-mabi=ilp32",
                 "-mcmodel=medany", "-std=c11", "-nostdlib", "-T", FIRMWARE + "virt.ld",
                 "-Wl,--no-warn-rwx-segments"], ["virt.S", "virt.c"], ["-lgcc"]),
    "avr": (AVR, ["avr.c"], []),
}
QEMU = ["-icount", "shift=5,sleep=off", "-nographic", "-monitor", "none", "-serial", "stdio"]
ARM_QEMU = ["-semihosting-config", "enable=on,target=native", *QEMU]
MACHINES = {
    "cortex-m0": ["qemu-system-arm", "-M", "microbit", *ARM_QEMU, "-kernel"],
    "cortex-m3": ["qemu-system-arm", "-M", "mps2-an385", *ARM_QEMU, "-kernel"],
    "riscv32": ["qemu-system-riscv32", "-M", "virt", "-bios", "none", *QEMU, "-kernel"],
}
STRESS = ["-DBOARD_TEST", "-DCORO_FIRST_TICK=-700"]
# What a resume may cost at most when three tasks are ready in a turn.
RESUME = {"cortex-m0": (75, "instructions"), "avr": (170, "cycles")}
STATE16 = "-DCORO_TIME_BITS=16"
# Compiler, flags, how to run it.
HOSTS = {
    "musl": (["musl-gcc", "-static"], []),
    "s390x": (["s390x-linux-gnu-gcc", "-static"], ["qemu-s390x"]),
    "armhf": (["arm-linux-gnueabihf-gcc", "-static"], ["qemu-arm"]),
    "aarch64": (["aarch64-linux-gnu-gcc", "-static"], ["qemu-aarch64"]),
    "riscv64": (["riscv64-linux-gnu-gcc", "-static"], ["qemu-riscv64"]),
    "i686": (["i686-linux-gnu-gcc", "-static"], ["qemu-i386"]),
}
# Other compilers than those of ./dev test, which are Debian 12's gcc-12 and clang-14; and those as
# GNU C17. Debian 12 has the optional ones, too; other releases have some of them.
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror"]
OPTIONAL = ["clang-13", "clang-15", "clang-16", "clang-19"]
HOSTS |= {compiler: ([compiler, *STRICT], []) for compiler in ["gcc-11", *OPTIONAL]}
# Of SDCC: its flags; a simulator, and its memory in which sdcc.c has a window to it.
SDCC = {
    "mcs51": (["--model-large", "--stack-auto"], ["s51", "-I", "if=xram[0xffff]"]),
    "stm8": ([], ["sstm8", "-I", "if=rom[0x7fff]"]),
    "z80": ([], ["sz80", "-I", "if=outputs[0xff]"]),
}
# It warns of what a configuration makes constant, and on mcs51 of pointers that were numbers.
SDCC_FLAGS = ["--std-c11", "--Werror", *(word for number in ["110", "126", "127"]
                                         for word in ["--disable-warning", number]),
              "-Iinclude", "-Isrc", "-Itest/targets", '-DCORO_CONFIG_FILE="sdcc.h"']
PLAIN = ["kernel", "debug", "inbox", "lane"]
# The unit tests that need no system, with a Criterion of their own: how many there are at least,
# what a board has of memory, and those that stay at home.
SUITE = "test/targets/suite"
SUITE_FLAGS = ["-std=gnu11", "-ffreestanding", "-fno-common", "-Wall", "-Wextra", "-Werror",
               "-I" + SUITE, "-Iinclude", "-Isrc", "-Itest", "-I" + FIRMWARE, "-DBOARD_TEST",
               '-DCORO_CONFIG_FILE="kernel_tests.h"']
SUITES = {
    "cortex-m3": (620, ["-DSUITE_HEAP_KIB=2048"],
                  ["-Wl,--defsym=FLASH_SIZE=4M,--defsym=RAM_SIZE=4M"]),
    "riscv32": (620, ["-DSUITE_HEAP_KIB=65536"], ["-march=rv32imac", "-Wl,--defsym=RAM_SIZE=128M"]),
}
SUITE_WITHOUT = {
    "context": "coro/context.h is for hosts",
    "eager": "coro_create_task_eager is for hosts",
    "iterate": "coro/iterate.h is for hosts",
    "stream_write": "coro_stream_printf needs a C library",
}


class Failed(Exception):
    pass


def run(command, stdin="", limit=300, lines=1):
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT,
                              timeout=limit, check=False, errors="replace")
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{os.path.basename(command[0])}: no end after {limit} s") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failed(f"{os.path.basename(command[0])}: status {done.returncode}"
                     + "".join(": " + line for line in said[-lines:]))
    return done.stdout


def sizes_in(board, config, source, folder):
    """Of what the compiler lays out: (what, bytes). The sizes are those of symbols."""
    with open(os.path.join(ROOT, source), encoding="utf-8") as file:
        names = re.findall(r"^(?:CORO_)?ASYNC(?:_DECLARE)?\((\w+)", file.read(), re.M)
    compiler = BOARDS[board][0]
    program = os.path.join(folder, "frames.c")
    with open(program, "w", encoding="utf-8") as file:
        print(f'#include "{os.path.join(ROOT, source)}"', *(
            f"char size_of_{name}[sizeof({kind})];" for name, kind in
            [("a_task", "coro_task"), ("the_loop", "coro_loop"),
             *((name, "struct " + name) for name in names)]), sep="\n", file=file)
    run([*compiler, *COMMON, "-fno-lto", "-I" + os.path.dirname(source),
         f'-DCORO_CONFIG_FILE="{config}.h"', "-c", program, "-o", program + ".o"])
    nm = compiler[0].removesuffix("gcc") + "nm"
    for line in run([nm, "-S", "--size-sort", program + ".o"]).splitlines():
        size, _, name = line.split()[1:]
        if name.startswith("size_of_"):
            yield name.removeprefix("size_of_"), int(size, 16)


def frames(sources):
    print("target,config,what,bytes")
    with tempfile.TemporaryDirectory() as folder:
        for board in BOARDS:
            for config in "minimal", "full":
                for source in sources or [FIRMWARE + "three_tasks.c"]:
                    for what, size in sizes_in(board, config, source, folder):
                        print(f"{board},{config},{what},{size}")


def kernel_files():
    return sorted(glob.glob("src/kernel/*.c", root_dir=ROOT)) + ["src/poll/bare.c"]


def firmware_files(board, program):
    return [*program, *kernel_files(), *(FIRMWARE + name for name in BOARDS[board][1])]


def build_firmware(board, config, program, flags, folder):
    """The path of the program: the kernel, a board, and what is given; one configuration."""
    compiler, _, libraries = BOARDS[board]
    path = os.path.join(folder, f"{board}-{config}-{os.path.basename(program[0])}.elf")
    run([*compiler, *COMMON, f'-DCORO_CONFIG_FILE="{config}.h"', *flags,
         *firmware_files(board, program), *libraries, "-o", path])
    nm = compiler[0].removesuffix("gcc") + "nm"
    undefined = run([nm, "-u", path]).strip()
    if undefined:
        raise Failed("undefined: " + undefined)
    return path


def simavr(folder):
    path = os.path.join(folder, "simavr")
    if not os.path.exists(path):
        run(["cc", "-O2", "test/targets/simavr.c", "-lsimavr", "-lelf", "-o", path])
    return path


def three_tasks(board, config, folder):
    program = [FIRMWARE + "three_tasks.c"]
    if board == "avr":
        said = run([simavr(folder), build_firmware(board, config, program, [], folder),
                    "three_tasks"], limit=60)
    else:
        program.append("test/targets/bench.c")
        path = build_firmware(board, config, program, ["-DBOARD_TEST"], folder)
        said = run([*MACHINES[board], path], "hello", 60)
    if not said.endswith("hello"):
        raise Failed(f"echoed {said!r}")


def run_on(board, path, folder):
    """What it said; its status is 0, or it fails."""
    if board == "avr":
        return run([simavr(folder), path, "status"], limit=120)
    return run([*MACHINES[board], path], limit=120)


def stress(board, config, folder, flags=()):
    run_on(board, build_firmware(board, config, ["test/targets/stress.c"], [*STRESS, *flags],
                                 folder), folder)


def console(board, folder):
    program = [FIRMWARE + "console.c", "test/targets/console_bench.c"]
    run_on(board, build_firmware(board, "full", program, ["-DBOARD_TEST"], folder), folder)


def urgent(board, folder):
    run_on(board, build_firmware(board, "minimal", ["test/targets/urgent.c"], ["-DBOARD_TEST"],
                                 folder), folder)


def resume_cost(board, config, folder):
    """Of a resume when one task is ready in a turn, and when three are: instructions on qemu,
    where one is a nanosecond here, and cycles on AVR."""
    path = build_firmware(board, config, ["test/targets/cost.c"], ["-DBOARD_TEST"], folder)
    if board == "avr":
        said = run_on(board, path, folder)
    else:
        exact = [word.replace("shift=5", "shift=0") for word in MACHINES[board]]
        said = run([*exact, path], limit=120)
    return [int(cost) for cost in re.findall(r"^[13]: (\d+)$", said, re.M)]


def resume(board, folder):
    most, unit = RESUME[board]
    alone, of_three = resume_cost(board, "minimal", folder)
    if of_three > most:
        raise Failed(f"{of_three} {unit}, {most} at most")
    return f"{of_three} {unit}, {alone} alone in its turn"


def suite_names():
    with open(os.path.join(ROOT, "test/meson.build"), encoding="utf-8") as file:
        names = re.search(r"^on_backends = \[(.*?)\]", file.read(), re.M | re.S)[1]
    return [name for name in re.findall(r"'(\w+)'", names) if name not in SUITE_WITHOUT]


def kernel_tests(board, folder):
    """The kernel's unit tests, a program each file of them; how many ran."""
    compiler, board_files, libraries = BOARDS[board]
    least, flags, link_flags = SUITES[board]
    place = os.path.join(folder, "suite-" + board)
    os.makedirs(place, exist_ok=True)
    compiler = [flag for flag in compiler if flag != "-std=c11"]

    def build(source, optimised="-O1"):
        run([*compiler, *SUITE_FLAGS, optimised, *flags, "-c", source, "-o",
             object_of(place, source)])
        return object_of(place, source)

    def run_file(name):
        path = os.path.join(place, name + ".elf")
        run([*compiler, *link_flags, build(f"test/test_{name}.c", "-O0"), *objects, *libraries,
             "-o", path])
        said = run([*MACHINES[board], path], limit=120, lines=5)
        return int(re.search(r"(\d+) tests, 0 failed\s*$", said)[1])

    sources = [*kernel_files(), *sorted(glob.glob("src/stream/*.c", root_dir=ROOT)),
               *(FIRMWARE + name for name in board_files), SUITE + "/libc.c", SUITE + "/run.c"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(build, sources))
        count = sum(pool.map(run_file, suite_names()))
    if count < least:
        raise Failed(f"{count} tests ran, {least} at least should")
    return f"{count} tests"


def howto(folder):
    """doc/howto/bare-metal.md: its files are written, its commands run."""
    with open(os.path.join(ROOT, "doc/howto/bare-metal.md"), encoding="utf-8") as page:
        blocks = re.findall(r"^```(c|sh)\n(.*?)^```$", page.read(), re.M | re.S)
    place = os.path.join(folder, "howto")
    os.makedirs(place, exist_ok=True)
    for kind, text in blocks:
        name = re.match(r"/\* (\S+) \*/\n", text)
        if kind == "c" and name:
            with open(os.path.join(place, name[1]), "w", encoding="utf-8") as file:
                file.write(text)
        elif kind == "sh":
            run(["sh", "-e", "-c", f"CORO='{ROOT}'\ncd '{place}'\n{text}"], limit=120)


def host(name, folder):
    """The whole library, and the plain tests that need nothing but it."""
    compiler, runner = HOSTS[name]
    objects = os.path.join(folder, name)
    os.makedirs(objects, exist_ok=True)
    sources = [os.path.join(ROOT, path) for path in library_files()]
    flags = ["-std=c11", "-O1", "-pthread", "-I" + os.path.join(ROOT, "include"),
             "-I" + os.path.join(ROOT, "src")]
    tests = [os.path.join(ROOT, f"test/plain/{test}.c") for test in PLAIN]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda source: run([*compiler, *flags, "-c", source, "-o",
                                          object_of(objects, source)]), sources + tests))
    for test in tests:
        path = os.path.join(objects, os.path.basename(test)[:-2])
        run([*compiler, "-pthread", *(object_of(objects, source) for source in [*sources, test]),
             "-o", path])
        run([*runner, path], limit=240)


def gnu17(compiler, _):
    """As far as the compiler complains."""
    flags = ["-std=gnu17", *STRICT, "-pthread", "-Iinclude", "-Isrc"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda source: run([compiler, *flags, "-fsyntax-only", source]),
                      library_files()))


def tcc(folder):
    """It has no <stdatomic.h>, which threads, signals and much of the net need. The rest: the
    floors beneath, and the kernel of small machines, run on this one."""
    flags = ["tcc", "-std=c11", "-Wall", "-Werror", "-Iinclude", "-Isrc"]

    def build(source, *more):
        run([*flags, *more, "-c", source, "-o", object_of(folder, source)])
        return object_of(folder, source)

    for source in library_files():
        if source.startswith(("src/kernel/", "src/stream/", "src/poll/")):
            build(source)
    for config in "cortex_m0", "cortex_m0_minimal", "avr", "avr_minimal":
        small = [f'-DCORO_CONFIG_FILE="{config}.h"', "-Itest/targets"]
        kernel = [build(source, *small) for source in kernel_files()[:-1]]
        for program in "tiny", "check":
            path = os.path.join(folder, f"tcc-{config}-{program}")
            # Of two functions of a name, one of them weak, it takes the first of the objects.
            run([*flags, build(f"test/targets/{program}.c", *small), *kernel, "-o", path])
            run([path], limit=60)


def sdcc(machine, folder):
    """All of the smallest kernel as a library, and what a program with it says in a simulator."""
    flags, simulator = SDCC[machine]
    compiler = ["sdcc", "-m" + machine, *flags]
    place = os.path.join(folder, "sdcc-" + machine)
    os.makedirs(place, exist_ok=True)

    def build(source):
        path = object_of(place, source).removesuffix("o") + "rel"
        run([*compiler, *SDCC_FLAGS, "-c", source, "-o", path])
        return path

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        program, *kernel = pool.map(build, ["test/targets/sdcc.c", *kernel_files()])
    library, path = os.path.join(place, "coro.lib"), os.path.join(place, "sdcc.ihx")
    run(["sdar", "-rc", library, *kernel])
    run([*compiler, program, library, "-o", path])
    said = run([*simulator, "-q", "-G", path], limit=60)
    if not said.endswith("\nok\n"):
        raise Failed(f"said {said[-40:]!r}")


def library_files():
    floors = ["kernel", "poll", "thread", "stream", "net", "os", "debug"]
    paths = [path for floor in floors for path in sorted(glob.glob(f"src/{floor}/*.c",
                                                                   root_dir=ROOT))]
    paths.remove("src/net/ares.c")  # it needs c-ares, and is built where that is
    return paths


def object_of(folder, source):
    return os.path.join(folder, "_".join(source.split(os.sep)[-2:]) + ".o")


def targets():
    for board in BOARDS:
        for config in "minimal", "full":
            yield f"{board}, {config}", lambda folder, b=board, c=config: (
                three_tasks(b, c, folder))
    for board in BOARDS:
        yield f"{board}, interrupts", lambda folder, b=board: stress(b, "minimal", folder)
        yield f"{board}, cancelled waits", lambda folder, b=board: stress(b, "full", folder)
        yield f"{board}, console", lambda folder, b=board: console(b, folder)
        if board.startswith("cortex"):
            yield f"{board}, two loops", lambda folder, b=board: urgent(b, folder)
    for board in SUITES:
        yield f"{board}, kernel tests", lambda folder, b=board: kernel_tests(b, folder)
    for board in RESUME:
        yield f"{board}, resume", lambda folder, b=board: resume(b, folder)
    yield "howto", howto
    yield "cortex-m0, 16-bit ticks", lambda folder: stress("cortex-m0", "full", folder, [STATE16])
    for compiler in "gcc", "clang":
        yield f"{compiler}, gnu17", lambda folder, c=compiler: gnu17(c, folder)
    yield "tcc", tcc
    for machine in SDCC:
        yield f"sdcc {machine}", lambda folder, m=machine: sdcc(m, folder)
    for name in HOSTS:
        yield name, lambda folder, n=name: host(n, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--frames", action="store_true")
    parser.add_argument("--keep", metavar="FOLDER", help="leave what was built there")
    parser.add_argument("names", nargs="*", help="only targets that begin so")
    options = parser.parse_args()
    if options.files:
        for board in BOARDS:
            print(f"{board}:", *firmware_files(board, [FIRMWARE + "three_tasks.c"]))
        return 0
    if options.frames:
        frames(options.names)
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.abspath(options.keep or scratch)
        os.makedirs(folder, exist_ok=True)
        for name, check in targets():
            if options.names and not name.startswith(tuple(options.names)):
                continue
            if name in OPTIONAL and not shutil.which(name):
                print(f"{name}: not in this release", flush=True)
                continue
            try:
                note = check(folder)
                print(f"{name}: ok" + (f" ({note})" if note else ""), flush=True)
            except Failed as error:
                failed += 1
                print(f"{name}: FAIL {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
