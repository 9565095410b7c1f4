"""What a record says of a medicine: its group, dose in the source's own words, type and windows.

Dose text is verbatim and whole; where a source gives a dose in structure only, nothing is composed.
What is *not* here: which resources are medicines at all (medications.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import Bucket, Details, Entry
from .medications import intent
from .organisations import ods_code
from .references import Index
from .source import Found
from .values import (
    concept,
    extension,
    flag,
    obj,
    objs,
    plain,
    plain_codings,
    seq,
    status,
    string,
)

GROUPS: Final = {
    Bucket.ACTIVE: "current",
    Bucket.ON_HOLD: "on_hold",
    Bucket.PLANNED: "planned",
    Bucket.NOT_GIVEN: "not_given",
    Bucket.INACTIVE: "stopped",
    Bucket.UNKNOWN_STATUS: "unknown",
}
_LISTED: Final = GROUPS.keys() - {Bucket.INACTIVE}
ACUTE_MONTHS: Final = 12  # clinical.md, record types: windows of MedicationSummary
DISCONTINUED_MONTHS: Final = 6
_MONTHS_IN_A_YEAR: Final = 12
_ACUTE: Final = frozenset({"acute", "acute-handwritten", "delayed-prescribing"})
_REPEAT: Final = frozenset(
    {"repeat", "repeat-dispensing", "continuous", "continuous-repeating-dispensing"}
)


def details(entry: Entry, index: Index) -> Details:
    """What the MedicationSummary says of ``entry``."""
    found = entry.found
    chain = list(_chain(found, index))
    doses = _dosages(found.resource) or [d for p in chain[1:] for d in _dosages(p.resource)]
    medication = _medication(found, index)
    last = _last_issued(chain)
    unit = plain(
        coding=plain_codings(entry.concept),
        group=GROUPS.get(entry.bucket),
        status=entry.status,
        intent=intent(found.resource),
        doNotPerform=_do_not_perform(entry),
        statementType=_statement_type(entry, chain),
        dose=_dose(doses),
        route=_joined(concept(d.get("route")).name for d in doses),
        form=concept(medication.resource.get("form")).name if medication else None,
        lastIssued=last,
    )
    fields = plain(
        start=dates.first(found.resource, "effectivePeriod", "effectiveDateTime", "authoredOn"),
        repeats=_repeats(chain),
        prescriberOds=next((c for link in chain if (c := _prescriber(link, index))), None),
        reason=_joined(concept(value).name for value in seq(found.resource.get("reasonCode"))),
        stopReason=_stop_reason(chain) if entry.bucket is Bucket.INACTIVE else None,
    )
    return Details(unit, fields)


def recently_stopped(entry: Entry, index: Index, as_of: date) -> bool:
    """Whether a medicine that is no longer taken lies within the window of its type."""
    chain = list(_chain(entry.found, index))
    acute = _prescription_type(chain) == "acute"
    last = max((d for d in _ends(entry, chain, acute=acute) if d is not None), default=None)
    months = ACUTE_MONTHS if acute else DISCONTINUED_MONTHS
    return last is not None and last >= _months_before(as_of, months)


def listed(entries: Iterable[Entry], index: Index, as_of: date) -> list[Entry]:
    """The entries that a MedicationSummary lists: what is not over, and what ended not long ago."""
    return [
        entry
        for entry in entries
        if entry.bucket in _LISTED
        or (entry.bucket is Bucket.INACTIVE and recently_stopped(entry, index, as_of))
    ]


def without_words(entry: Entry) -> bool:
    """Whether a source gives a dose in structure only, which nobody here puts into words."""
    rows = [*objs(entry.found.resource.get("dosage"))]
    rows += objs(entry.found.resource.get("dosageInstruction"))
    return bool(rows) and _dose(rows) is None


def _chain(found: Found, index: Index) -> Iterator[Found]:
    """A statement and the plans it is based on: GP Connect spreads a medicine over them."""
    yield found
    for reference in (*seq(found.resource.get("basedOn")), *seq(found.resource.get("derivedFrom"))):
        target = index.resolve(reference, found)
        if target is not None and target is not found and target.type.startswith("Medication"):
            yield target


def _medication(found: Found, index: Index) -> Found | None:
    for name in ("medicationReference", "medication"):
        value = found.resource.get(name)
        if value is not None and (target := index.resolve(value, found)) is not None:
            return target
    return None


def _dosages(resource: JsonObject) -> list[JsonObject]:
    return [*objs(resource.get("dosage")), *objs(resource.get("dosageInstruction"))]


def _dose(doses: list[JsonObject]) -> str | None:
    """Every dosage's text with the instruction to the patient, whole and in order."""
    lines = []
    for dose in doses:
        words = [string(dose.get("text")), string(dose.get("patientInstruction"))]
        told = list(dict.fromkeys(word.strip() for word in words if word))
        if told:
            lines.append(" - ".join(told))
    return "; ".join(lines) or None


def _joined(names: Iterator[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _do_not_perform(entry: Entry) -> bool | None:
    said = flag(entry.found.resource.get("doNotPerform"))
    return True if entry.bucket is Bucket.NOT_GIVEN and said is None else said


def _prescription_type(chain: list[Found]) -> str | None:
    for link in chain:
        resource = link.resource
        for value in (
            extension(resource, "PrescriptionType"),
            resource.get("courseOfTherapyType"),
            *seq(resource.get("category")),
        ):
            found = status(value, _ACUTE | _REPEAT)
            if found in _ACUTE:
                return "acute"
            if found in _REPEAT:
                return "repeat"
    return None


def _statement_type(entry: Entry, chain: list[Found]) -> str | None:
    kind = _prescription_type(chain)
    if entry.bucket is Bucket.INACTIVE and kind == "repeat":
        return "discontinued"
    return kind


def _last_issued(chain: list[Found]) -> str | None:
    found = next((v for link in chain if (v := extension(link.resource, "LastIssueDate"))), None)
    text = string(found)
    return dates.normal(text) or text


def _ends(entry: Entry, chain: list[Found], *, acute: bool) -> Iterator[date | None]:
    """The days that speak of a medicine's end: for an acute one its last issue, too."""
    for link in chain:
        resource = link.resource
        yield dates.last_day(dates.period(resource.get("effectivePeriod"))[1])
        yield dates.last_day(
            string(extension(resource, "MedicationStatusReason", "statusChangeDate"))
        )
    if acute:
        yield dates.last_day(_last_issued(chain))
        yield dates.last_day(entry.date)
    if not any(dates.period(link.resource.get("effectivePeriod"))[1] for link in chain):
        yield dates.last_day(_last_issued(chain))
        yield dates.last_day(entry.date)


def _months_before(day: date, months: int) -> date:
    """The first day of the window; a day that the month lacks becomes its last safe one."""
    total = day.year * _MONTHS_IN_A_YEAR + day.month - 1 - months
    return date(total // _MONTHS_IN_A_YEAR, total % _MONTHS_IN_A_YEAR + 1, min(day.day, 28))


def _repeats(chain: list[Found]) -> int | None:
    for link in chain:
        request = obj(link.resource.get("dispenseRequest"))
        for value in (
            extension(link.resource, "RepeatInformation", "numberOfRepeatPrescriptionsAllowed"),
            extension(link.resource, "RepeatInformation", "numberOfPrescriptionsAllowed"),
            request.get("numberOfRepeatsAllowed"),
        ):
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None


def _prescriber(link: Found, index: Index) -> str | None:
    requester = link.resource.get("requester")
    agent = obj(requester)
    candidates: list[Json] = [agent.get("onBehalfOf"), agent.get("agent"), requester]
    return next((c for v in candidates if v and (c := ods_code(v, link, index))), None)


def _stop_reason(chain: list[Found]) -> str | None:
    for link in chain:
        value = extension(link.resource, "MedicationStatusReason", "statusReason")
        name = concept(value).name or _joined(
            concept(v).name for v in seq(link.resource.get("statusReason"))
        )
        if name:
            return name
    return None
