#!/usr/bin/env python3
"""Runs clang-tidy over the C++ files that changed; scripts/lint.sh --tidy calls it.

    scripts/tidy.py             what changed since the last tag, or if there is none, since the first
                                commit of the day of the last commit, which is included
    scripts/tidy.py BASE        what changed since the commit BASE
    scripts/tidy.py --all       every file, which takes hours

A header counts as the .cc file of its name. Of the changed files at most 12 are checked, those with
most changed lines first; tests and files that include LibTorch (half a minute each) are left out.
The last line says how many were left out. The compile commands are those of the preset release,
which has to be built, because the checks read generated headers.

Exits with 1 if a file does not compile or if a check fails that .clang-tidy lists as an error, and
with 2 if something is missing.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "build/release/compile_commands.json"
MOST_FILES = 12
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
# GCC's options that clang does not know, and errors for warnings, which are the compiler's task.
LEFT_OUT_OPTIONS = {"-fpch-preprocess", "-Winvalid-pch", "-Werror"}


def stop(message):
    print(f"tidy.py: {message}", file=sys.stderr)
    sys.exit(2)


def git(*arguments):
    """What git prints, or None if it fails; only `describe` fails in order: there need not be a tag."""
    finished = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    if finished.returncode != 0 and arguments[0] != "describe":
        print(finished.stderr.strip(), file=sys.stderr)
    return finished.stdout if finished.returncode == 0 else None


def default_base():
    """The last tag, or the commit before the first one of the day, or the empty tree if none is before it."""
    tag = git("describe", "--tags", "--abbrev=0")
    if tag:
        return tag.strip()
    commits = [line.split() for line in (git("log", "--first-parent", "--format=%cs %H") or "").splitlines()]
    before = next((commit for day, commit in commits if day != commits[0][0]), None)
    return before or EMPTY_TREE


def changed_lines(base):
    """The number of changed lines of each .cc file that differs from `base` in the working tree."""
    listed = git("diff", "--numstat", "-z", "-M", "-l5000", base, "--", "*.cc", "*.h")
    if listed is None:
        stop(f"git diff {base} failed: expected a commit, a tag or a branch")
    changes = {}
    fields = iter(listed.split("\0"))
    for field in fields:
        if not field:
            continue
        added, deleted, path = field.split("\t")
        if not path:  # A renamed file: its old and new names follow.
            next(fields)
            path = next(fields)
        if added != "-" and int(added) + int(deleted) > 0:
            changes[path] = int(added) + int(deleted)
    for path in (git("ls-files", "--others", "--exclude-standard", "--", "*.cc", "*.h") or "").splitlines():
        changes[path] = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    sources = {}
    for path, lines in changes.items():
        source = re.sub(r"\.h$", ".cc", path)
        sources[source] = sources.get(source, 0) + lines
    return sources


def read_commands():
    """The compile commands by file, without what clang does not know and without precompiled headers."""
    if not COMMANDS.exists():
        stop(f"{COMMANDS} is absent: run scripts/build.sh")
    commands = {}
    for entry in json.loads(COMMANDS.read_text(encoding="utf-8")):
        words = [word for word in shlex.split(entry["command"]) if word not in LEFT_OUT_OPTIONS]
        for at in reversed(range(len(words) - 1)):
            if words[at] == "-include" and words[at + 1].endswith("cmake_pch.hxx"):
                del words[at:at + 2]
        path = os.path.relpath(entry["file"], ROOT)
        commands.setdefault(path, {"directory": entry["directory"], "file": entry["file"], "arguments": words})
    return commands


def includes_libtorch(command):
    return any(word.endswith("/torch/include") for word in command["arguments"])


def choose(commands, arguments):
    """The files to check, and in words what is left out."""
    if arguments == ["--all"]:
        outside = (os.pardir, "build/", "tests/")
        return sorted(path for path in commands if not path.startswith(outside)), "tests"
    base = arguments[0] if arguments else default_base()
    changed = {path: lines for path, lines in changed_lines(base).items()
               if not path.startswith("tests/") and (ROOT / path).exists()}
    known = [path for path in changed if path in commands]
    quick = [path for path in known if not includes_libtorch(commands[path])]
    quick.sort(key=lambda path: (-changed[path], path))
    print(f"== clang-tidy: {len(changed)} files outside tests/ changed since {base}", flush=True)
    left_out = (f"{len(quick[MOST_FILES:])} with fewer changes, {len(known) - len(quick)} with LibTorch, "
                f"{len(changed) - len(known)} without a compile command, tests")
    return quick[:MOST_FILES], left_out


def main():
    arguments = sys.argv[1:]
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-") and arguments != ["--all"]):
        stop(f"expected nothing, a commit or --all, found '{' '.join(arguments)}'")
    clang_tidy = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if clang_tidy is None:
        stop("clang-tidy-14 is absent: run scripts/setup_test_tools.sh")
    commands = read_commands()
    files, left_out = choose(commands, arguments)
    folder = ROOT / "build/tidy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps([commands[path] for path in files], indent=1))

    def check(path):
        return subprocess.run([clang_tidy, "-p", str(folder), "--quiet", str(ROOT / path)],
                              capture_output=True, text=True)

    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, finished in zip(files, pool.map(check, files), strict=True):
            # Standard error has findings only if clang-tidy itself could not run.
            findings = finished.stdout.strip() or (finished.stderr.strip() if finished.returncode != 0 else "")
            if findings:
                print(findings, flush=True)
            if finished.returncode != 0:
                failed.append(path)
    print(f"== clang-tidy: {len(files)} files checked; left out: {left_out}")
    if failed:
        sys.exit(f"FAILED: clang-tidy: {', '.join(failed)}")


if __name__ == "__main__":
    main()
