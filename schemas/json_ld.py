"""The JSON-LD context of each record type (JSON-LD 1.1), and what of it no holder can hide.

Every term is defined and protected, so that nothing is dropped and nothing can be given another
meaning. What never parts is one literal (``@type: @json``): a suite that signs statements one by
one would otherwise let a holder show a drug without its ``doNotPerform``. So is every list, whose
order statements do not keep. What is *not* here: reading contexts (``healthpassport.canonical``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.definitions import FieldDefinition, RecordDefinition, types

VOCABULARY: Final = "https://passport.example/vocab"
XSD_DATE: Final = "http://www.w3.org/2001/XMLSchema#date"

_Context = dict[str, Any]


def context_document(definition: RecordDefinition) -> dict[str, Any]:
    """The context that is published at ``definition.context`` and never fetched.

    The type of the credential expands to the same identifier as an SD-JWT VC's ``vct``, so that one
    name stands for one version of a record in both families.
    """
    return {
        "@context": {
            "@version": 1.1,
            "@protected": True,
            definition.credential_type: definition.vct,
            definition.type: {
                "@id": f"{VOCABULARY}#{definition.type}",
                "@context": _subject(definition),
            },
        }
    }


def _subject(definition: RecordDefinition) -> _Context:
    """The terms that hold inside a subject of the record's type, and nowhere else."""
    envelope = {n: f for n, f in definition.envelope_fields.items() if n != "vct"}
    plain = {**envelope, **definition.always_fields, **definition.subject_fields}
    found: _Context = _terms(plain, definition)
    if definition.has_items:
        found["items"] = _list("items", _terms(definition.item_fields, definition))
        found["negations"] = _list("negations", {})
    return {"@protected": True, "id": "@id", "type": "@type", **found}


def _list(name: str, terms: _Context) -> _Context:
    unit = {"@id": f"{VOCABULARY}#unit", "@type": "@json"}
    return {
        "@id": f"{VOCABULARY}#{name}",
        "@container": "@set",
        "@context": {"@protected": True, "unit": unit, **terms},
    }


def _terms(fields: Mapping[str, FieldDefinition], definition: RecordDefinition) -> _Context:
    return {name: _term(field, definition) for name, field in fields.items()}


def _term(field: FieldDefinition, definition: RecordDefinition) -> str | _Context:
    common = field.name in definition.envelope_fields or field.name in definition.person_fields
    iri = f"{VOCABULARY}{'' if common else '/' + definition.type}#{field.name}"
    if types()[field.type]["type"] in {"object", "array"}:
        return {"@id": iri, "@type": "@json"}
    return {"@id": iri, "@type": XSD_DATE} if field.type == "day" else iri
