"""Does a presentation that was shown earlier still stand, by the lists of today?

Judged for the moment at which it was shown (signatures, holder, validity, the key's own dates) and
by what the lists say now (withdrawn since, key given up since, ended since). A status list tells no
dates: a record that is withdrawn today may have been withdrawn then, and only the document says
what the desk found then. What is *not* here: reading what was stored (``stored``), and FHIR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from healthpassport.credential import (
    Check,
    DeskState,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.encoding import Json, jcs
from healthpassport.errors import ServiceError, StatusError
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.status.stored import StatusView
from healthpassport.verification import FreshnessPolicy, verify_presentation
from verifier.fhir import Told, patient, resources

from .again_absence import refuse_absences
from .export import tell, tell_all
from .lists import Lists
from .stored import Stored, resources_of

PATIENT: Final = "patient"
# What stands around the content of a document and is not itself content.
FRAME: Final = frozenset(
    {"Composition", "Organization", "Provenance", "Binary", "DocumentReference", "Patient"}
)
_WITHDRAWN: Final = frozenset({"status.revoked", "status.suspended", "status.replaced"})
_KEY: Final = frozenset(
    {
        "trust.issuer_unknown",
        "trust.key_unknown",
        "trust.key_expired",
        "trust.issuer_not_authorised",
        "x509.untrusted_root",
    }
)


class Standing(StrEnum):
    """What can be said of one record today."""

    STANDS = "stands"
    ENDED = "ended_since"
    WITHDRAWN = "withdrawn_since"
    KEY = "key_not_trusted"
    UNSURE = "could_not_check"
    FAILED = "failed"


class Content(StrEnum):
    """Whether the document around the presentation says what the presentation proves."""

    SAME = "same"
    PARTLY = "partly_compared"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True)
class RecordAgain:
    """One record: what stands of it, why, and the steps it took.

    ``status_then`` is what the document says that the desk found when it was shown.
    """

    query_id: str
    record_type: str
    standing: Standing
    code: str | None
    issuer: str
    status_then: str | None
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """Everything that was found. ``asked_here`` says whether this desk's certificate asked."""

    shown_at: datetime
    checked_at: datetime
    asked_here: bool
    content: Content
    trust_list_age: timedelta
    records: tuple[RecordAgain, ...]

    @property
    def stands(self) -> bool:
        """Whether every record stands today as it was shown."""
        standings = {one.standing for one in self.records}
        return standings == {Standing.STANDS}


def verify_again(
    stored: Stored, *, lists: Lists, policy: FreshnessPolicy, client_id: str, now: datetime
) -> Again:
    """What the lists of today say of ``stored``.

    Args:
        stored: what was kept.
        lists: as they stand at ``now``; nothing is fetched.
        policy: greatest ages of both lists, at ``now``.
        client_id: this desk's.
        now: aware.

    Raises:
        ServiceError: ``again.time`` for a time that has not come, ``again.altered`` where the
            document says something else than the presentation proves.
        ProtocolError: where the answer is not one to the question.
    """
    if stored.shown_at > now + CLOCK_SKEW:
        raise ServiceError("again.time")
    # Withdrawn is believed of a list of any age, "valid" of a young one alone.
    by_all = _verified(stored, lists, lists.status, policy)
    by_young = _verified(stored, lists, _young(lists.status, policy, now), policy)
    sections = [
        any_age if any_age.state is DeskState.FAILED_CHECK else young
        for any_age, young in zip(by_all.sections, by_young.sections, strict=True)
    ]
    told = _told_then(stored.document) if stored.document else {}
    records = tuple(_record(one, now, told.get(one.record_type)) for one in sections)
    content = _compare(stored.document, by_all) if stored.document else Content.NOT_COMPARED
    return Again(
        shown_at=stored.shown_at,
        checked_at=now,
        asked_here=stored.challenge.audience == client_id,
        content=content,
        trust_list_age=lists.trust.age,
        records=records,
    )


def _verified(
    stored: Stored, lists: Lists, status: StatusView, policy: FreshnessPolicy
) -> VerifiedSummary:
    summary = verify_presentation(
        presentation=stored.presentation,
        challenge=stored.challenge,
        query=stored.query,
        trust=lists.trust,
        status=status,
        policy=policy,
        now=stored.shown_at,
    )
    shown = tuple(one for one in summary.sections if one.checks)  # the rest was not answered
    return replace(summary, sections=shown)


def _young(status: StatusView, policy: FreshnessPolicy, now: datetime) -> StatusView:
    found = {}
    for uri, one in status.items():
        try:
            one.held.require_current(now=now, max_age=policy.status_list)
        except StatusError:
            continue
        found[uri] = one
    return found


def _record(section: VerifiedSection, now: datetime, status_then: str | None) -> RecordAgain:
    standing = _standing(section, now)
    return RecordAgain(
        query_id=section.query_id,
        record_type=section.record_type,
        standing=standing,
        code=section.code or ("cred.expired" if standing is Standing.ENDED else None),
        issuer=section.issuer.name if section.issuer else "",
        status_then=status_then,
        checks=section.checks,
    )


def _standing(section: VerifiedSection, now: datetime) -> Standing:
    if section.code in _WITHDRAWN:
        return Standing.WITHDRAWN
    if section.code in _KEY:
        return Standing.KEY
    if section.state in {DeskState.FAILED_CHECK, DeskState.NOT_MATCHED}:
        return Standing.FAILED
    if section.state in {DeskState.COULD_NOT_CHECK, DeskState.NOT_CHECKED}:
        return Standing.UNSURE
    if section.valid_until is not None and section.valid_until <= now:
        return Standing.ENDED
    return Standing.STANDS


def _compare(document: Mapping[str, Json], summary: VerifiedSummary) -> Content:
    """Every entry of the document is one that the presentation proves, and none is missing.

    The content of a record that is withdrawn today, or that no list can be asked about, cannot be
    proven today: its entries are left out of the comparison.
    """
    rows = resources_of(document)
    persons = {url for url, one in rows if one.get("resourceType") == "Patient"}
    told = [tell(section) for section in summary.sections]
    gone = {
        one.section.record_type
        for one in told
        if not one.goes_out or one.section.state is DeskState.COULD_NOT_CHECK
    }
    of_type = _types(rows)
    # One source's "none" left as an entry where no other said more: then, or by what stands today.
    readings = (told, tell_all(summary))
    proven = [_proven(reading, gone) for reading in readings]
    held: Counter[bytes] = Counter()
    for url, resource in rows:
        kind = resource.get("resourceType")
        if kind not in FRAME and of_type.get(url) not in gone:
            held[_bare(resource, persons)] += 1
    if held not in proven:
        raise ServiceError("again.altered", "an entry was added, removed or changed")
    refuse_absences(rows, readings, gone)
    if gone:
        return Content.PARTLY
    person = patient(one.section for one in told if one.goes_out)
    found = [one for _, one in rows if one.get("resourceType") == "Patient"]
    if [_bare(one, persons) for one in found] != [_bare(person, frozenset())]:
        raise ServiceError("again.altered", "the person of the document is another")
    return Content.SAME


def _proven(told: list[Told], gone: Collection[str]) -> Counter[bytes]:
    return Counter(
        _bare(made, frozenset())
        for one in told
        if one.section.record_type not in gone
        for made in resources(one, PATIENT)
    )


def _bare(resource: Mapping[str, Json], persons: Collection[str]) -> bytes:
    """``resource`` without what a server gives it, in one spelling."""
    kept = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    return jcs(_named(kept, persons))


def _named(value: Json, persons: Collection[str]) -> Json:
    if isinstance(value, str):
        return PATIENT if value in persons else value
    if isinstance(value, Mapping):
        return {name: _named(one, persons) for name, one in value.items()}
    return [_named(one, persons) for one in value] if isinstance(value, list | tuple) else value


def _provenances(
    rows: list[tuple[str, dict[str, Json]]],
) -> Iterator[tuple[dict[str, str], list[str]]]:
    """For each Provenance what its extension says in short, and the addresses that it is of."""
    for _, resource in rows:
        if resource.get("resourceType") != "Provenance":
            continue
        said: dict[str, str] = {}
        for one in _objects(resource.get("extension")):
            for part in _objects(one.get("extension")):
                for kind in ("valueCode", "valueString"):
                    if isinstance(part.get(kind), str):
                        said[str(part.get("url"))] = str(part[kind])
        yield said, [str(one.get("reference")) for one in _objects(resource.get("target"))]


def _types(rows: list[tuple[str, dict[str, Json]]]) -> dict[str, str]:
    """The record type of each entry, by the document's own word."""
    return {
        url: said.get("recordType", "") for said, targets in _provenances(rows) for url in targets
    }


def _told_then(document: Mapping[str, Json]) -> dict[str, str]:
    """The status of each record type when it was shown, by the document's own word."""
    return {
        said["recordType"]: said["status"]
        for said, _ in _provenances(resources_of(document))
        if "recordType" in said and "status" in said
    }


def _objects(value: Json) -> list[Mapping[str, Json]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
