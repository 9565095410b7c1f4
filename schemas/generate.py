"""Writes what other parties read, from the definitions: ``python -m schemas.generate``.

``--check`` writes nothing and fails where a file is missing, stale or left over. Everything under
``schemas/generated`` and the page ``docs/records.md`` come from here and are never edited by hand.
What is *not* here: how each document is made (the modules beside this one).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from schemas.definitions import LANGUAGES, RecordDefinition, definitions
from schemas.json_ld import context_document
from schemas.json_schema import payload_schema
from schemas.queries import claim_paths, request_query, templates
from schemas.record_docs import record_page
from schemas.type_metadata import type_metadata

ROOT: Final = Path(__file__).resolve().parents[1]
GENERATED: Final = "schemas/generated"
PAGE: Final = "docs/records.md"


def documents() -> dict[str, str]:
    """Every generated file's text, by its path from the root of the repository."""
    found: dict[str, Any] = {}
    for name, definition in definitions().items():
        found[f"json-schema/{name}"] = payload_schema(definition)
        found[f"json-ld/{name}"] = context_document(definition)
        found[f"type-metadata/{name}"] = type_metadata(definition)
        found[f"disclosures/{name}"] = [list(path) for path in definition.disclosures]
        found[f"consent/{name}"] = consent_words(definition)
        found[f"claims/{name}"] = [
            {"id": claim, "path": list(path)} for claim, path in claim_paths(definition).items()
        ]
    for name, template in templates().items():
        found[f"queries/{name}"] = request_query(template)
    texts = {f"{GENERATED}/{name}.json": _text(value) for name, value in found.items()}
    return texts | {PAGE: record_page()}


def consent_words(definition: RecordDefinition) -> dict[str, Any]:
    """What a consent screen says of a record: its name, its sentence, a word for each tick."""
    return {
        language: {
            "name": definition.labels[language].patient,
            "sentence": definition.consent[language],
            "ticks": {
                name: field.labels[language].patient
                for name, field in {**definition.subject_fields, **definition.item_fields}.items()
            },
        }
        for language in LANGUAGES
    }


def drift(root: Path = ROOT) -> list[str]:
    """The paths that are missing, stale or left over below ``root``."""
    wanted = documents()
    stale = [
        name
        for name, text in wanted.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]
    return sorted([*stale, *(_present(root) - wanted.keys())])


def write(root: Path = ROOT) -> list[str]:
    """Bring every generated file below ``root`` up to date; the paths that changed."""
    wanted = documents()
    changed = drift(root)
    for name in changed:
        path = root / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return changed


def main(arguments: list[str]) -> int:
    """The command: 0 where all is up to date or was written, 1 for drift, 2 for bad usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m schemas.generate [--check]\n")
        return 2
    if not arguments:
        sys.stderr.writelines(f"wrote {name}\n" for name in write())
        return 0
    stale = drift()
    sys.stderr.writelines(f"out of date: {name}\n" for name in stale)
    if stale:
        sys.stderr.write("Run: python -m schemas.generate\n")
    return 1 if stale else 0


def _present(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in (root / GENERATED).rglob("*.json")}


def _text(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
