"""A patient's record summary: its values, its definitions, its wire object, and what is refused.

What is *not* here: FHIR (issuer.fhir reads it) and credential formats (healthpassport.formats).
"""

from __future__ import annotations

from healthpassport.summary.catalogue import (
    ClaimPath,
    Disclosure,
    FieldDefinition,
    Label,
    RecordDefinition,
    definition,
    definition_for_vct,
    disclosure_tree,
    issued_types,
    record_types,
    section_title,
)
from healthpassport.summary.payload import DisclosedRecord, from_payload, to_payload
from healthpassport.summary.rules import validate
from healthpassport.summary.values import Item, PatientSummary, Record, SectionState, Source

__all__ = [
    "ClaimPath",
    "DisclosedRecord",
    "Disclosure",
    "FieldDefinition",
    "Item",
    "Label",
    "PatientSummary",
    "Record",
    "RecordDefinition",
    "SectionState",
    "Source",
    "definition",
    "definition_for_vct",
    "disclosure_tree",
    "from_payload",
    "issued_types",
    "record_types",
    "section_title",
    "to_payload",
    "validate",
]
