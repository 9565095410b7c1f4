"""A result in plain lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from healthpassport.encoding import Json

from .output import data


def print_result(result: Mapping[str, Json]) -> None:
    """One line a section: what, its state, n of m, from whom, as of when; then its items."""
    data(f"verdict: {result['verdict']}")
    data(f"allergies: {result['allergyHeading']}")
    for section in _rows(result["sections"]):
        issuer = section["issuer"]
        source = f" from {issuer['name']} ({issuer['ods']})" if isinstance(issuer, Mapping) else ""
        as_of = f" as of {section['asOf']}" if section["asOf"] else ""
        problem = section["problem"]
        why = f" [{problem['code']}]" if isinstance(problem, Mapping) else ""
        shown = f" {section['shown']} of {section['total']}" if section["issuer"] else ""
        data(f"{section['type']}: {section['state']}{shown}{source}{as_of}{why}")
        for item in _rows(section["items"]):
            unit = item["unit"]
            data(f"  - {unit['text'] if isinstance(unit, Mapping) else ''}")


def _rows(value: Json) -> Sequence[Mapping[str, Json]]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    return [row for row in rows if isinstance(row, Mapping)]
