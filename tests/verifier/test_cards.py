"""An emergency card at the desk: read offline, told in the exact words, closed when in doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from card_desk import HELD, TODAY, made
from card_forge import hostile
from desk_world import desk_settings, make_desk
from record_examples import AS_OF, SOURCE, SUBJECT, allergies, identity

from healthpassport import cards
from healthpassport.cards import CardChoices, typed
from healthpassport.encoding import parse_json_object
from healthpassport.errors import CardError, PassportError, ServiceError, catalogue
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.receipts import card_hash
from healthpassport.status.entries import REPLACED, WITHDRAWN
from healthpassport.summary import Item, Record, SectionState
from healthpassport.verification import FreshnessPolicy
from verifier.service import DeskLists, desk_policy
from verifier.service.card_words import REASONS
from verifier.service.cards import CardEvent, Reader, read_card, reading_json

READER = Reader("Dr Example, 555-0100", 4, role="clinician")


@pytest.fixture
def home(world, tmp_path):
    """The folder of a desk that was updated, and is not running."""
    world.set_status()
    make_desk(world, tmp_path / "desk").shut()
    return tmp_path / "desk"


@pytest.fixture
def lists(world, home):
    settings = desk_settings(world, home)
    return lambda now=None: DeskLists(
        settings, policy=desk_policy(settings), fetcher=world.fetcher
    ).views(now or datetime.now(UTC))


@pytest.fixture
def read(world, lists):
    def reading(text=None, *, now=None, reader=READER, **changes):
        moment = now or datetime.now(UTC)
        return read_card(
            made(world) if text is None else text,
            reader=reader,
            lists=lists(moment),
            policy=FreshnessPolicy(),
            now=moment,
            **changes,
        )

    return reading


def hidden(reading):
    """Nothing of the card is told, and the way on is."""
    told = json.dumps(reading_json(reading), default=str)
    for value in ("Penicillin", "Latex", "Medicine", "1958", "Given"):
        assert value not in told
    assert "Use your usual sources" in reading.words.next_step
    assert reading.words.allergies.heading == "Allergies unavailable"
    return True


def test_a_card_is_read_without_any_network(world, read):
    world.fetcher.asked.clear()
    found = read()
    assert world.fetcher.asked == []
    assert found.words.verdict == "Source checked: signed by Example Surgery (A12345)"
    assert found.words.allergies.heading == "Known allergies"
    assert not found.words.allergies.incomplete
    assert found.words.next_step == ""


def test_every_card_says_what_paper_cannot_prove(read):
    assert read().words.limits == (
        "A copy or a photo of this card reads the same.",
        "It does not prove who holds it. Check it is the same person.",
        "Its holder chose what is on it. What is missing may still be there.",
        "It does not renew itself. Anything since it was made is not on it.",
    )


def test_typed_letters_read_as_the_code_does(world, read):
    text = made(world)
    lines = "\n".join(f"{n}. {line.lower()}" for n, line in enumerate(typed.lines(text), 1))
    assert read(lines).card.subject == read(text).card.subject


def test_a_slip_of_the_finger_is_told_with_its_line(world, read):
    rows = list(typed.lines(made(world)))
    rows[2] = ("0" if rows[2][0] != "0" else "1") + rows[2][1:]
    with pytest.raises(CardError, match=r"card\.typed_line: line 3"):
        read("\n".join(rows))


def test_a_partial_list_says_n_of_m_and_incomplete(world, read):
    content = cards.build(HELD, CardChoices(items={"AllergySummary": frozenset({0})}))
    found = read(made(world, content=content))
    assert found.words.allergies.heading == "Known allergies"
    assert found.words.allergies.incomplete
    assert ("AllergySummary", f"1 of 2 shared, as of {TODAY:%d-%b-%Y}") in found.words.sections


def test_a_card_that_shows_no_allergy_of_two_never_reads_as_none(world, read):
    content = cards.build(HELD, CardChoices(items={}))
    found = read(made(world, content=content))
    assert found.words.allergies.heading == "Allergies unavailable"
    assert any(said.startswith("0 of 2 shared") for _, said in found.words.sections)


def test_no_known_allergies_needs_a_whole_fresh_and_checked_list(world, read):
    none = replace(allergies(items=(), state=SectionState.NONE_KNOWN), as_of=TODAY)
    text = made(world, identity(), none)
    assert read(text).words.allergies.heading == "No known allergies"
    old = made(world, identity(), replace(none, as_of=AS_OF - timedelta(days=60)))
    assert read(old).words.allergies.heading == "Allergies unavailable"
    warned = made(world, identity(), replace(none, warnings=("deliberately-withheld",)))
    assert read(warned).words.allergies.heading == "Allergies unavailable"


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        (SectionState.NOT_RECORDED, "Allergies not recorded"),
        (SectionState.NO_INFORMATION, "Allergies not recorded"),
        (SectionState.WITHHELD, "Allergies unavailable"),
        (SectionState.NARRATIVE_ONLY, "Allergies unavailable"),
    ],
)
def test_each_state_of_the_source_has_its_heading(world, read, state, heading):
    told = replace(allergies(items=(), state=state), as_of=TODAY)
    assert read(made(world, identity(), told)).words.allergies.heading == heading


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (WITHDRAWN, "Withdrawn by its holder or its issuer (hidden)"),
        (REPLACED, "Replaced by a newer card (hidden)"),
    ],
)
def test_a_card_that_has_ended_shows_nothing(world, tmp_path, status, words):
    world.set_status(status)
    try:
        make_desk(world, tmp_path / "desk").shut()
        settings = desk_settings(world, tmp_path / "desk")
        policy = desk_policy(settings)
        now = datetime.now(UTC)
        found = read_card(
            made(world),
            reader=READER,
            lists=DeskLists(settings, policy=policy, fetcher=world.fetcher).views(now),
            policy=policy,
            now=now,
        )
    finally:
        world.set_status()
    assert found.words.verdict == words
    assert hidden(found)


def test_past_its_day_it_is_shown_as_out_of_date_and_never_as_checked(world, read):
    now = datetime.now(UTC).replace(microsecond=0)
    text = made(world, expires_at=now - timedelta(days=1))
    found = read(text)
    assert found.words.verdict.startswith("Out of date since ")
    assert found.words.allergies.heading == "Known allergies"
    assert found.words.allergies.incomplete
    assert "Use your usual sources" in found.words.next_step


def test_an_old_desk_cannot_check_and_says_so(read):
    found = read(now=datetime.now(UTC) + timedelta(days=20))
    assert found.words.verdict == "Could not check"
    assert found.words.allergies.incomplete


def test_a_card_of_somebody_unknown_is_hidden(world, read):
    text = made(world, signer=generate_signer())
    assert hidden(read(text))
    assert read(text).words.verdict.startswith("Failed check (hidden): ")


@pytest.mark.parametrize(
    ("text", "code"), [c[1:] for c in hostile()], ids=[c[0] for c in hostile()]
)
def test_a_hostile_card_is_hidden_in_words(read, text, code):
    if code == "card.prefix":  # then it is no card of ours, or letters that were typed
        text = "HPC9:" + text.partition(":")[2]
    found = read(text)
    assert hidden(found)
    assert found.words.verdict == f"Failed check (hidden): {catalogue()[code].title}"


@pytest.mark.parametrize(
    "reader",
    [
        Reader("", 4),
        Reader("   ", 4),
        Reader("x" * 201, 4),
        Reader("Dr Example", 0),
        Reader("Dr Example", 7),
        Reader("Dr Example", 6),
        Reader("Dr Example", 6, note="  "),
    ],
)
def test_reading_asks_for_a_reason_and_for_who_reads(read, reader):
    with pytest.raises(ServiceError, match=r"card\.reader"):
        read(reader=reader)


def test_the_six_reasons_have_words():
    assert sorted(REASONS) == [1, 2, 3, 4, 5, 6]


def test_the_audit_is_told_who_and_why_and_nothing_else(read):
    heard: list[CardEvent] = []
    read(audit=heard.append)
    [event] = heard
    assert (event.reader, event.accepted, event.codes) == (READER, True, ())
    assert "Penicillin" not in repr(event)


def test_the_audit_hears_of_a_refusal_too(world, read):
    heard: list[CardEvent] = []
    read(made(world, signer=generate_signer()), audit=heard.append)
    assert heard[0].codes == ("trust.key_unknown",)


def test_what_cannot_be_written_down_is_not_shown(read):
    def broken(_event):
        raise ServiceError("not_found")

    with pytest.raises(PassportError):
        read(audit=broken)


def test_the_patient_gets_a_receipt_that_names_the_card_and_the_reason(world, home, read):
    desk = make_desk(world, home)
    try:
        found = read(receipts=desk.receipts)
    finally:
        desk.shut()
    assert found.receipt is not None
    payload = parse_json_object(jws.parse(found.receipt).payload)
    assert (payload["kind"], payload["reason"]) == ("emergency_card", 4)
    assert {row["type"] for row in payload["records"]} == {"AllergySummary", "MedicationSummary"}
    assert "Penicillin" not in json.dumps(payload)


def test_the_receipt_is_of_the_very_card(world, home, read):
    text = made(world)
    desk = make_desk(world, home)
    try:
        found = read(text, receipts=desk.receipts)
    finally:
        desk.shut()
    payload = parse_json_object(jws.parse(found.receipt).payload)
    assert card_hash(cards.parse(text).message) in payload.values()


def test_nothing_shown_means_no_receipt(world, home, read):
    desk = make_desk(world, home)
    try:
        found = read(made(world, signer=generate_signer()), receipts=desk.receipts)
    finally:
        desk.shut()
    assert found.receipt is None


def test_safeguarding_is_named_for_the_young_and_in_pregnancy(world, read):
    young = SUBJECT | {"birthDate": f"{TODAY.year - 10}-01-01"}
    child = (identity(subject=young), replace(allergies(subject=young), as_of=TODAY))
    assert any("CP-IS" in note for note in read(made(world, *child)).words.notes)
    assert not any("CP-IS" in note for note in read().words.notes)
    pregnant = Record(
        "PregnancyStatus",
        SOURCE,
        SectionState.ITEMS,
        TODAY,
        subject=SUBJECT,
        items=(Item({"text": "Pregnant", "status": "final"}),),
    )
    content = cards.build((*HELD, pregnant), CardChoices())
    assert any("CP-IS" in note for note in read(made(world, content=content)).words.notes)
