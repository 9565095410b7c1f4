"""Data that parties without Python read as well: records, requests, errors, contexts.

Reading only, with the standard library only; everything stands below the core.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

_ROOT = files(__name__)


@cache
def load(path: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """The parsed JSON file at ``path`` below this package (``records/AllergySummary.json``).

    Raises:
        FileNotFoundError: when the package holds no such file.
    """
    return json.loads(_ROOT.joinpath(*path.split("/")).read_text(encoding="utf-8"))


def read(path: str) -> bytes:
    """The bytes of the file at ``path`` below this package, for what has a hash to compare.

    Raises:
        FileNotFoundError: when the package holds no such file.
    """
    return _ROOT.joinpath(*path.split("/")).read_bytes()


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of the JSON files in ``folder``, sorted, without their ending."""
    entries = _ROOT.joinpath(folder).iterdir()
    return tuple(sorted(e.name.removesuffix(".json") for e in entries if e.name.endswith(".json")))


@cache
def load_errors() -> dict[str, dict[str, Any]]:
    """All error codes with party, status, title and hint; a code that stands twice is a fault."""
    found: dict[str, dict[str, Any]] = {}
    for name in names("errors"):
        rows = load(f"errors/{name}.json")
        if twice := found.keys() & rows.keys():
            message = f"error codes defined twice: {sorted(twice)}"
            raise ValueError(message)
        found |= rows
    return found


@cache
def error_words(language: str) -> tuple[str, ...]:
    """The files of ``errors/<language>``, in the text form of gettext; none for English."""
    folder = _ROOT.joinpath("errors", language)
    found = sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else []
    return tuple(entry.read_text(encoding="utf-8") for entry in found)
