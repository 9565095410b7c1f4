"""The audit trail as it is written: a closed list, in order, without what must not stand there."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from desk_world import code_of, make_desk

from healthpassport.audit.entries import Actor, first_hash, plain_actor
from healthpassport.audit.heads import read_head
from healthpassport.audit.reports import check_database, check_file
from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError
from verifier.service.audit import HEAD_AFTER, HEAD_EVERY, open_trail
from verifier.service.audit_events import EVENTS, checked_facts
from verifier.service.audit_export import exported
from verifier.store import open_store

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


def test_what_is_too_old_is_let_go_and_a_signed_base_takes_its_place(world, tmp_path, clock):
    desk = make_desk(world, tmp_path / "old", clock=clock, updated=False, audit_days=30)
    keys = [world.desk_signer.public_key]
    for _ in range(3):
        desk.audit.write("result.closed", who=WHO)
    clock.offset = timedelta(days=29)
    assert desk.audit.prune() == 0
    desk.audit.write("result.opened", who=WHO)
    clock.offset = timedelta(days=31)
    assert desk.audit.prune() == 5  # begun, started, three times closed
    bodies = told(desk)
    assert [body["event"] for body in bodies] == ["result.opened", "trail.pruned"]
    assert bodies[-1]["facts"] == {"through": 5}
    report = check_database(desk.audit.entries, expected_keys=keys)
    assert report.whole
    assert (report.first, report.last) == (6, 7)
    assert check_file(exported(desk.audit, who=WHO), expected_keys=keys).whole
    assert desk.audit.prune() == 0
    desk.shut()


def test_a_trail_that_was_touched_is_not_made_good_by_letting_go(world, tmp_path, clock):
    desk = make_desk(world, tmp_path / "old", clock=clock, updated=False, audit_days=30)
    desk.audit.write("result.closed", who=WHO)
    tamper(desk, "UPDATE audit SET entry = replace(entry, 'closed', 'opened') WHERE seq = 3")
    clock.offset = timedelta(days=31)
    desk.audit.write("result.closed", who=WHO)
    assert code_of(desk.audit.prune) == "audit.altered"
    assert told(desk)[2]["event"] == "result.opened"
    desk.shut()


def tamper(desk, *statements):
    with closing(sqlite3.connect(desk.settings.database_file)) as raw, raw:
        for statement in statements:
            raw.execute(statement)


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE audit SET event = 'card.read' WHERE seq = 4", {"altered"}),
        ("UPDATE audit SET person = 'somebody' WHERE seq = 4", {"altered"}),
        ("UPDATE audit SET at = at + 60 WHERE seq = 4", {"altered"}),
        ("UPDATE audit SET hash = 'x' WHERE seq = 4", {"altered"}),
        ("UPDATE audit SET entry = entry || ' ' WHERE seq = 4", {"form"}),
        ("UPDATE audit SET entry = 'x' WHERE seq = 4", {"form"}),
        ("UPDATE audit SET seq = 99 WHERE seq = 4", {"altered", "reordered"}),
        ("DELETE FROM audit WHERE seq = 4", {"removed"}),
        ("DELETE FROM audit WHERE seq > 5", {"cut"}),
        ("UPDATE audit_trails SET seq = 3", {"head"}),
        ("UPDATE audit_trails SET hash = 'x'", {"head"}),
        ("UPDATE audit_heads SET token = 'x'", {"head"}),
        ("UPDATE audit_heads SET seq = 3", {"head"}),
        ("DELETE FROM audit_trails", {"head"}),
    ],
)
def test_a_database_that_was_touched_is_told(trail, world, statement, codes):
    keys = [world.desk_signer.public_key]
    assert check_database(trail.audit.entries, expected_keys=keys).whole
    tamper(trail, statement)
    found = check_database(trail.audit.entries, expected_keys=keys).findings
    assert found
    assert {one.code.removeprefix("audit.") for one in found} <= codes


@pytest.fixture
def trail(world, tmp_path):
    made = make_desk(world, tmp_path / "touched", updated=False)
    for _ in range(4):
        made.audit.write("result.closed", who=WHO)
    made.audit.head()
    yield made
    made.shut()


def test_a_tail_that_was_cut_with_its_row_is_told_by_a_head(trail, world):
    keys = [world.desk_signer.public_key]
    kept = read_head(trail.audit.head(), expected_keys=keys)
    tamper(
        trail,
        "DELETE FROM audit WHERE seq > 4",
        "UPDATE audit_trails SET seq = 4, hash = (SELECT hash FROM audit WHERE seq = 4)",
    )
    codes = [f.code for f in check_database(trail.audit.entries, expected_keys=keys).findings]
    assert codes == ["audit.cut"]
    tamper(trail, "DELETE FROM audit_heads")
    assert check_database(trail.audit.entries, expected_keys=keys).whole  # nothing here can tell
    report = check_database(trail.audit.entries, expected_keys=keys, outside=[kept])
    assert [f.code for f in report.findings] == ["audit.cut"]


def test_on_postgresql_threads_of_two_processes_write_one_chain(
    world, desk, tmp_path, database_url
):
    stores = [open_store(tmp_path / "none", url=database_url) for _ in range(2)]
    trails = [
        open_trail(
            desk.settings,
            identity=desk.identity,
            entries=store.for_tenant("audited").audit,
            clock=desk.clock,
            random=secrets.token_bytes,
        )
        for store in stores
    ]
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(trail.write, "result.closed", who=WHO) for trail in trails * 30]
    assert [one.result() for one in done] == [None] * 60
    keys = [world.desk_signer.public_key]
    assert trails[0].head()
    report = check_database(trails[1].entries, expected_keys=keys)
    assert (report.whole, report.entries, report.tenant) == (True, 61, "audited")
    for store in stores:
        store.close()
