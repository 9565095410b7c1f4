"""Which JSON-LD contexts the adapter knows: the shipped ones and those of a folder given to it.

``PASSPORT_EXTRA_CONTEXTS`` names the folder; its ``index.json`` maps each URL to a file beside it.
A shipped context stands whatever the folder says. What is *not* here: fetching, ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import schemas
from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, SettingsError

INDEX: Final = "index.json"
MAX_CONTEXTS: Final = 500  # in one folder


def read_contexts(folder: Path | None) -> dict[str, bytes]:
    """URL to file as published, of the shipped contexts and of ``folder`` where one is given.

    Raises:
        SettingsError: ``vcapi.contexts`` when index or a file is missing, no JSON object, or named
            outside the folder.
    """
    extra = {} if folder is None else _folder(folder)
    return extra | shipped()


def shipped() -> dict[str, bytes]:
    """URL to file of the contexts that the package ships."""
    rows: Mapping[str, Mapping[str, str]] = schemas.load("contexts/index.json")
    return {url: schemas.read(f"contexts/{row['file']}") for url, row in rows.items()}


def _folder(folder: Path) -> dict[str, bytes]:
    index = _read(folder / INDEX)
    try:
        named = parse_json_object(index)
        if len(named) > MAX_CONTEXTS:
            raise SettingsError("vcapi.contexts", "the index names too many contexts")
        found: dict[str, bytes] = {}
        for url, name in named.items():
            if not isinstance(name, str) or Path(name).name != name:
                raise SettingsError("vcapi.contexts", f"{url} is not mapped to a file beside it")
            found[url] = _read(folder / name)
            parse_json_object(found[url])
    except EncodingError as error:
        raise SettingsError("vcapi.contexts", "index or context is no JSON object") from error
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError("vcapi.contexts", f"{path.name} cannot be read") from error
