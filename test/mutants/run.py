#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run: break the kernel on purpose, one mistake at a time; test/plain/model must notice each.

    run.py [MUTANT...]

A mutant is a file here, see README.md. The kernel is built once as it is, with $CC, in a folder
that is thrown away; for a mutant what it changes is built again, from a changed copy. Prints TAP.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODEL = "test/plain/model.c"
KERNEL = ["src/kernel/*.c", "test/mutants/above.c"]
FLAGS = ["-std=c11", "-O1", "-w"]
RUNS = "100000"  # as in the test itself
SECONDS = 60  # of one run; a mutant that hangs is noticed as well
INCLUDE = re.compile(r'^ *# *include *[<"]([^>"]+)[>"]', re.MULTILINE)


class Stale(Exception):
    """A mutant's lines are not in the source any more."""


# --- mutants -----------------------------------------------------------------------------------

def words(line):
    return " ".join(line.split())


class Mutant:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.hunks = []  # (source, [lines with their sign])
        comments = []
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if line.startswith("#"):
                    comments.append(line.lstrip("# "))
                elif line.startswith("@"):
                    self.hunks.append((line.lstrip("@ "), []))
                elif line.strip():
                    self.hunks[-1][1].append(line)
        self.sentence = comments[1]

    def sources(self):
        return sorted({source for source, _ in self.hunks})

    def apply(self, source, text):
        for where, hunk in self.hunks:
            if where == source:
                text = self.change(source, text, hunk)
        return text

    def change(self, source, text, hunk):
        """Lines are compared by their words, so that indentation does not matter."""
        lines = text.splitlines()
        wanted = [words(line[1:]) for line in hunk if line[0] != "+"]
        places = [i for i in range(len(lines) - len(wanted) + 1)
                  if [words(line) for line in lines[i:i + len(wanted)]] == wanted]
        if len(places) != 1:
            raise Stale(f"{source} has these lines {len(places)} times, not once: "
                        f"{wanted}; bring {self.name}.mutant up to date")
        kept = iter(lines[places[0]:])
        fresh = []
        for line in hunk:
            old = None if line[0] == "+" else next(kept)
            if line[0] != "-":
                fresh.append(line[1:] if old is None else old)
        lines[places[0]:places[0] + len(wanted)] = fresh
        return "\n".join(lines) + "\n"


# --- building ----------------------------------------------------------------------------------

def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Build:
    def __init__(self, folder, pool):
        self.folder = folder
        self.pool = pool
        self.compiler = os.environ.get("CC", "cc").split()
        # A copy, so that others may go on editing.
        self.root = os.path.join(folder, "tree")
        for part in ("include", "src", "test/plain", "test/mutants"):
            shutil.copytree(os.path.join(ROOT, part), os.path.join(self.root, part))
        self.sources = [MODEL] + [os.path.relpath(path, self.root) for pattern in KERNEL
                                  for path in sorted(glob.glob(os.path.join(self.root, pattern)))]
        self.objects = dict(zip(self.sources, pool.map(self.compile, self.sources)))

    def compile(self, source, root=None, name="whole"):
        root = root or self.root
        objects = os.path.join(self.folder, name)
        os.makedirs(objects, exist_ok=True)
        output = os.path.join(objects, source.replace("/", "_") + ".o")
        include = [f"-I{root}/include", f"-I{root}/src"]
        subprocess.run([*self.compiler, *FLAGS, *include, "-c", os.path.join(root, source),
                        "-o", output], check=True)
        return output

    def users(self, changed):
        """The sources that are, or include, what has changed."""
        seen = set(changed)
        while True:
            names = {os.path.basename(path) for path in seen if path.endswith(".h")}
            found = {path for path in self.headers() + self.sources
                     if names & {os.path.basename(each)
                                 for each in INCLUDE.findall(read(f"{self.root}/{path}"))}}
            if found <= seen:
                return [source for source in self.sources if source in seen]
            seen |= found

    def headers(self):
        return [os.path.relpath(path, self.root)
                for path in glob.glob(f"{self.root}/src/kernel/*.h")]

    def link(self, objects, name):
        program = os.path.join(self.folder, name, "model")
        subprocess.run([*self.compiler, *objects.values(), "-o", program], check=True)
        return program

    def mutate(self, mutant):
        """The program of a mutant; only what is changed is built again."""
        root = os.path.join(self.folder, mutant.name, "tree")
        shutil.copytree(self.root, root)
        for source in mutant.sources():
            text = mutant.apply(source, read(os.path.join(root, source)))
            with open(os.path.join(root, source), "w", encoding="utf-8") as file:
                file.write(text)
        objects = dict(self.objects)
        for source in self.users(mutant.sources()):
            objects[source] = self.compile(source, root, mutant.name)
        return self.link(objects, mutant.name)


# --- running -----------------------------------------------------------------------------------

def failure(program):
    """None, or how the program failed."""
    try:
        done = subprocess.run([program, RUNS], capture_output=True, text=True, timeout=SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        return f"it hangs ({SECONDS} s)"
    if done.returncode == 0:
        return None
    said = (done.stderr.strip().splitlines() or [""])[-1]
    return said or f"it ends with status {done.returncode}"


def verdict(build, mutant):
    """(noticed, sentence)"""
    try:
        how = failure(build.mutate(mutant))
    except (Stale, subprocess.CalledProcessError) as problem:
        return False, str(problem)
    return how is not None, how or f"nobody noticed in {RUNS} runs: {mutant.sentence}"


def main():
    chosen = sys.argv[1:]
    paths = [os.path.join(HERE, name + ".mutant") for name in chosen] or \
        sorted(glob.glob(os.path.join(HERE, "*.mutant")))
    mutants = [Mutant(path) for path in paths]
    print(f"1..{len(mutants) + 1}", flush=True)
    bad = 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        build = Build(folder, pool)
        how = failure(build.link(build.objects, "whole"))
        bad += how is not None
        print(f"{'ok' if how is None else 'not ok'} 1 - the kernel as it is" +
              (f"\n# {how}" if how else ""), flush=True)
        verdicts = pool.map(lambda mutant: verdict(build, mutant), mutants)
        for number, (mutant, (noticed, how)) in enumerate(zip(mutants, verdicts), 2):
            bad += not noticed
            print(f"{'ok' if noticed else 'not ok'} {number} - {mutant.name}\n# {how}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
