"""The page ``docs/records.md``: the record types, their fields, classes and states.

Made by ``schemas.generate``. What is *not* here: any fact of its own; the definitions hold all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.definitions import FieldDefinition, RecordDefinition, definitions, states, warnings
from schemas.queries import purposes, templates

_HEAD: Final = """\
# Records

This page is written by `python -m schemas.generate` from `schemas/records` and `schemas/requests`.

A record is one section of one person's record, as one source knew it on one day. Each field belongs
to one class:

- **always**: it cannot be hidden.
- **unit**: it goes with its item, whole: a code never parts from its status, a dose from its drug.
- **field**: the holder can hold it back alone.

In an SD-JWT VC each subject field is one disclosure, each element of `items` and of `negations` is
one disclosure, and inside an item each **field** is one more. `unit` stands plain inside its item,
and an item without `unit` is refused. `itemCount` is always shown, so a partial list says so.

A new type is one file in `schemas/records` and its reading in `issuer/fhir`.

What is read of the published FHIR examples, source by source, with what is refused and why, stands
in [published.md](published.md).
"""

_STATE_RULES: Final = """\
A state with "some" items has at least one that is not past, one with "past" can have past items
only, one with "none" has no items. A person's identity always has the state `items`.
"""


def record_page() -> str:
    """The whole page as Markdown."""
    common = next(iter(definitions().values()))
    listing = next(d for d in definitions().values() if d.has_items)
    parts = [
        _HEAD,
        "## States\n",
        _STATE_RULES,
        _states(),
        "## Members of every record\n",
        _table(common.envelope_fields),
        "## Who the record is about\n",
        "In every record, so that two records can be shown to be one person's.\n",
        _table(listing.subject_fields),
        "## Negations\n",
        "Rows that say there is none, or that nothing is known. Each is one unit.\n",
        "The desk shows them only when every item is shared.\n",
        _table(listing.negation_fields),
        *(_record(definition, listing) for definition in definitions().values()),
        _warnings(),
        _purposes(),
        _templates(),
    ]
    return "\n".join(parts)


def _record(definition: RecordDefinition, listing: RecordDefinition) -> str:
    own = {n: f for n, f in definition.subject_fields.items() if n not in listing.subject_fields}
    fields = {**definition.always_fields, **definition.unit_fields, **definition.item_fields, **own}
    lines = [
        f"## {definition.type}\n",
        f"{definition.meaning}\n",
        f"- type: `{definition.vct}`",
        f"- section: `{definition.section}`",
        f"- period: {definition.window}",
        *(f"- past items: `{name}` is {_codes(v)}" for name, v in definition.inactive.items()),
        *(f"- note to readers: {label.clinical}" for label in [*definition.note.values()][:1]),
        *([f"- made from: {_codes(definition.derived)}"] if definition.derived else []),
        *(["- signed by: the person's own wallet, never by an issuer"] * definition.by_holder),
    ]
    return "\n".join([*lines, "", _table(fields)])


def _table(fields: Mapping[str, FieldDefinition]) -> str:
    rows = [
        "| field | class | type | label (patient; clinician) | Cymraeg | meaning | R4 | STU3 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, field in fields.items():
        needed = " (required)" if field.required else ""
        labels = [f"{label.patient}; {label.clinical}" for label in field.labels.values()]
        meaning = field.meaning
        if field.values:
            meaning += f" One of {_codes(field.values)}."
        cells = [f"`{name}`{needed}", field.disclosure.value, field.type, *labels, meaning]
        rows.append("| " + " | ".join([*cells, *field.fhir.values()]) + " |")
    return "\n".join(rows) + "\n"


def _states() -> str:
    rows = ["| state | items | meaning | words (patient; clinician) | Cymraeg |"]
    rows.append("|---|---|---|---|---|")
    for name, state in states().items():
        words = [f"{label.patient}; {label.clinical}" for label in state.labels.values()]
        cells = [f"`{name}`", state.items.value, state.meaning, *words]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _warnings() -> str:
    rows = [
        "## Warnings\n",
        "Codes that `warnings` may hold. A source's own other words travel as they are.\n",
        "| warning | words (patient) | words (clinician) | Cymraeg |",
        "|---|---|---|---|",
    ]
    for code, label in warnings().items():
        cells = [label["en"].patient, label["en"].clinical, label["cy"].patient]
        rows.append("| " + " | ".join([f"`{code}`", *cells]) + " |")
    return "\n".join(rows) + "\n"


def _purposes() -> str:
    rows = [
        "## Purposes\n",
        "A closed list: a verifier can be registered for nothing else.\n",
        "| purpose | words | why | how long it is kept |",
        "|---|---|---|---|",
    ]
    for name, purpose in purposes().items():
        cells = [purpose.labels["en"].patient, purpose.reason["en"], purpose.retention["en"]]
        rows.append("| " + " | ".join([f"`{name}`", *cells]) + " |")
    return "\n".join(rows) + "\n"


def _templates() -> str:
    rows = ["## Request templates\n", "| template | purpose | section | record | also asks for |"]
    rows.append("|---|---|---|---|---|")
    for name, template in templates().items():
        for section in template.sections:
            needed = " (required)" if section.required else ""
            asked = _codes(section.optional) or "nothing"
            kind = section.definition.type
            cells = [
                f"`{name}`",
                f"`{template.purpose.id}`",
                f"`{section.id}`{needed}",
                kind,
                asked,
            ]
            rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _codes(values: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for value in values)
