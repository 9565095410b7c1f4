"""What is held comes back from its bytes exactly as it was."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from desk_world import full_wallet, identity, opened, post, wallet_with
from hypothesis import given, settings
from hypothesis import strategies as st
from record_examples import allergies, medicines

from healthpassport.credential import (
    Check,
    Credential,
    DeskState,
    FiredRule,
    Outcome,
    Presentation,
    Rule,
    Verdict,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.errors import ServiceError
from healthpassport.jose.jwe import EncryptionKey
from healthpassport.summary import Item, SectionState
from verifier.service.held_form import pack, unpack
from verifier.service.holding import Answer, Held, Question
from verifier.service.matching import Expected

# What strict JSON can hold: no lone surrogate, no integer beyond 2^53, no infinity. Made of few
# draws: a summary has many members.
TEXT = st.sampled_from(["", "a", "Penicillin \u2028 \u00e9\U0001f480", '"\\\x00/'])
SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
JSON = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 0.1, -2.5e-300, 1e300, 2**53 - 1, "", "x", [], {}, [[], [1.0]]]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OBJECT = st.dictionaries(TEXT, JSON | st.lists(JSON, max_size=2), max_size=2)
SPAN = st.timedeltas(timedelta(days=-1), timedelta(days=40_000))
ZONE = st.just(UTC) | st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h)))
MOMENT = st.datetimes(timezones=ZONE).map(lambda moment: moment.replace(fold=0))
ITEMS = st.lists(st.builds(Item, OBJECT, OBJECT), max_size=2).map(tuple)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)


def maybe(strategy):
    return st.none() | strategy


SECTION = st.builds(
    VerifiedSection,
    query_id=TEXT,
    record_type=TEXT,
    state=st.sampled_from(DeskState),
    shown=SAFE,
    total=SAFE,
    record_state=maybe(st.sampled_from(SectionState)),
    items=ITEMS,
    negations=ITEMS,
    subject=maybe(OBJECT),
    always=maybe(OBJECT),
    source=maybe(OBJECT),
    window=TEXT,
    warnings=TEXTS,
    issuer=maybe(st.builds(VerifiedIssuer, TEXT, TEXT, TEXT)),
    as_of=maybe(st.dates()),
    issued_at=maybe(MOMENT),
    valid_until=maybe(MOMENT),
    status=maybe(TEXT),
    trust_list_age=maybe(SPAN),
    status_list_age=maybe(SPAN),
    checks=st.lists(
        st.builds(Check, SAFE, TEXT, st.sampled_from(Outcome), maybe(TEXT)), max_size=2
    ).map(tuple),
    code=maybe(TEXT),
    old=st.booleans(),
    rules=st.lists(st.builds(FiredRule, st.sampled_from(Rule), SPAN, maybe(SPAN)), max_size=2).map(
        tuple
    ),
)
SUMMARY = st.builds(
    VerifiedSummary,
    st.sampled_from(Verdict),
    st.lists(SECTION, max_size=2).map(tuple),
    MOMENT,
    SPAN,
    TEXTS,
)
CREDENTIALS = st.lists(st.builds(Credential, TEXT, TEXT), max_size=2).map(tuple)
HELD = st.builds(
    Held,
    forget_at=MOMENT,
    expected=maybe(st.builds(Expected, TEXT, TEXT, TEXT)),
    question=maybe(st.builds(Question, st.builds(EncryptionKey, TEXT, OBJECT), OBJECT)),
    answer=maybe(
        st.builds(
            Answer,
            st.builds(Presentation, st.dictionaries(TEXT, CREDENTIALS, max_size=2)),
            SUMMARY,
            st.booleans(),
        )
    ),
    confirm_code=maybe(TEXT),
    tries_left=st.integers(0, 3),
)


@settings(max_examples=60, deadline=None)
@given(held=HELD)
def test_whatever_is_held_comes_back_equal_and_of_the_same_types(held):
    found = unpack(pack(held))
    assert found == held
    assert repr(found) == repr(held)
    assert kinds(found.answer) == kinds(held.answer)


def kinds(answer):
    """What ``==`` does not see: 1 and 1.0, True and 1."""
    return [] if answer is None else [json.dumps(s.subject) for s in answer.summary.sections]


@pytest.mark.parametrize("template", ["emergency_admission", "medicines_check"])
def test_a_result_of_real_records_comes_back_equal(world, desk, template):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet, template)
    assert unpack(pack(desk.holding.get(view.id))) == desk.holding.get(view.id)
    post(desk, view, wallet.answer(request))
    held = desk.holding.get(view.id)
    assert held.answer.summary.sections
    assert unpack(pack(held)) == held


def test_a_withheld_list_stays_a_withheld_list(world, desk):
    wallet = wallet_with(
        world,
        identity(),
        allergies(state=SectionState.WITHHELD, items=()),
        medicines("current"),
    )
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    held = desk.holding.get(view.id)
    states = [s.state for s in unpack(pack(held)).answer.summary.sections]
    assert DeskState.WITHHELD in states
    assert DeskState.NONE_KNOWN not in states


def changed(place, value):
    parts = json.loads(pack(Held(datetime(2026, 11, 25, tzinfo=UTC))))
    parts[place] = value
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"[1,2,3,4,5,6]",
        b"\xff",
        changed(0, "yesterday"),
        changed(0, None),
        changed(1, ["one", "two"]),
        changed(1, ["one", "two", "three", "four"]),
        changed(3, [{}, ["accepted"], False]),
    ],
)
def test_bytes_of_another_form_are_refused(data):
    with pytest.raises(ServiceError) as caught:
        unpack(data)
    assert caught.value.code == "verifier.holding_key"


def test_a_state_that_no_release_knows_is_refused():
    section = VerifiedSection("q", "AllergySummary", DeskState.NONE_KNOWN, as_of=date(2026, 1, 1))
    summary = VerifiedSummary(
        Verdict.ACCEPTED, (section,), datetime(2026, 11, 25, tzinfo=UTC), timedelta()
    )
    answer = Answer(Presentation({}), summary)
    data = pack(Held(datetime(2026, 11, 25, tzinfo=UTC), answer=answer))
    with pytest.raises(ServiceError):
        unpack(data.replace(b'"none_known"', b'"all_is_well"'))
