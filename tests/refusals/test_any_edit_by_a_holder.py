"""Whatever a holder does to a signed record, a desk reads no more, no less and nothing else in it.

The most that an edit may reach is what a holder may do anyway: show fewer items, fields and parts
of an identity. State, counts, warnings, source and dates are those that the issuer signed.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hostile_holder import derived, edited, signed, text_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_examples import NO_ALLERGIES, allergies
from verification_world import INDEX, NOW, W3C, Desk, Surgery

from healthpassport.credential import DeskState, Verdict
from healthpassport.encoding import jcs
from healthpassport.errors import PassportError
from healthpassport.keys.signer import generate_signer
from healthpassport.status.entries import SUSPENDED, WITHDRAWN
from healthpassport.summary import Item, Record, SectionState

HOLDER = generate_signer()
NUT = Item(
    {"text": "Nut \u00e9", "type": "allergy", "verificationStatus": "confirmed"},
    {"onset": "1999", "recorder": "Dr Example"},
)
RECORDS = {
    "items": allergies(items=(*allergies().items, NUT, NUT), warnings=("one", "two")),
    "none_known": allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,)),
    "withheld": allergies(state=SectionState.WITHHELD, items=()),
    "no_identity": allergies(subject={"familyName": "Example"}),
}
_SHOWN = frozenset(DeskState) - {DeskState.FAILED_CHECK}


@pytest.fixture(scope="module")
def surgery() -> Surgery:
    return Surgery(format=W3C)


@pytest.fixture(scope="module")
def desk(surgery) -> Desk:
    return Desk((surgery,))


@pytest.fixture(scope="module")
def bases(surgery) -> dict[str, dict[str, Any]]:
    return {name: json.loads(surgery.issue(record, HOLDER)) for name, record in RECORDS.items()}


def exactly(value: Any) -> bytes:
    """``value`` so that 2, 2.0, "2" and true are four things."""
    return jcs(json.loads(json.dumps(value))) + repr(value).encode() * isinstance(value, float)


def units(items: Any) -> Counter[bytes]:
    return Counter(exactly(dict(item.unit)) for item in items)


def assert_is_part_of(section: Any, record: Record) -> None:
    """That what a desk reads is ``record`` as issued, but for what its holder may keep back."""
    assert section.record_state is record.state
    assert type(section.total) is int
    assert section.total == len(record.items)
    assert (section.as_of, section.window) == (record.as_of, record.window)
    assert exactly(list(section.warnings)) == exactly(list(record.warnings))
    assert exactly(dict(section.always or {})) == exactly(dict(record.always))
    source = record.source
    told = {"ods": source.ods, "name": source.name, "system": source.system}
    assert exactly(dict(section.source or {})) == exactly(told)
    assert units(section.items) <= units(record.items)
    assert units(section.negations) <= units(record.negations)
    issued = [(exactly(dict(i.unit)), i.fields) for i in record.items]
    for item in section.items:
        assert any(
            unit == exactly(dict(item.unit))
            and all(exactly(v) == exactly(fields.get(n)) for n, v in item.fields.items())
            for unit, fields in issued
        )
    for name, value in (section.subject or {}).items():
        assert exactly(value) == exactly(record.subject[name])
    if section.state in {DeskState.ITEMS, DeskState.NONE_KNOWN}:
        assert section.shown == section.total == len(section.items)
        assert section.state.value == record.state.value


def judge(surgery: Surgery, desk: Desk, text: str, record: Record) -> bool:
    """Whether the desk accepts ``text``; what it reads, also unaccepted, is part of ``record``."""
    summary = desk.verify({"allergies": text})
    section = summary.section("AllergySummary")
    assert section is not None
    if section.state in _SHOWN:
        assert_is_part_of(section, record)
        assert (section.valid_until, section.issued_at) == ends(surgery)
        assert section.issuer.iss == surgery.iss
        for value in (WITHDRAWN, SUSPENDED):  # the same presentation, once the record is withdrawn
            marked = replace_statuses(surgery, value)
            code = "status.suspended" if value == SUSPENDED else "status.revoked"
            assert desk.verify({"allergies": text}, status=marked).codes == (code,)
    return summary.verdict is Verdict.ACCEPTED


def ends(surgery: Surgery) -> tuple[Any, Any]:
    return NOW + timedelta(days=30), NOW - timedelta(days=1)


def replace_statuses(surgery: Surgery, value: int) -> Any:
    surgery.statuses = {INDEX: value}
    try:
        return surgery.status_lists()
    finally:
        surgery.statuses = {}


def sent(credential: Any, chance: random.Random) -> str | None:
    """A presentation of ``credential``; None where it cannot even be signed."""
    given = [credential, credential] if chance.random() < 0.02 else [credential]
    try:
        presentation = signed(given, HOLDER)
    except PassportError:
        return None
    if chance.random() < 0.2:  # somebody on the way
        presentation = edited(presentation, chance)
    return text_of(presentation)


@pytest.mark.parametrize("name", RECORDS)
def test_any_part_of_a_record_that_can_be_derived_is_read_as_that_part(surgery, desk, bases, name):
    accepted = 0
    for seed in range(12):
        chance = random.Random(seed)  # noqa: S311 - repeats on purpose
        text = text_of(signed([derived(bases[name], chance)], HOLDER))
        accepted += judge(surgery, desk, text, RECORDS[name])
    assert accepted or name == "no_identity"


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**63), name=st.sampled_from(sorted(RECORDS)))
def test_no_edit_makes_a_desk_read_another_record(surgery, desk, bases, seed, name):
    chance = random.Random(seed)  # noqa: S311 - repeats on purpose
    text = sent(edited(derived(bases[name], chance), chance), chance)
    if text is not None:
        judge(surgery, desk, text, RECORDS[name])
