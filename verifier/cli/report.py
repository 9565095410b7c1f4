"""A result in plain lines for the terminal.

Rules: what a page would hide is hidden here as well, and an item stands with its whole unit, so
that no medicine is named without its "do not give" (clinical.md rules 1 and 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.credential import DeskState
from healthpassport.encoding import Json, dump_text
from verifier.service.words import READABLE

from .output import data, say

_TOLD: Final = frozenset({"text", "coding"})


def print_result(result: Mapping[str, Json]) -> None:
    """One line a section: what, its state, n of m, from whom, as of when; then its items.

    What was refused is told on stderr, with the next step.
    """
    data(f"verdict: {result['verdict']}")
    data(f"allergies: {result['allergyHeading']}")
    cautions = result["cautions"]
    for words in cautions if isinstance(cautions, list) else ():
        data(f"caution: {words}")
    for section in _rows(result["sections"]):
        issuer = section["issuer"]
        source = f" from {issuer['name']} ({issuer['ods']})" if isinstance(issuer, Mapping) else ""
        as_of = f" as of {section['asOf']}" if section["asOf"] else ""
        problem = section["problem"]
        why = f" [{problem['code']}]" if isinstance(problem, Mapping) else ""
        shown = f" {section['shown']} of {section['total']}" if section["issuer"] else ""
        data(f"{section['type']}: {section['state']}{shown}{source}{as_of}{why}")
        if isinstance(problem, Mapping) and problem["title"]:
            say(f"  {problem['title']} Next: {problem['help']}")
        if section["state"] in READABLE or section["state"] == DeskState.NOT_CHECKED:
            mark = "Not checked: " if section["state"] == DeskState.NOT_CHECKED else ""
            for item in _rows(section["items"]):
                data(f"  - {mark}{_words(item['unit'])}")


def _words(unit: Json) -> str:
    """The text of ``unit``, then everything else in it."""
    if not isinstance(unit, Mapping):
        return ""
    rest = [f"{name}: {_plain(v)}" for name, v in unit.items() if name not in _TOLD]
    return "; ".join([str(unit["text"]), *rest])


def _plain(value: Json) -> str:
    """``value`` on one line: its text before its other members, codes left to the FHIR document."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        named = [f"{name}: {_plain(v)}" for name, v in value.items() if name not in _TOLD]
        text = [_plain(value["text"])] if "text" in value else []
        return ", ".join([*text, *named])
    if isinstance(value, Sequence):
        return ", ".join(map(_plain, value))
    return dump_text(value)


def _rows(value: Json) -> Sequence[Mapping[str, Json]]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    return [row for row in rows if isinstance(row, Mapping)]
