"""A record system with a FHIR R4 server: finding a patient, and reading all of their notes.

The notes are read in one of three ways: the server's own summary of the patient, everything that
it holds of them, or searches type by type. Rules: all or nothing; what the server cannot give at
all is told as missing; what it holds back, as withheld. What is *not* here: what the notes mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from threading import Lock
from typing import Final
from urllib.parse import urlencode

from healthpassport.encoding import Json, JsonObject, dump_json
from healthpassport.errors import SourceError
from issuer.fhir.finding import everybody, one_patient
from issuer.fhir.gaps import WITHHELD, gap
from issuer.fhir.source import resource_type
from issuer.fhir.values import objs

from .capability import EVERYTHING, SUMMARY, Capability, read_capability
from .exchange import Call, Exchange
from .limits import Reading
from .paging import Gathered, pages, search
from .people import MAX_FOUND, NOBODY, Found, Person, bounded, fits, found, same
from .subjects import check_subjects
from .wanted import (
    ASKED,
    BATCH,
    MAX_REFERRED,
    NARROWED,
    SECTION_TYPES,
    missing_sections,
    referred,
    touched_sections,
)

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
PAGE: Final = "100"  # resources of one page that are asked for
REMEMBERED: Final = timedelta(hours=1)  # how long a CapabilityStatement is believed
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}\Z")  # FHIR R4 section 2.24.0.1, id


class Way(StrEnum):
    """How notes are read."""

    AUTO = "auto"
    SUMMARY = "summary"
    EVERYTHING = "everything"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class _Notes:
    """What was read, which types could be had, and in which sections something was held back."""

    gathered: Gathered
    had: frozenset[str]
    withheld: frozenset[str]


class FhirServer:
    """See the module, and ``Source``.

    Args:
        exchange: the way to the server.
        way: how notes are read; ``AUTO`` takes the first that the server says it can.
        without: resource types that are never asked for; their sections are told as missing.
    """

    def __init__(
        self, exchange: Exchange, *, way: Way = Way.AUTO, without: Iterable[str] = ()
    ) -> None:
        self._exchange = exchange
        self._way = way
        self._without = frozenset(without)
        self._lock = Lock()
        self._known: tuple[Capability, float] | None = None

    def find(self, person: Person) -> tuple[Found, ...]:
        """See ``Source``; the server is asked, and what it answers is compared again."""
        asked = person.checked()
        reading = self._exchange.begin()
        criteria = {"_count": str(MAX_FOUND + 1), **_criteria(asked)}
        gathered = search(self._exchange, reading, "Patient", criteria)
        patients = (r for r in gathered.resources() if resource_type(r) == "Patient")
        people = (one_patient(one) for one in patients)
        return bounded(
            found(known.id, known) for known in people if known is not None and fits(asked, known)
        )

    def read(self, name: str) -> bytes:
        """See ``Source``; the name is the id of the Patient."""
        if not _ID.match(name):
            raise SourceError("source.name")
        reading = self._exchange.begin()
        patient, way = self._patient(reading, name), self._chosen(reading)
        if way is Way.SUMMARY:
            return dump_json(self._summary(reading, patient))
        notes = self._everything(reading, name) if way is Way.EVERYTHING else None
        notes = notes or self._searched(reading, name)
        check_subjects(notes.gathered.resources(), patient_id=name, base=self._exchange.base)
        url = f"{self._exchange.base}/Patient/{name}"
        notes.gathered.rows["Patient", name] = (url, patient)
        return dump_json(self._bundle(notes, f"Patient/{name}"))

    def describe(self) -> tuple[str, ...]:
        """See ``Source``: what the server says it can, and a search for a number of nobody."""
        reading = self._exchange.begin()
        able, way = self.capability(reading), self._chosen(reading)
        self.find(Person(nhs_number=NOBODY))
        told = [f"notes are read by {way}", "people are found by POST Patient/_search"]
        if way is Way.SEARCH:
            had = [k for k in ASKED if k not in self._without and able.can_search(k)]
            told += [f"told as missing: {name}" for name in missing_sections(had)]
        return tuple(told)

    def capability(self, reading: Reading) -> Capability:
        """What the server says that it can do, asked anew each hour.

        Raises:
            SourceError: those of ``read_capability`` and ``Exchange.resource``.
        """
        now = self._exchange.now().timestamp()
        with self._lock:
            known = self._known
        if known is not None and now < known[1]:
            return known[0]
        statement = self._exchange.resource(reading, Call(f"{self._exchange.base}/metadata"))
        told = read_capability(statement)
        with self._lock:
            self._known = (told, now + REMEMBERED.total_seconds())
        return told

    # -- inside -----------------------------------------------------------------------------

    def _chosen(self, reading: Reading) -> Way:
        if self._way is not Way.AUTO:
            return self._way
        operations = self.capability(reading).operations
        if SUMMARY in operations:
            return Way.SUMMARY
        return Way.EVERYTHING if EVERYTHING in operations else Way.SEARCH

    def _patient(self, reading: Reading, name: str) -> JsonObject:
        patient = self._exchange.resource(reading, Call(f"{self._exchange.base}/Patient/{name}"))
        if resource_type(patient) != "Patient" or patient.get("id") != name:
            raise SourceError("source.other_patient", "another Patient than was asked for")
        if one_patient(patient) is None:
            raise SourceError("source.unknown", "they were joined with another, or are not shown")
        return patient

    def _summary(self, reading: Reading, patient: JsonObject) -> JsonObject:
        """The server's own summary (HL7 IPS 2.0.0, operation summary), which is a document."""
        url = f"{self._exchange.base}/Patient/{patient['id']}/$summary"
        bundle = self._exchange.resource(reading, Call(url))
        if resource_type(bundle) != "Bundle" or bundle.get("type") != "document":
            raise SourceError("source.answer", "its summary is no document")
        if any(row.get("relation") == "next" for row in objs(bundle.get("link"))):
            raise SourceError("source.incomplete", "its summary comes in parts")
        # A summary may name the patient anew, so that ids tell nothing.
        asked, people = one_patient(patient), everybody(dump_json(bundle))
        if asked is None or len(people) != 1 or not same(asked, people[0]):
            raise SourceError("source.other_patient", "a summary of somebody else")
        return bundle

    def _everything(self, reading: Reading, name: str) -> _Notes:
        """FHIR R4, operation Patient/$everything."""
        query = urlencode({"_count": PAGE})
        url = f"{self._exchange.base}/Patient/{name}/$everything?{query}"
        gathered = pages(self._exchange, reading, Call(url))
        withheld = frozenset(SECTION_TYPES) if gathered.withheld else frozenset()
        return _Notes(gathered, frozenset(ASKED), withheld)

    def _searched(self, reading: Reading, name: str) -> _Notes:
        """What searches of each type find, and which types could be asked for."""
        able = self.capability(reading)
        had = [k for k in ASKED if k not in self._without and able.can_search(k)]
        gathered, withheld = Gathered(), set()
        for kind in had:
            criteria = {able.patient_parameters[kind]: f"Patient/{name}", "_count": PAGE}
            criteria |= NARROWED.get(kind, {})
            told = search(self._exchange, reading, kind, criteria)
            gathered.join(told)
            if told.withheld:
                withheld.update(touched_sections(kind))
        self._follow(reading, gathered, able)
        return _Notes(gathered, frozenset(had), frozenset(withheld))

    def _follow(self, reading: Reading, gathered: Gathered, able: Capability) -> None:
        """Fetch what is referred to: a Medication, and then what it is made of."""
        base, fetched = self._exchange.base, 0
        for _ in range(2):
            wanted = referred(gathered.resources(), base=base, known=gathered.rows.keys())
            for kind, ids in wanted.items():
                if not able.can_search(kind):
                    continue
                fetched += len(ids)
                if fetched > MAX_REFERRED:
                    raise SourceError("source.too_large", f"more than {MAX_REFERRED} references")
                for start in range(0, len(ids), BATCH):
                    criteria = {"_id": ",".join(ids[start : start + BATCH]), "_count": PAGE}
                    gathered.join(search(self._exchange, reading, kind, criteria))

    def _bundle(self, notes: _Notes, subject: str) -> JsonObject:
        """One collection of all of it, as it stands on the server now."""
        entries: list[Json] = [
            {"fullUrl": url, "resource": dict(resource)}
            for url, resource in notes.gathered.rows.values()
        ]
        entries += [{"resource": gap(name, subject)} for name in missing_sections(notes.had)]
        entries += [{"resource": gap(name, subject, WITHHELD)} for name in sorted(notes.withheld)]
        return {
            "resourceType": "Bundle",
            "type": "collection",
            "timestamp": self._exchange.now().isoformat(timespec="seconds"),
            "entry": entries,
        }


def _criteria(person: Person) -> dict[str, str]:
    """What is searched for: the number where there is one, which names one person."""
    if person.nhs_number:
        return {"identifier": f"{NHS_NUMBER}|{person.nhs_number}"}
    given = {"given": _escaped(person.given_names[0])} if person.given_names else {}
    return {"family": _escaped(person.family_name), "birthdate": person.birth_date, **given}


def _escaped(text: str) -> str:
    """FHIR R4 section 3.1.1.4.0.2: what would part one value into several."""
    for mark in ("\\", ",", "|", "$"):
        text = text.replace(mark, "\\" + mark)
    return text
