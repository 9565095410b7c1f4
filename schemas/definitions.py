"""What a record type is: ``records/*.json`` read, joined with what all types share, and checked.

Each type stands once in ``records/<type>.json``; the envelope and the subject's fields stand
once in ``records/_common.json``. A definition that names an unknown class or type, or leaves out a
label, is a fault of ours and fails at once. What is *not* here: judging records
(``healthpassport.summary``) and writing what others read (``schemas.generate``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import schemas

VCT_BASE: Final = "https://passport.example/vct/"
CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
CONTEXT_BASE: Final = "https://passport.example/contexts/"
LANGUAGES: Final = ("en", "cy")
SECOND_SIGNATURE: Final = "pq_signature"  # a claim that is a signature (docs/adr/0025)
# SD-JWT VC draft-19 and RFC 7519 section 4.1: what a format adds to a payload and judges itself.
FORMAT_MEMBERS: Final = (
    "iss",
    "iat",
    "nbf",
    "exp",
    "cnf",
    "status",
    "vct#integrity",
    SECOND_SIGNATURE,
)
HOLDER: Final = "holder"  # who signs what a person states themselves
GROUP: Final = "group"  # the field that names the heading of an item
FHIR_RELEASES: Final = ("r4", "stu3")

# A claims path pointer: a name steps into an object, None into every element (OpenID4VP 1.0,
# section 7; SD-JWT VC draft-19, section "Claim Path").
ClaimPath: TypeAlias = tuple[str | None, ...]
Shape: TypeAlias = Mapping[str, Any]


class Disclosure(StrEnum):
    """Whether a holder can hold a field back.

    ``always``: it cannot be hidden. ``unit``: it goes with its item, whole. ``field``: alone.
    """

    ALWAYS = "always"
    UNIT = "unit"
    FIELD = "field"


class StateItems(StrEnum):
    """Which items can stand beside a section's state: some current, past ones only, or none."""

    SOME = "some"
    PAST = "past"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Label:
    """What a field is called, in plain words for a patient and in a clinician's words."""

    patient: str
    clinical: str


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field: ``type`` names a shape, ``fhir`` says in words where each release keeps it.

    ``values`` is a closed list where there is one; ``refused`` are values that no record may hold.
    """

    name: str
    disclosure: Disclosure
    type: str
    required: bool
    meaning: str
    fhir: Mapping[str, str]
    labels: Mapping[str, Label]
    values: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """The JSON Schema of one value; ``#/$defs/<type>`` points at ``types()``."""
        return field_shape(self.type, self.values, self.refused)


def field_shape(type_: str, values: tuple[str, ...], refused: tuple[str, ...]) -> Shape:
    """The JSON Schema of a field of ``type_``; see ``FieldDefinition.shape``."""
    shape: dict[str, Any] = {"$ref": f"#/$defs/{type_}"}
    if values:
        shape = {"type": "string", "enum": list(values)}
    if refused:
        shape |= {"not": {"enum": list(refused)}}
    return MappingProxyType(shape)


@dataclass(frozen=True, slots=True)
class StateDefinition:
    """What a section's state means, which items it allows, and its words."""

    meaning: str
    items: StateItems
    labels: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Counted:
    """An always-shown object of counts: ``members`` maps each to the values of ``by`` it counts."""

    field: str
    by: str
    members: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RecordDefinition:
    """One record type. Each group of fields maps a name to its definition, in reading order.

    ``person_fields`` name the person in every type; ``subject_fields`` begin with them.
    ``note`` is what every reader of such a record is told beside it, empty for most types.
    ``inactive`` names values of unit fields that make an item past: such items alone do not make
    the state ``items``. A type with no ``unit_fields`` has no items: its subject is its content.
    ``derived`` names the record types of which a summary is made, in its order. ``by_holder`` says
    that the person's own wallet signs it, and nobody whom the trust list names.
    """

    type: str
    version: int
    order: int
    section: str
    window: str
    meaning: str
    labels: Mapping[str, Label]
    consent: Mapping[str, str]
    note: Mapping[str, Label]
    envelope_fields: Mapping[str, FieldDefinition]
    person_fields: Mapping[str, FieldDefinition]
    always_fields: Mapping[str, FieldDefinition]
    subject_fields: Mapping[str, FieldDefinition]
    unit_fields: Mapping[str, FieldDefinition]
    item_fields: Mapping[str, FieldDefinition]
    negation_fields: Mapping[str, FieldDefinition]
    inactive: Mapping[str, tuple[str, ...]]
    counted: Counted | None
    derived: tuple[str, ...]
    by_holder: bool

    @property
    def vct(self) -> str:
        """The type identifier in a credential (SD-JWT VC draft-19, claim ``vct``)."""
        return f"{VCT_BASE}{self.type}/{self.version}"

    @property
    def context(self) -> str:
        """The JSON-LD context of the type's W3C credentials (VC Data Model 2.0 section 4.3)."""
        return f"{CONTEXT_BASE}{self.type}/{self.version}"

    @property
    def credential_type(self) -> str:
        """The type of the W3C credential around the record (VC Data Model 2.0 section 4.5)."""
        return f"{self.type}Credential"

    @property
    def w3c_definition(self) -> Mapping[str, list[str]]:
        """Contexts and types of the W3C credential (OpenID4VCI 1.0 appendix A.1.2.2)."""
        return {
            "@context": [CREDENTIALS_V2, self.context],
            "type": ["VerifiableCredential", self.credential_type],
        }

    @property
    def has_items(self) -> bool:
        """Whether the type lists items; PatientIdentity does not."""
        return bool(self.unit_fields)

    @property
    def disclosures(self) -> tuple[ClaimPath, ...]:
        """Which paths become a disclosure each, outer before inner; all others stay plain."""
        subject: tuple[ClaimPath, ...] = tuple((name,) for name in self.subject_fields)
        if not self.has_items:
            return subject
        fields: tuple[ClaimPath, ...] = tuple(("items", None, name) for name in self.item_fields)
        denials: tuple[ClaimPath, ...] = (("negations", None),) if self.negation_fields else ()
        return (*subject, ("items", None), *fields, *denials)


@cache
def types() -> Mapping[str, Shape]:
    """The shapes of all field types as JSON Schema, by name."""
    shapes: dict[str, Shape] = schemas.load("records/_common.json")["types"]
    return MappingProxyType(shapes)


@cache
def states() -> Mapping[str, StateDefinition]:
    """Every section state by name (clinical.md "Section state")."""
    rows = schemas.load("records/_common.json")["states"]
    return MappingProxyType(
        {
            name: StateDefinition(
                row["meaning"], StateItems(row["items"]), labels(name, row["labels"])
            )
            for name, row in rows.items()
        }
    )


@cache
def groups() -> Mapping[str, Mapping[str, Label]]:
    """The headings under which items stand, by the value of ``group``, in reading order."""
    rows = schemas.load("records/_common.json")["groups"]
    return MappingProxyType({name: labels(name, row) for name, row in rows.items()})


@cache
def warnings() -> Mapping[str, Mapping[str, Label]]:
    """The words of every warning that has a code; other words of a source stand as they are."""
    rows = schemas.load("records/_warnings.json")
    return MappingProxyType({code: labels(code, row) for code, row in rows.items()})


@cache
def definitions() -> Mapping[str, RecordDefinition]:
    """Every record type by name, in the order in which people read them."""
    common = schemas.load("records/_common.json")
    names = (name for name in schemas.names("records") if not name.startswith("_"))
    found = [build(schemas.load(f"records/{name}.json"), common) for name in names]
    return MappingProxyType({d.type: d for d in sorted(found, key=lambda d: d.order)})


def build(row: Mapping[str, Any], common: Mapping[str, Any]) -> RecordDefinition:
    """The definition that a type's file ``row`` and the shared file ``common`` make together.

    Raises:
        ValueError: for an unknown class or type, a missing label, or a name that stands twice.
    """
    own = [_field(entry, common["types"]) for entry in row["fields"]]
    headings = {value for field in own if field.name == GROUP for value in field.values}
    if unknown := headings - common["groups"].keys():
        raise ValueError(f"{row['type']}: no words for the headings {sorted(unknown)}")
    shared = {
        group: _by_name([_field(entry, common["types"]) for entry in common[group]])
        for group in ("envelope", "subject", "negation")
    }
    classes = {c: [f for f in own if f.disclosure is c] for c in Disclosure}
    has_items = bool(classes[Disclosure.UNIT])
    by_holder, derived = row.get("signedBy") == HOLDER, tuple(row.get("derived", ()))
    # A row of absence belongs to one section of one source: no summary and no person writes any.
    may_deny = has_items and not derived and not by_holder
    alone = _by_name(classes[Disclosure.FIELD])
    always = _by_name(classes[Disclosure.ALWAYS])
    subject = shared["subject"] if has_items else _join(shared["subject"], alone)
    _join(_join(shared["envelope"], always), subject)
    return RecordDefinition(
        type=row["type"],
        version=row["version"],
        order=row["order"],
        section=row["section"],
        window=row["window"],
        meaning=row["meaning"],
        labels=labels(row["type"], row["labels"]),
        consent=words(row["type"], row["consent"]),
        note=labels(row["type"], row["note"]) if "note" in row else {},
        envelope_fields=shared["envelope"],
        person_fields=shared["subject"],
        always_fields=always,
        subject_fields=subject,
        unit_fields=_by_name(classes[Disclosure.UNIT]),
        item_fields=alone if has_items else MappingProxyType({}),
        negation_fields=shared["negation"] if may_deny else MappingProxyType({}),
        inactive={name: tuple(values) for name, values in row.get("inactive", {}).items()},
        counted=_counted(row.get("counted")),
        derived=derived,
        by_holder=by_holder,
    )


def labels(name: str, rows: Mapping[str, Mapping[str, str]]) -> Mapping[str, Label]:
    """The labels of ``name`` in every language; ValueError where one is missing."""
    try:
        return {lang: Label(rows[lang]["patient"], rows[lang]["clinical"]) for lang in LANGUAGES}
    except KeyError as error:
        raise ValueError(f"{name}: no label {error}") from error


def words(name: str, rows: Mapping[str, str]) -> Mapping[str, str]:
    """The words of ``name`` in every language; ValueError where some are missing."""
    if missing := [lang for lang in LANGUAGES if not rows.get(lang)]:
        raise ValueError(f"{name}: no words in {missing}")
    return rows


def _field(row: Mapping[str, Any], shapes: Mapping[str, Shape]) -> FieldDefinition:
    name = row["name"]
    if row["class"] not in set(Disclosure):
        raise ValueError(f"{name}: unknown disclosure class {row['class']!r}")
    if row["type"] not in shapes:
        raise ValueError(f"{name}: unknown type {row['type']!r}")
    if missing := [r for r in FHIR_RELEASES if not row["fhir"].get(r)]:
        raise ValueError(f"{name}: no FHIR source for {missing}")
    if not row["meaning"]:
        raise ValueError(f"{name}: no meaning")
    return FieldDefinition(
        name=name,
        disclosure=Disclosure(row["class"]),
        type=row["type"],
        required=row.get("required", False),
        meaning=row["meaning"],
        fhir=row["fhir"],
        labels=labels(name, row["labels"]),
        values=tuple(row.get("values", ())),
        refused=tuple(row.get("refused", ())),
    )


def _counted(row: Mapping[str, Any] | None) -> Counted | None:
    if row is None:
        return None
    members = {name: tuple(values) for name, values in row["members"].items()}
    return Counted(row["field"], row["by"], members)


def _by_name(fields: list[FieldDefinition]) -> Mapping[str, FieldDefinition]:
    found = {f.name: f for f in fields}
    if len(found) != len(fields):
        raise ValueError(f"a field stands twice among {[f.name for f in fields]}")
    return MappingProxyType(found)


def _join(
    first: Mapping[str, FieldDefinition], second: Mapping[str, FieldDefinition]
) -> Mapping[str, FieldDefinition]:
    if twice := first.keys() & second.keys():
        raise ValueError(f"fields stand twice: {sorted(twice)}")
    return MappingProxyType({**first, **second})
