"""Whether a stored document says "none" of a list without the presentation's proof.

Rules (clinical.md, fear no. 1): that there is none of something, or how much of it is shown, stands
in a document's sections alone, beside its entries; whoever may change a store could write it there.
A section of a record that cannot be proven today is left out. What is *not* here: the entries
(``again``), and a section's words, which another version of ours may have written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from verifier.fhir import Told, resources
from verifier.fhir.patient import IDENTITY
from verifier.fhir.sections import composed

DENYING: Final = frozenset({"nilknown", "none_known"})

# The codes of a section's state and of why it is empty, and how many entries it names.
Spine: TypeAlias = "tuple[frozenset[str], int]"


def refuse_absences(
    rows: Sequence[tuple[str, Mapping[str, Json]]],
    readings: Sequence[Sequence[Told]],
    gone: Collection[str],
) -> None:
    """Return only where each section of the document says what one of ``readings`` proves.

    Args:
        rows: the document's resources with their addresses.
        readings: the proven sections, as each way of writing them down has them.
        gone: record types of which nothing can be proven today.

    Raises:
        ServiceError: ``again.altered``.
    """
    proven: dict[str, set[Spine]] = {}
    silent = {one.title for one in readings[0] if one.section.record_type in gone}
    for reading in readings:
        for one in reading:
            if one.section.record_type != IDENTITY and one.title not in silent:
                made = composed(one, ["" for _ in resources(one, "")], None)
                proven.setdefault(one.title, set()).add(_spine(made))
    for section in _sections(rows):
        title, found = str(section.get("title")), _spine(section)
        unknown = title not in proven and title not in silent
        if found not in proven.get(title, {found}) or (unknown and found[0] & DENYING):
            raise ServiceError("again.altered", f"what it says of a section is not proven: {title}")


def _sections(rows: Sequence[tuple[str, Mapping[str, Json]]]) -> list[Mapping[str, Json]]:
    found = [one for _, one in rows if one.get("resourceType") == "Composition"]
    return [section for one in found for section in _objects(one.get("section"))]


def _spine(section: Mapping[str, Json]) -> Spine:
    why = section.get("emptyReason")
    codings = _objects(why.get("coding")) if isinstance(why, Mapping) else []
    parts = [p for e in _objects(section.get("extension")) for p in _objects(e.get("extension"))]
    codes = {str(one.get("code")) for one in codings}
    codes |= {str(one["valueCode"]) for one in parts if "valueCode" in one}
    return frozenset(codes), len(_objects(section.get("entry")))


def _objects(value: Json) -> list[Mapping[str, Json]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
