#!/usr/bin/env python3
"""Checks that every include follows the rooms of docs/architecture.md: a room may include itself and
the rooms that stand above it in the page's table, and the two walls hold.

Usage: layering_test.py REPOSITORY
"""

import os
import re
import sys

HEADING = "## Rooms, from the bottom up"
SOURCES = (".h", ".cc", ".in")
WALLS = [
    (("expr", "search", "proto", "cli"), re.compile(r'#include [<"](torch/|ATen/|c10/)'), "LibTorch"),
    (("expr", "pruning", "evaluator", "search"), re.compile(r'#include [<"](grpc|google/protobuf|.*\.pb\.h)'),
     "gRPC or Protobuf"),
]


def rooms_of(page):
    """The first column of the table under HEADING, from the bottom up."""
    rooms = []
    lines = page.split("\n")
    if HEADING not in lines:
        sys.exit(f"docs/architecture.md: expected the heading '{HEADING}', found none")
    for line in lines[lines.index(HEADING) + 1:]:
        if line.startswith("## "):
            break
        row = re.match(r"\| `([a-z_/]+)/` ", line)
        if row:
            rooms.append(row[1])
    return rooms


def problems_of_file(path, room, ranks):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            for folders, pattern, what in WALLS:
                if room.split("/")[0] in folders and pattern.match(line):
                    yield f"{path}:{number}: {room}/ may not include {what}: {line.strip()}"
            include = re.match(r'#include "([^"]+)/[^/"]+"', line)
            if not include:
                continue
            included = include[1]
            if included not in ranks:
                if included.split("/")[0] in {name.split("/")[0] for name in ranks}:
                    yield f"{path}:{number}: {included}/ is no room of docs/architecture.md: {line.strip()}"
            elif ranks[included] > ranks[room]:
                yield f"{path}:{number}: {room}/ may not include {included}/, which is above it: {line.strip()}"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: layering_test.py REPOSITORY")
    os.chdir(sys.argv[1])
    with open("docs/architecture.md", encoding="utf-8") as file:
        rooms = rooms_of(file.read())
    ranks = {room: rank for rank, room in enumerate(rooms)}
    problems = [f"docs/architecture.md: room {room}/ stands there twice" for room in ranks if rooms.count(room) > 1]
    problems += [f"docs/architecture.md: there is no folder {room}/" for room in rooms if not os.path.isdir(room)]
    files = 0
    for top in sorted({room.split("/")[0] for room in rooms}):
        for folder, _, names in sorted(os.walk(top)):
            sources = [name for name in sorted(names) if name.endswith(SOURCES)]
            if sources and folder not in ranks:
                problems.append(f"{folder}/ has sources but is no room of docs/architecture.md")
                continue
            for name in sources:
                problems += problems_of_file(os.path.join(folder, name), folder, ranks)
                files += 1
    for problem in problems:
        print(problem)
    if files < 100:
        sys.exit(f"expected to read hundreds of files, found {files}")
    print(f"{files} files in {len(rooms)} rooms, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
