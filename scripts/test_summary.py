#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_summary: how many single tests passed, failed and were skipped in meson's logs.

    test_summary.py LOG_FOLDER [--setup NAME]

meson itself counts programs. Its JUnit file holds a case for each test of a TAP program; the JSON
file beside it says how each program ended, which matters where every test of it passed and the
program failed all the same (a leak, a crash on the way out): that is one failure more.
Prints one line, `N passed, N failed, N skipped`, and before it the name of each failure, with
what its program said of it.
"""
import argparse
import json
import os
import re
import sys
import xml.etree.ElementTree


# What a program may say, a terminal's editing for instance, and XML may not contain.
UNSPEAKABLE = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


def parse(path):
    """The JUnit file; meson writes into it what the programs said as it came."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return xml.etree.ElementTree.fromstring(file.read().translate(UNSPEAKABLE))


def read_cases(path):
    """For each program its cases, as (name, outcome)."""
    programs = {}
    for suite in parse(path).iter("testsuite"):
        for case in suite.iter("testcase"):
            bad = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None
            outcome = "failed" if bad else "skipped" if skipped else "passed"
            # A TAP program has a suite of its own, named project.program.
            if case.get("classname") == suite.get("name") and "." in suite.get("name"):
                program = suite.get("name").split(".", 1)[1]
            else:
                program = case.get("name")
            programs.setdefault(program, []).append((case.get("name").strip(), outcome))
    return programs


def read_results(path):
    """How each program ended: a dictionary with its name, meson's word for it, what it said."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def shortened(lines):
    return lines if len(lines) <= 24 else lines[:12] + ["..."] + lines[-12:]


def excerpt(entry):
    """What a program that failed said: of a TAP program what follows each `not ok`."""
    said, after_failure = [], False
    lines = entry.get("stdout", "").splitlines()
    for line in lines:
        if re.match(r"(not )?ok\b", line):
            after_failure = line.startswith("not")
        if after_failure:
            said.append(line)
    return shortened(said or lines) + shortened(entry.get("stderr", "").splitlines())


def short(program):
    """`coro:unit / queue` is queue."""
    return program.split(" / ")[-1]


def count(junit, results):
    """The numbers, and for each failure its name and the lines that its program said."""
    counts, failures = {"passed": 0, "failed": 0, "skipped": 0}, []
    programs = read_cases(junit)
    ended = {entry["name"]: entry for entry in read_results(results)}
    for program, cases in programs.items():
        names = [name for name, outcome in cases if outcome == "failed"]
        for _, outcome in cases:
            counts[outcome] += 1
        said = excerpt(ended.get(program, {}))
        for name in names:
            failures.append((short(program) + ("" if name == program else ": " + name), said))
            said = []
    for program, entry in ended.items():
        if entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not any(
                outcome == "failed" for _, outcome in programs.get(program, [])):
            counts["failed"] += 1
            failures.append((f"{short(program)}: the program ended with {entry['result']}",
                             excerpt(entry)))
    return counts, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--setup", default="")
    options = parser.parse_args()
    base = os.path.join(options.folder,
                        "testlog-" + options.setup if options.setup else "testlog")
    try:
        counts, failures = count(base + ".junit.xml", base + ".json")
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        counts, failures = {"passed": 0, "failed": 1, "skipped": 0}, [(f"no results: {error}", [])]
    for failure, said in failures:
        print("failed:", failure)
        for line in said:
            print("    " + line.translate(UNSPEAKABLE))
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
