"""What must be true of a file that holds a trap, be it published or made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fhir_examples import SNOMED

from issuer.fhir import Bucket, Extraction, as_of
from issuer.fhir import dates as days
from issuer.fhir.narratives import entries as narrative_entries
from issuer.fhir.readings import READINGS
from issuer.fhir.telling import is_degraded

Check = Callable[[Extraction], None]


@dataclass(frozen=True)
class Trap:
    """``published`` is the end of a file's name; where there is none ``sign`` would find one."""

    name: str
    published: str | None
    twin: bytes
    check: Check
    sign: str = ""


def buckets(found: Extraction, section: str = "allergies") -> list[str]:
    return [entry.bucket.value for entry in found.section(section)]


def state(found: Extraction, section: str = "allergies") -> str:
    return found.state(section).value


def in_words_only(found: Extraction) -> None:
    assert buckets(found) == []
    assert state(found) == "narrative_only"
    told = narrative_entries(found.statements, READINGS.keys())
    assert any(entry.concept.name and "Allergies" in entry.concept.name for entry in told)


def nothing_is_no_item(found: Extraction) -> None:
    said = [s for s in found.statements if s.table is not None and s.table.says_nothing]
    assert said
    told = list(narrative_entries(found.statements, READINGS.keys()))
    assert not any("No relevant information" in str(entry.report()) for entry in told)
    titles = {entry.concept.name for entry in told}
    assert not {s.title for s in said} & titles
    assert all(state(found, s.section) != "none_known" for s in said if s.section)


def empty_is_not_none(found: Extraction) -> None:
    assert buckets(found) == []
    assert state(found) == "no_information"


def ended_is_inactive(found: Extraction) -> None:
    assert set(buckets(found)) == {"inactive"}
    assert state(found) == "only_inactive"


def counted_once(found: Extraction) -> None:
    statements = found.index.of("MedicationStatement")
    assert len(found.section("medications")) == len(statements) > 0
    assert len(found.section("medication_plumbing")) == len(found.index.of("MedicationRequest")) > 0


def drug_codes_stay(found: Extraction) -> None:
    for entry in found.section("medications"):
        assert any(c.system == SNOMED and c.code for c in entry.concept.codings)
        assert not any("dmd" in (c.system or "") for c in entry.concept.codings)


def vaccine_is_the_procedure(found: Extraction) -> None:
    for entry in found.section("immunisations"):
        assert any(c.system == SNOMED and c.code for c in entry.concept.codings)
        assert (entry.concept.name or "UNK").upper() not in {"UNK", "UNKNOWN"}


def was_not_given(found: Extraction) -> None:
    given = [e.bucket for e in found.entries if e.section in {"immunisations", "procedures"}]
    assert given == [Bucket.NOT_GIVEN]


def text_is_the_meaning(found: Extraction) -> None:
    lost = [e for e in found.entries if is_degraded(e)]
    assert lost
    for entry in lost:
        assert entry.concept.name
        assert not re.match(r"transfer[- ]degraded", entry.concept.name, re.IGNORECASE)


def none_known(found: Extraction) -> None:
    assert buckets(found) in (["negated"], [])
    assert state(found) == "none_known"


def narrower_than_all(found: Extraction) -> None:
    assert buckets(found) == ["negated"]
    assert state(found) == "no_information"


def not_known(found: Extraction) -> None:
    assert not {"active", "negated"} & set(buckets(found))
    assert state(found) == "no_information"


def withheld(found: Extraction) -> None:
    assert state(found) == "withheld"


def nothing_known(found: Extraction) -> None:
    assert buckets(found) == ["absent_info"]
    assert state(found) == "no_information"


def does_not_cancel(found: Extraction) -> None:
    assert sorted(buckets(found)) == ["active", "negated"]
    assert state(found) == "items"


def is_active(found: Extraction) -> None:
    assert set(buckets(found)) == {"active"}


def has_an_active_one(found: Extraction) -> None:
    assert "active" in buckets(found)


def unknown_is_listed(found: Extraction) -> None:
    section = "allergies" if found.section("allergies") else "medications"
    assert set(buckets(found, section)) == {"unknown_status"}
    assert state(found, section) == "items"


def flagged_and_kept(found: Extraction) -> None:
    assert buckets(found, "problems") == ["active"]
    assert found.defects.counts["active_with_abatement"] == 1


def on_hold_is_apart(found: Extraction) -> None:
    assert buckets(found, "medications") == ["on_hold"]
    assert state(found, "medications") == "items"


def named(found: Extraction) -> None:
    medicines = found.section("medications")
    assert medicines
    assert all(entry.concept.name for entry in medicines)
    assert not found.defects.counts.get("nothing_named")


def year_stays_a_year(found: Extraction) -> None:
    years = [e.date for e in found.entries if e.date and re.fullmatch(r"\d{4}", e.date)]
    assert years
    assert all(days.normal(year) == year and days.day(year) is None for year in years)


def month_by_name(found: Extraction) -> None:
    rows = [row for s in found.statements if s.table for row in s.table.rows]
    cells = [c for row in rows for c in row if re.fullmatch(r"\d{2}-[A-Z][a-z]{2}-\d{4}", c)]
    assert cells  # in its own words
    assert all(days.day(cell) is not None for cell in cells)


def day_without_seconds(found: Extraction) -> None:
    assert as_of(found.index) is not None


def too_late_is_said(found: Extraction) -> None:
    assert found.defects.counts["date_after_source"] >= 1


def defect(kind: str) -> Check:
    def check(found: Extraction) -> None:
        assert found.defects.counts[kind] >= 1

    return check


def outcome_is_no_entry(found: Extraction) -> None:
    assert found.index.of("OperationOutcome")
    assert all(entry.found.type != "OperationOutcome" for entry in found.entries)


def is_read(found: Extraction) -> None:
    assert found.index.found


def never_read(_found: Extraction) -> None:
    raise AssertionError("this is no JSON")
