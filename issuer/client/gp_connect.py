"""A GP practice's system by GP Connect Access Record: Structured 1.5 (FHIR STU3).

One call asks for the whole record; what comes is checked, turned into R4, and read as everything
else is. Rules: the record is that of the NHS number that was asked for, or nothing; without the
Lists of allergies and of medicines there is none. What is *not* here: what STU3 means
(``issuer.fhir.stu3``), and finding the practice's address (Spine Directory Service).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Final

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import SourceError
from issuer.fhir.finding import Demographics, everybody
from issuer.fhir.patients import is_valid_nhs_number
from issuer.fhir.stu3 import AREAS, Area, structured_record

from .exchange import Call, Exchange
from .gp_connect_token import Asker, unsecured_token
from .people import NOBODY, Found, Person, fits, found

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
OPERATION: Final = "/Patient/$gpc.getstructuredrecord"
INTERACTION: Final = "urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1"
_NUMBER: Final = re.compile(r"[0-9]{10}\Z")
_TRACE_BYTES: Final = 16


class GpConnect:
    """See the module, and ``Source``; a name is an NHS number.

    Args:
        exchange: the way to the practice's endpoint, or to the proxy before it.
        audience: the endpoint's own service root, which the token names.
        asker: who reads.
        provider: ASID of the practice's system.
        random: for the trace id of each call.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        audience: str,
        asker: Asker,
        provider: str,
        random: Callable[[int], bytes],
    ) -> None:
        self._exchange = exchange
        self._audience = audience
        self._asker = asker
        self._provider = provider
        self._random = random

    def read(self, name: str) -> bytes:
        """See ``Source``."""
        return self._record(name, AREAS)[0]

    def find(self, person: Person) -> tuple[Found, ...]:
        """See ``Source``; only who is known by an NHS number can be looked for.

        The least that GP Connect gives with a patient is asked for, and dropped.
        """
        asked = person.checked()
        if not asked.nhs_number:
            raise SourceError("source.person", "this source needs the NHS number")
        try:
            _, known = self._record(asked.nhs_number, [area for area in AREAS if area.needed][:1])
        except SourceError as error:
            if error.code == "source.unknown":
                return ()
            raise
        return (found(asked.nhs_number, known),) if fits(asked, known) else ()

    def describe(self) -> tuple[str, ...]:
        """See ``Source``: the record of a number of nobody, which has to be unknown there."""
        known = self.find(Person(nhs_number=NOBODY))
        return (
            f"asked as {self._asker.user}, of {self._asker.ods}",
            "the number of nobody is known there" if known else "the endpoint answers",
        )

    def _record(self, number: str, areas: Iterable[Area]) -> tuple[bytes, Demographics]:
        if not _NUMBER.match(number) or not is_valid_nhs_number(number):
            raise SourceError("source.name")
        reading, asked = self._exchange.begin(), tuple(areas)
        now = self._exchange.now()
        token = unsecured_token(self._asker, audience=self._audience, now=now)
        headers = {
            "authorization": f"Bearer {token}",
            "ssp-traceid": str(uuid.UUID(bytes=self._random(_TRACE_BYTES), version=4)),
            "ssp-from": self._asker.asid,
            "ssp-to": self._provider,
            "ssp-interactionid": INTERACTION,
        }
        body = dump_json(_parameters(number, asked))
        call = Call(self._exchange.base + OPERATION, body, headers=headers)
        told = structured_record(self._exchange.resource(reading, call), asked=asked)
        data = dump_json({**told.bundle, "timestamp": now.isoformat(timespec="seconds")})
        people = everybody(data)
        if len(people) != 1 or people[0].nhs_number != number:
            raise SourceError("source.other_patient", "the record is not of that NHS number")
        return data, people[0]


def _parameters(number: str, areas: Iterable[Area]) -> dict[str, Json]:
    rows: list[Json] = [
        {
            "name": "patientNHSNumber",
            "valueIdentifier": {"system": NHS_NUMBER, "value": number},
        }
    ]
    for area in areas:
        parts: list[Json] = [{"name": n, "valueBoolean": v} for n, v in area.parts]
        rows.append({"name": area.parameter, **({"part": parts} if parts else {})})
    return {"resourceType": "Parameters", "parameter": rows}
