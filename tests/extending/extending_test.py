#!/usr/bin/env python3
"""Does what a page of docs/extending/ says on a copy of the tree.

  extending_test.py SOURCE_TREE BUILD_FOLDER PAGE [--apply-only]

PAGE is the name of a page without its ending, such as `operator`. Every numbered step of the page
names a file and a place in it, and is followed by one fenced code block:

  N. In `FILE`, after the line `LINE`:       the block comes after that line
  N. In `FILE`, before the line `LINE`:      the block comes before that line
  N. In `FILE`, replace the line `LINE`:     the block takes the place of that line
  N. New file `FILE`:                        the block is the file

LINE is a whole line of the file, which has it exactly once. Indentation and the width of gaps do
not count. The page's last code block, marked `sh`, is then run in the copy and must succeed.
--apply-only leaves that out. LibTorch is the one that BUILD_FOLDER was configured with.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LEFT_OUT = {".cache", ".git", ".venv", "build", "runs"}
STEP = re.compile(r"(\d+)\. ")
CODE = r"(?:`` (?P<{0}_double>.+?) ``|``(?P<{0}_tight>.+?)``|`(?P<{0}>[^`]+)`)"
EDIT = re.compile(
    r"In " + CODE.format("file") + r", (?P<how>after|before|replace) the line " + CODE.format("line") + ":"
)
NEW_FILE = re.compile(r"New file " + CODE.format("file") + ":")


class PageError(Exception):
    """A page that does not fit the tree, or that cannot be read."""


class Step:
    """One numbered step of a page."""

    def __init__(self, number, text, block):
        edit = EDIT.fullmatch(text)
        new_file = NEW_FILE.fullmatch(text)
        match = edit or new_file
        if match is None:
            raise PageError(f"step {number}: expected 'In `FILE`, after | before | replace the line `LINE`:' or "
                            f"'New file `FILE`:', found: {text}")
        self.number = number
        self.block = block
        self.file = self._code(match, "file")
        self.how = edit["how"] if edit else "new file"
        self.line = self._code(match, "line") if edit else None

    @staticmethod
    def _code(match, name):
        return match[name] or match[f"{name}_double"] or match[f"{name}_tight"]

    def apply(self, tree):
        """Changes the file of the step below `tree`."""
        path = tree / self.file
        if self.how == "new file":
            if path.exists():
                raise PageError(f"step {self.number}: expected that there is no {self.file} yet")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line + "\n" for line in self.block))
            return
        if not path.is_file():
            raise PageError(f"step {self.number}: there is no file {self.file}")
        lines = path.read_text().split("\n")
        wanted = self.line.split()
        places = [index for index, line in enumerate(lines) if line.split() == wanted]
        if len(places) != 1:
            raise PageError(f"step {self.number}: expected this line once in {self.file}, found it {len(places)} "
                            f"times:\n  {self.line}")
        first = places[0] + (1 if self.how == "after" else 0)
        last = places[0] + (0 if self.how == "before" else 1)
        path.write_text("\n".join(lines[:first] + self.block + lines[last:]))


def fenced_block(lines, index):
    """Returns language, lines and the index after the fenced block that starts at `index`."""
    opening = lines[index]
    if not opening.startswith("```"):
        raise PageError(f"line {index + 1}: expected a code block, found: {opening}")
    try:
        end = lines.index("```", index + 1)
    except ValueError:
        raise PageError(f"line {index + 1}: the code block has no end") from None
    return opening[3:].strip(), lines[index + 1:end], end + 1


def read_page(path):
    """Returns the steps of a page and the lines of its last block, a list of shell commands."""
    lines = path.read_text().split("\n")
    steps = []
    language, block = "", []
    index = 0
    while index < len(lines):
        match = STEP.match(lines[index])
        if match:
            end = lines.index("", index)
            text = " ".join(line.strip() for line in lines[index:end])[match.end():]
            if int(match[1]) != len(steps) + 1:
                raise PageError(f"line {index + 1}: expected step {len(steps) + 1}, found step {match[1]}")
            language, block, index = fenced_block(lines, end + 1)
            steps.append(Step(len(steps) + 1, text, block))
        elif lines[index].startswith("```"):
            language, block, index = fenced_block(lines, index)
        else:
            index += 1
    if not steps:
        raise PageError("expected numbered steps, found none")
    if language != "sh":
        raise PageError(f"expected a last code block marked 'sh', found '{language}'")
    return steps, block


def files_of(source):
    """Returns the files of a tree that belong to it, relative to its root."""
    if (source / ".git").exists():
        # New files count too, so that the page can be followed before a commit.
        listed = subprocess.run(
            ["git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout
        return [name for name in listed.split("\0") if name and (source / name).is_file()]
    return [str(path.relative_to(source)) for path in source.rglob("*")
            if path.is_file() and path.relative_to(source).parts[0] not in LEFT_OUT]


def copy_tree(source, target):
    for name in files_of(source):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, copy)


def torch_folder(build):
    """Returns the torch package folder that a build folder was configured with."""
    match = re.search(r"^STRATA_TORCH_DIR:\w+=(.+)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    if match is None:
        raise PageError(f"{build}/CMakeCache.txt names no STRATA_TORCH_DIR")
    return pathlib.Path(match[1])


def link_environment(build, source, tree):
    """Gives the copy the Python environment whose LibTorch the build used, if it is not the system's.

    scripts/build.sh looks there. Inside the copy, its path is the one that the compiler cache knows.
    """
    torch = torch_folder(build)
    for folder in torch.parents:
        if (folder / "pyvenv.cfg").is_file():
            (tree / ".venv").symlink_to(folder)
            return
    if (source / ".venv").is_dir():
        (tree / ".venv").symlink_to(source / ".venv")


def follow(page, source, build, apply_only):
    steps, commands = read_page(source / "docs" / "extending" / f"{page}.md")
    with tempfile.TemporaryDirectory(prefix="strata-extending-") as folder:
        tree = pathlib.Path(folder)
        copy_tree(source, tree)
        for step in steps:
            step.apply(tree)
        print(f"{page}: {len(steps)} steps have their places", flush=True)
        if apply_only:
            return
        link_environment(build, source, tree)
        subprocess.run(["bash", "-e", "-x", "-c", "\n".join(commands)], cwd=tree, check=True)


def main():
    parser = argparse.ArgumentParser(description="Does what a page of docs/extending/ says on a copy of the tree.")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("page")
    parser.add_argument("--apply-only", action="store_true", help="do not build and test the copy")
    arguments = parser.parse_args()
    try:
        follow(arguments.page, arguments.source.resolve(), arguments.build.resolve(), arguments.apply_only)
    except PageError as error:
        sys.exit(f"docs/extending/{arguments.page}.md: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"docs/extending/{arguments.page}.md: the test of the page failed: {error}")


if __name__ == "__main__":
    main()
