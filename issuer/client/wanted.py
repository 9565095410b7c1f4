"""Which resources a record is made of: what ``issuer.fhir`` reads, and what hangs on it.

What is *not* here: what they mean, and how they are asked for (``fhir_server``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from healthpassport.encoding import Json, JsonObject
from issuer.fhir.references import address

# By section: its resource types. Where none of them can be had, the section is told as missing.
SECTION_TYPES: Final = {
    "allergies": ("AllergyIntolerance",),
    "medications": ("MedicationStatement", "MedicationRequest"),
    "problems": ("Condition",),
    "immunisations": ("Immunization",),
    "procedures": ("Procedure",),
    "devices": ("DeviceUseStatement", "Device"),
    "results": ("Observation",),
    "pregnancy": ("Observation",),
    "advance_care": ("Consent",),
    "alerts": ("Flag",),
}
# What states, contacts, proxies and the rules of sensitive codes read besides: a visit or an order
# of a sensitive kind leaves out what hangs on it.
BESIDES: Final = (
    "List",
    "RelatedPerson",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "ServiceRequest",
    "DiagnosticReport",
)
ASKED: Final = tuple(
    dict.fromkeys([*(one for kinds in SECTION_TYPES.values() for one in kinds), *BESIDES])
)
# What narrows a search to what can ever reach a record.
NARROWED: Final = {
    "List": {"status": "current"},
    "DocumentReference": {"type": "http://loinc.org|42348-3"},  # advance directives
}
# What is fetched by its id where something refers to it: what a medicine or device is, and who.
REFERRED: Final = ("Medication", "Device", "PractitionerRole", "Practitioner", "Organization")
MAX_REFERRED: Final = 400
BATCH: Final = 50  # ids of one search


def missing_sections(had: Collection[str]) -> list[str]:
    """The sections of which none of the types in ``had`` tells anything."""
    return [name for name, kinds in SECTION_TYPES.items() if not set(kinds) & set(had)]


def touched_sections(kind: str) -> list[str]:
    """The sections that resources of ``kind`` belong to."""
    return [name for name, kinds in SECTION_TYPES.items() if kind in kinds]


def referred(
    resources: Iterable[JsonObject], *, base: str, known: Collection[tuple[str, str]]
) -> dict[str, list[str]]:
    """The ids of resources of this server that are referred to and not ``known``, by type."""
    found: dict[str, dict[str, None]] = {}
    for resource in resources:
        for named in _references(resource):
            if named.startswith(base + "/"):
                named = named.removeprefix(base + "/")  # noqa: PLW2901 - the same, said shorter
            kind, _, rest = named.partition("/")
            own = rest.partition("/_history/")[0]
            if kind in REFERRED and own and "/" not in own and (kind, own) not in known:
                found.setdefault(kind, {})[own] = None
    return {kind: list(ids) for kind, ids in found.items()}


def _references(value: Json) -> Iterator[str]:
    stack: list[Json] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("reference"), str) and (named := address(node)) is not None:
                yield named
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
