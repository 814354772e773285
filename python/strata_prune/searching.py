"""Starts the program `strata` and follows a search."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import strata_program

from .errors import StrataError
from .run import Run

_STOPPED = 130  # exit code after Ctrl-C


def program_path() -> str:
    """Returns the program that STRATA_PROGRAM names, that of this installation, or `strata` of PATH.

    Raises StrataError if there is none.
    """
    named = os.environ.get("STRATA_PROGRAM")
    found = shutil.which(named or strata_program.bundled() or "strata")
    if found is None:
        where = f"STRATA_PROGRAM is '{named}'" if named else "there is no `strata` in PATH"
        raise StrataError(f"{where}: expected the program, which scripts/build.sh writes to build/release/strata")
    return found


def search(
    config: str | os.PathLike[str] | Mapping[str, Any],
    *,
    run: str | os.PathLike[str],
    on_event: Callable[[dict[str, Any]], None] | None = None,
) -> Run:
    """Searches for allocation functions with the program `strata` and returns the finished run.

    `config` is a YAML file, or its settings as nested dictionaries, as in {"model": ..., "search": {"minutes": 5}}.
    `run` is the folder of the results, which must not hold a run yet. `on_event` gets every event of docs/search.md as
    a dictionary, in this thread. If it raises, or on Ctrl-C, the search is stopped cleanly, so that
    `strata search --resume` goes on with it, and the exception is raised again.

    Raises StrataError with the program's message if the search fails.
    """
    program = program_path()
    if not isinstance(config, Mapping):
        return _search(program, os.fspath(config), run, on_event)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")  # JSON is a part of YAML
        return _search(program, str(path), run, on_event)


def _search(
    program: str, config: str, run: str | os.PathLike[str], on_event: Callable[[dict[str, Any]], None] | None
) -> Run:
    command = [program, "search", config, "--events", "-", "--quiet", "--run", os.fspath(run)]
    # In a session of its own, the program gets Ctrl-C from here alone, and once.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    messages: list[str] = []
    assert process.stdout is not None and process.stderr is not None
    reader = threading.Thread(target=messages.extend, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        for line in process.stdout:
            if on_event is not None and line.startswith("{"):
                on_event(json.loads(line))
        code = process.wait()
    except BaseException:
        _stop(process)
        raise
    finally:
        reader.join()
        process.stdout.close()
        process.stderr.close()
    if code not in (0, _STOPPED):
        text = "".join(messages).strip()
        raise StrataError(text or f"{program} ended with exit code {code}")
    return Run(Path(run))


def _stop(process: subprocess.Popen[str]) -> None:
    """Ends a search as Ctrl-C does and waits until it has stored everything. A second Ctrl-C kills it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    try:
        for _ in process.stdout:  # the program must not wait for a reader
            pass
        process.wait()
    except KeyboardInterrupt:
        process.kill()
        process.wait()
        raise
