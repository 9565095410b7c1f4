"""Request templates, and the DCQL that asks for them (OpenID4VP 1.0 section 6).

A template names sections of the record, the fields beyond the least, and the purpose; purposes are
a closed list of direct care. The rules of the query are those of protocols.md "Records on the
wire": claim sets, the fullest first and identity alone last, so that a conforming wallet never has
to hold back a whole record because one field is missing or unticked. What is *not* here: matching a
query (``healthpassport.protocols.dcql``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import schemas
from schemas.definitions import (
    SECOND_SIGNATURE,
    ClaimPath,
    Label,
    RecordDefinition,
    definitions,
    labels,
    words,
)

SD_JWT_VC: Final = "dc+sd-jwt"
LDP_VC: Final = "ldp_vc"
FORMATS: Final = (SD_JWT_VC, LDP_VC)
# VC Data Model 2.0 section 4.5, expanded as OpenID4VP 1.0 appendix B.1.1 asks.
BASE_TYPE: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"
SUBJECT: Final = "credentialSubject"  # where in a W3C credential the record stands
MAX_OPTIONAL: Final = 4  # all subsets become claim sets: 2^4 for each way to identify
IDENTITY: Final = "PatientIdentity"  # who somebody is needs saying once
UNIT: Final = "unit"
VERIFIER, ISSUER = "verifier", "issuer"  # who may ask for a purpose; a verifier where none is named
NEGATIONS: Final = "negations"

# Who the person is, fullest first. Not every record holds an NHS number, and clinical.md matches a
# record by family name and birth date, or by NHS number; less than that is not matched at all.
IDENTITIES: Final = (
    ("nhsNumber", "familyName", "givenNames", "birthDate"),
    ("nhsNumber", "familyName", "birthDate"),
    ("familyName", "givenNames", "birthDate"),
    ("familyName", "birthDate"),
    ("nhsNumber",),
)

Query: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a verifier may ask, in words, and how long what it sees is kept."""

    id: str
    labels: Mapping[str, Label]
    reason: Mapping[str, str]
    retention: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """One record that a template asks for; ``optional`` names fields beyond identity and unit."""

    id: str
    definition: RecordDefinition
    optional: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A request that a desk can choose: its words, its purpose, its sections in reading order."""

    id: str
    purpose: Purpose
    labels: Mapping[str, Label]
    sections: tuple[Section, ...]


@cache
def purposes() -> Mapping[str, Purpose]:
    """The closed list of purposes by name; what is not in it cannot be registered or asked for."""
    return _purposes_of(VERIFIER)


@cache
def issuer_purposes() -> Mapping[str, Purpose]:
    """What an issuer may ask its own records for; no verifier can be registered for these."""
    return _purposes_of(ISSUER)


def _purposes_of(asker: str) -> Mapping[str, Purpose]:
    rows: Mapping[str, Any] = schemas.load("requests/purposes.json")
    return MappingProxyType(
        {
            name: Purpose(
                name,
                labels(name, row["labels"]),
                words(name, row["reason"]),
                words(name, row["retention"]),
            )
            for name, row in rows.items()
            if row.get("asker", VERIFIER) == asker
        }
    )


@cache
def templates() -> Mapping[str, Template]:
    """Every request template by name."""
    found = (name for name in schemas.names("requests") if name != "purposes")
    rows = {name: schemas.load(f"requests/{name}.json") for name in found}
    return MappingProxyType({name: read_template(row) for name, row in rows.items()})


@cache
def card_template() -> Template:
    """What an issuer asks for, of its own records, when somebody makes an emergency card."""
    return read_template(schemas.load("cards/request.json"), among=issuer_purposes())


def read_template(row: Mapping[str, Any], among: Mapping[str, Purpose] | None = None) -> Template:
    """The template that the JSON object ``row`` describes, for a purpose ``among`` those allowed.

    Raises:
        ValueError: for an unknown purpose, record type or field, a section that stands twice, too
            many optional fields, or missing words.
    """
    allowed = purposes() if among is None else among
    if row["purpose"] not in allowed:
        raise ValueError(f"{row['id']}: unknown purpose {row['purpose']!r}")
    sections = tuple(_section(entry) for entry in row["sections"])
    if len({section.id for section in sections}) != len(sections) or not sections:
        raise ValueError(f"{row['id']}: each section stands once, and there is at least one")
    return Template(row["id"], allowed[row["purpose"]], labels(row["id"], row["labels"]), sections)


def request_query(
    template: Template,
    formats: Sequence[str] = (SD_JWT_VC,),
    *,
    second_signature: bool = False,
) -> Query:
    """The DCQL query that asks for ``template`` (OpenID4VP 1.0 section 6).

    Each section is a credential query of its own for each of ``formats``, and one credential set,
    so that leaving a section out never costs the others and a wallet answers in the format it has.
    With ``second_signature`` the post-quantum signature is asked for by its name, since a wallet
    must not send what was not selected (section 6.4).
    """
    return {
        "credentials": [
            section_query(section, format_, second_signature=second_signature)
            for section in template.sections
            for format_ in _formats(section, formats)
        ],
        "credential_sets": [
            {
                "options": [[query_id(section, format_)] for format_ in _formats(section, formats)],
                "required": section.required,
            }
            for section in template.sections
        ],
    }


def _formats(section: Section, formats: Sequence[str]) -> Sequence[str]:
    """What a person states themselves comes in the default format alone: so their wallet signs."""
    return (SD_JWT_VC,) if section.definition.by_holder else formats


def query_id(section: Section, format_: str) -> str:
    """The name of a section's credential query; that of the default format has the section's."""
    return section.id if format_ == SD_JWT_VC else f"{section.id}_{format_}"


def section_query(
    section: Section, format_: str = SD_JWT_VC, *, second_signature: bool = False
) -> Query:
    """The credential query (section 6.1) of one section in one format.

    Of records of care several may come: two sources that disagree are seen side by side.
    """
    known = section.definition
    paths = {**claim_paths(known), SECOND_SIGNATURE: (SECOND_SIGNATURE,)}
    carried = second_signature and format_ == SD_JWT_VC and not known.by_holder
    sets = _signed_sets(section) if carried else claim_sets(section)
    asked = dict.fromkeys(name for names in sets for name in names)
    w3c = format_ == LDP_VC
    start = [SUBJECT] if w3c else []
    several = {} if known.type == IDENTITY or known.by_holder else {"multiple": True}
    return {
        "id": query_id(section, format_),
        "format": format_,
        **several,
        "meta": {"type_values": [[BASE_TYPE, known.vct]]} if w3c else {"vct_values": [known.vct]},
        "claims": [{"id": name, "path": [*start, *paths[name]]} for name in asked],
        "claim_sets": [list(names) for names in sets],
    }


def claim_paths(definition: RecordDefinition) -> Mapping[str, ClaimPath]:
    """Every claim that a query may name, by its id.

    Never the array itself and never an index (protocols.md): ``["items"]`` alone gives an empty
    list and a successful check, and positions shift as items are held back.
    """
    paths: dict[str, ClaimPath] = {name: (name,) for name in definition.subject_fields}
    if definition.has_items:
        paths[UNIT] = ("items", None, "unit")
        paths |= {name: ("items", None, name) for name in definition.item_fields}
    if definition.negation_fields:
        paths[NEGATIONS] = ("negations", None, "unit")
    return MappingProxyType(paths)


def claim_sets(section: Section) -> tuple[tuple[str, ...], ...]:
    """The claim sets (section 6.4.1), the preferred first.

    For each way to identify: the units with all optional fields, with fewer and fewer of them, the
    negations alone, and identity alone.
    """
    return tuple((*identity, *content) for identity in IDENTITIES for content in _contents(section))


def _signed_sets(section: Section) -> tuple[tuple[str, ...], ...]:
    """Each claim set with the second signature; then, for a record that has none, identity alone.

    So a desk learns that it is missing (``pq.missing``), and of content it gets none to refuse.
    """
    signed = ((*names, SECOND_SIGNATURE) for names in claim_sets(section))
    return (*signed, *IDENTITIES)


def registered_claims(template: Template) -> dict[str, list[str]]:
    """What a verifier must be registered to ask for, by record type: dotted paths without null."""
    return {
        section.definition.type: [
            ".".join(str(step) for step in claim["path"] if step is not None)
            for claim in section_query(section)["claims"]
        ]
        for section in template.sections
    }


def _contents(section: Section) -> Iterator[tuple[str, ...]]:
    unit = (UNIT,) if section.definition.has_items else ()
    for size in range(len(section.optional), -1, -1):
        for fields in combinations(section.optional, size):
            if unit or fields:
                yield (*unit, *fields)
    if unit and NEGATIONS in section.optional:
        yield (NEGATIONS,)
    yield ()


def _section(row: Mapping[str, Any]) -> Section:
    definition = definitions().get(row["record"])
    if definition is None:
        raise ValueError(f"{row['id']}: unknown record type {row['record']!r}")
    optional = tuple(row["optional"])
    known = claim_paths(definition).keys() - set(IDENTITIES[0]) - {UNIT}
    if unknown := set(optional) - known:
        raise ValueError(f"{row['id']}: no optional fields {sorted(unknown)}")
    if len(set(optional)) != len(optional) or len(optional) > MAX_OPTIONAL:
        raise ValueError(f"{row['id']}: at most {MAX_OPTIONAL} optional fields, each once")
    return Section(row["id"], definition, optional, row.get("required", False))
