"""The audit trail as it is written: a closed list, in order, without what must not stand there."""

from __future__ import annotations

import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from desk_world import code_of, make_desk

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError
from verifier.service.audit import HEAD_AFTER, HEAD_EVERY
from verifier.service.audit_entries import Actor, first_hash, plain_actor
from verifier.service.audit_events import EVENTS, checked_facts

WHO = Actor("RXX01", "ward 9", "dr.jones@example", "clinician")


def told(desk):
    return [json.loads(sealed.entry) for sealed in desk.audit.all()]


def test_a_trail_begins_by_naming_itself_and_each_entry_follows_the_one_before(desk):
    desk.audit.write("request.made", who=WHO, subject="a", template="emergency_admission")
    desk.audit.write("result.closed", who=WHO, subject="a")
    entries = list(desk.audit.all())
    bodies = told(desk)
    assert bodies[0]["event"] == "trail.begun"
    assert [body["seq"] for body in bodies] == list(range(1, len(bodies) + 1))
    previous = first_hash("main", bodies[0]["trail"])
    for sealed, body in zip(entries, bodies, strict=True):
        assert body["prev"] == previous
        previous = b64url_encode(hashlib.sha256(sealed.entry.encode()).digest())
        assert sealed.hash == previous


def test_what_an_entry_is_about_stands_there_as_a_keyed_digest(desk):
    for subject in ("one", "one", "other"):
        desk.audit.write("result.closed", who=WHO, subject=subject)
    about = [body["about"] for body in told(desk)[-3:]]
    assert about[0] == about[1] != about[2]
    assert not {"one", "other", hashlib.sha256(b"one").hexdigest()} & set(about)
    assert stat.S_IMODE(desk.settings.audit_key_file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("no.such", {}),
        ("request.made", {"other": "x"}),
        ("request.made", {"template": "9990000018"}),
        ("request.made", {"template": "a9990000018"}),
        ("request.made", {"template": "two words"}),
        ("request.made", {"template": ""}),
        ("answer.refused", {"code": "x" * 65}),
        ("card.read", {"reason": -1}),
        ("card.read", {"reason": 2**53}),
        ("desk.started", {"key": "short"}),
    ],
)
def test_what_is_not_in_the_list_is_not_written(desk, event, facts):
    before = len(told(desk))
    assert code_of(desk.audit.write, event, who=WHO, **facts) == "audit.event"
    assert code_of(desk.audit.note, event, who=WHO, **facts) == "audit.event"
    assert len(told(desk)) == before


def test_every_event_of_the_list_can_be_written_without_facts():
    assert all(checked_facts(event, {}) == {} for event in EVENTS)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Dr Jones, NHS 999 000 0018", "Dr Jones, NHS (number)"),
        ("9990000018", "(number)"),
        ("999-000-0018", "(number)"),
        ("1234567890123456", "1234567890123456"),
        ("a" * 500, "a" * 200),
        ("one\nline\u202e", r"one\nline\u202e"),
    ],
)
def test_a_name_is_bounded_printable_and_holds_no_nhs_number(typed, kept):
    assert plain_actor(Actor("RXX01", typed, typed, typed)) == Actor("RXX01", kept, kept, kept)


def test_threads_and_two_open_desks_write_one_chain(world, desk, tmp_path):
    other = make_desk(world, tmp_path / "desk", updated=False)
    with ThreadPoolExecutor(8) as pool:
        for trail in (desk.audit, other.audit) * 20:
            pool.submit(trail.write, "result.closed", who=WHO)
    bodies = told(desk)
    assert [body["seq"] for body in bodies] == list(range(1, len(bodies) + 1))
    assert len({body["prev"] for body in bodies}) == len(bodies)
    assert sum(body["event"] == "result.closed" for body in bodies) == 40
    assert [body["event"] for body in bodies].count("trail.begun") == 1
    other.shut()


def test_an_entry_and_its_step_are_kept_together_or_not_at_all(desk):
    before = len(told(desk))

    def step():
        with desk.audit.together():
            desk.audit.write("result.closed", who=WHO)
            raise ServiceError("not_found")

    assert code_of(step) == "not_found"
    assert len(told(desk)) == before
    desk.audit.write("result.closed", who=WHO)
    assert len(told(desk)) == before + 1


def test_a_head_is_signed_when_enough_was_written_or_time_has_passed(desk, clock):
    desk.audit.tend()
    before = len(desk.audit.entries.heads())
    clock.offset += HEAD_AFTER
    desk.audit.write("result.closed", who=WHO)
    desk.audit.tend()
    assert len(desk.audit.entries.heads()) == before + 1
    for _ in range(HEAD_EVERY):
        desk.audit.write("result.closed", who=WHO)
    desk.audit.tend()
    desk.audit.tend()
    heads = desk.audit.entries.heads()
    assert len(heads) == before + 2
    assert heads[-1].seq == desk.audit.entries.last().seq


def test_what_cannot_be_noted_is_owed_and_written_later(desk, monkeypatch):
    def full(_seal):
        raise ServiceError("audit.not_written")

    with monkeypatch.context() as broken:
        broken.setattr(desk.audit.entries, "append", full)
        assert code_of(desk.audit.write, "card.read", who=WHO, reason=4) == "audit.not_written"
        assert not desk.audit.note("card.read", who=WHO, subject="a card", reason=4)
        desk.audit.tend()
    desk.audit.tend()
    desk.audit.tend()
    late = [body for body in told(desk) if body["event"] == "card.read"]
    assert [body["facts"] for body in late] == [{"late": True, "reason": 4}]
    assert late[0]["about"]
