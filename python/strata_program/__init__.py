"""The program `strata` that a wheel brings along. Importing this package does not import torch."""

import os
import sys
from pathlib import Path


def bundled() -> str | None:
    """Returns the path of the program in this installation; None if it was installed without one."""
    path = Path(__file__).parent / "bin/strata"
    return str(path) if path.is_file() else None


def main() -> None:
    """Replaces this process by the program. The console script `strata` calls it."""
    program = bundled()
    if program is None:
        print(
            "strata: this installation of strata-prune has no program: expected a wheel of scripts/wheel.sh, "
            "or the program that scripts/build.sh writes",
            file=sys.stderr,
        )
        sys.exit(2)
    os.execv(program, [program, *sys.argv[1:]])
