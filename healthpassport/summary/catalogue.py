"""The record types that exist, found by name or by ``vct``.

A type that stands in no definition is refused, never guessed. What is *not* here: the reading of
the definitions (``schemas.definitions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from healthpassport.errors import RecordError
from schemas.definitions import (
    ClaimPath,
    Disclosure,
    FieldDefinition,
    Label,
    RecordDefinition,
    definitions,
)

__all__ = [
    "ClaimPath",
    "Disclosure",
    "FieldDefinition",
    "Label",
    "RecordDefinition",
    "definition",
    "definition_for_vct",
    "disclosure_tree",
    "issued_types",
    "record_types",
    "section_title",
]


def record_types() -> tuple[str, ...]:
    """The names of all record types, in the order in which people read them."""
    return tuple(definitions())


def issued_types() -> tuple[str, ...]:
    """Those that an issuer may sign: all but what a person states themselves."""
    return tuple(name for name, found in definitions().items() if not found.by_holder)


def definition(record_type: str) -> RecordDefinition:
    """The definition of ``record_type``.

    Raises:
        RecordError: ``record.type_unknown``.
    """
    found = definitions().get(record_type)
    if found is None:
        raise RecordError("record.type_unknown")
    return found


def definition_for_vct(vct: str) -> RecordDefinition:
    """The definition whose credentials carry ``vct`` (exact match, SD-JWT VC draft-19).

    Raises:
        RecordError: ``record.type_unknown``.
    """
    found = _by_vct().get(vct)
    if found is None:
        raise RecordError("record.type_unknown")
    return found


def section_title(section: str) -> Mapping[str, Label] | None:
    """What the record of ``section`` is called, by language; None for an unknown section."""
    return next((d.labels for d in definitions().values() if d.section == section), None)


def disclosure_tree(record_type: str) -> tuple[ClaimPath, ...]:
    """Which paths of a payload become one disclosure each, outer before inner.

    ``("items", None)`` is each element of items, ``("items", None, "onset")`` the member ``onset``
    inside each element. Every path that is not named stays plain where it stands. Paths that a
    payload does not hold are passed over.
    """
    return definition(record_type).disclosures


@cache
def _by_vct() -> dict[str, RecordDefinition]:
    return {d.vct: d for d in definitions().values()}
