"""Whose an answer is: a server that sends entries of somebody else is not read any further.

What is *not* here: entries whose subject is told by an identifier or not at all, which
``issuer.fhir.subjects`` judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from healthpassport.encoding import JsonObject
from healthpassport.errors import SourceError
from issuer.fhir.references import address
from issuer.fhir.source import resource_type

# Only the resource itself is looked at: a contained Patient is named as #id.
_PATIENT: Final = re.compile(
    r"(?P<base>.*/)?Patient/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/.*)?\Z"
)
_MEMBERS: Final = ("patient", "subject")


def check_subjects(resources: Iterable[JsonObject], *, patient_id: str, base: str) -> None:
    """Every one of ``resources`` that names a patient names this one, of this server.

    Raises:
        SourceError: ``source.other_patient``.
    """
    for resource in resources:
        kind = resource_type(resource)
        if kind == "Patient" and resource.get("id") != patient_id:
            raise SourceError("source.other_patient", "a second Patient")
        for name in _MEMBERS:
            named = address(resource.get(name))
            told = _PATIENT.match(named) if named else None
            if told is None:
                continue
            server = told["base"]
            if told["id"] != patient_id or (server and server.rstrip("/") != base):
                raise SourceError("source.other_patient", f"a {kind}")
