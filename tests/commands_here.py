"""A command run in the tests' own process, by the same entry point: a new one costs a second.

What is *not* shown this way is what a start shows (imports, cold start, signals, serving): tests
of those start a real process.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run_here(
    main: Callable[[], None],
    *arguments: object,
    environment: Mapping[str, str],
    typed: bytes = b"",
    folder: Path | None = None,
) -> Done:
    """``main`` with ``arguments``, under ``environment`` alone, in ``folder``."""
    streams = [io.TextIOWrapper(io.BytesIO(part), "utf-8") for part in (typed, b"", b"")]
    stdin, stdout, stderr = streams
    words = ["command", *map(str, arguments)]
    with (
        mock.patch.dict(os.environ, dict(environment), clear=True),
        mock.patch("sys.argv", words),
        mock.patch("sys.stdin", stdin),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        chdir(folder or Path.cwd()),
    ):
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    written = []
    for stream in (stdout, stderr):
        stream.flush()
        written.append(stream.detach().getvalue())
    return Done(code, *written)
