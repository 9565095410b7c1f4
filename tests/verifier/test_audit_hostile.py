"""A full disk, killed processes: nothing is shown that is not written, and care goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from asgi_calls import call
from audit_words_world import clinical_words
from card_desk import made
from card_form import send
from desk_world import code_of, desk_settings, full_wallet, make_desk, opened, post
from repository import ROOT

from healthpassport.audit.reports import check_database
from healthpassport.errors import ServiceError, catalogue
from verifier.service import Progress
from verifier.service.audit import Actor
from verifier.web import create_app
from verifier.web.app import DESK

WHO = Actor("RXX01", DESK)
REFUSED = {"audit.not_written", "verifier.database"}


@contextmanager
def full(desk):
    """The disk has no more room: SQLite itself says so, from the next page of the file on."""
    engine = desk._store._engine

    def bound(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count={pages}")

    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    sa.event.listen(engine, "checkout", bound)
    for name in ("x" * 200, "x"):
        while fits(desk, Actor("", name, name)):
            pass
    try:
        yield
    finally:
        sa.event.remove(engine, "checkout", bound)
        engine.dispose()


def fits(desk, who):
    try:
        desk.audit.write("card.read", who=who)
    except ServiceError:
        return False
    return True


@pytest.fixture
def answered(world, desk):
    view, request = opened(desk, full_wallet(world), name=DESK)
    post(desk, view, full_wallet(world).answer(request))
    return view


def told(desk, event):
    return [body for body in bodies(desk) if body["event"] == event]


def bodies(desk):
    return [json.loads(sealed.entry) for sealed in desk.audit.all()]


def test_nobody_is_asked_where_that_cannot_be_written(desk):
    with full(desk):
        assert code_of(desk.ask, "emergency_admission", desk=DESK) in REFUSED
    assert desk.recent(desk=DESK) == ()
    assert len(desk.holding) == 0
    assert told(desk, "request.made") == []
    desk.ask("emergency_admission", desk=DESK)
    assert len(told(desk, "request.made")) == 1


def test_an_answer_that_cannot_be_written_is_not_shown(world, desk):
    view, request = opened(desk, full_wallet(world), name=DESK)
    body = full_wallet(world).answer(request)
    with full(desk):
        assert code_of(post, desk, view, body) in REFUSED
        assert desk.look(view.id, desk=DESK).summary is None
    assert desk.look(view.id, desk=DESK).summary is None
    assert code_of(post, desk, view, body) == "transaction.closed"
    assert told(desk, "answer.accepted") == []


def test_a_result_is_not_opened_where_that_cannot_be_written(desk, answered):
    app = create_app(desk.settings, desk)
    with full(desk):
        assert code_of(desk.look, answered.id, desk=DESK) in REFUSED
        assert code_of(desk.fhir, answered.id, desk=DESK) in REFUSED
        page = call(app, "GET", f"/requests/{answered.id}")
        assert page.status == 503
        assert catalogue()["audit.not_written"].hint.split(":")[0] in page.text
        assert not [word for word in clinical_words() if f">{word}<" in page.text]
        assert "Penicillin" not in page.text
    assert desk.look(answered.id, desk=DESK).summary is not None
    assert len(told(desk, "result.opened")) == 1


def test_a_result_is_closed_and_forgotten_also_where_that_cannot_be_written(desk, answered):
    with full(desk):
        desk.close(answered.id, desk=DESK)
        assert len(desk.holding) == 0
    view = desk.look(answered.id, desk=DESK)
    assert (view.progress, view.summary) == (Progress.CLOSED, None)
    assert told(desk, "result.closed")[-1]["facts"] == {"late": True}


def test_a_confirmed_result_is_not_shown_where_that_cannot_be_written(world, tmp_path):
    desk = make_desk(world, tmp_path / "confirming", confirm=True)
    view, request = opened(desk, full_wallet(world), name=DESK)
    code = post(desk, view, full_wallet(world).answer(request)).confirm_code
    with full(desk):
        assert code_of(desk.confirm, view.id, code, desk=DESK) in REFUSED
    assert desk.look(view.id, desk=DESK).summary is None
    assert told(desk, "result.confirmed") == []
    desk.shut()


def test_a_card_is_read_all_the_same_and_the_page_says_what_is_missing(world, desk):
    app = create_app(desk.settings, desk)
    with full(desk):
        page = call(app, "GET", send(app, made(world)).headers["location"]).text
        assert "Penicillin" in page
        assert "not in the audit trail" in page
    call(app, "GET", "/today")  # whatever is done next, now that there is room
    [late] = [body for body in told(desk, "card.read") if body["facts"]]
    assert late["facts"] == {"accepted": True, "late": True, "reason": 4}
    assert late["about"]
    page = call(app, "GET", send(app, made(world)).headers["location"]).text
    assert "not in the audit trail" not in page


def test_a_trail_is_whole_after_all_of_it(world, desk, answered):
    with full(desk):
        desk.close(answered.id, desk=DESK)
    desk.ask("emergency_admission", desk=DESK)
    assert check_database(desk.audit.entries, expected_keys=[world.desk_signer.public_key]).whole


WRITER = """
import sys
from datetime import UTC, datetime
import secrets
from verifier.service import load_identity
from verifier.service.audit import Actor, open_trail
from verifier.settings import VerifierSettings
from verifier.store import open_store

own = VerifierSettings()
trail = open_trail(
    own,
    identity=load_identity(own),
    entries=open_store(own.database_file).audit,
    clock=lambda: datetime.now(UTC),
    random=secrets.token_bytes,
)
while True:
    with trail.together():
        trail.write("result.closed", who=Actor("RXX01", sys.argv[1]))
        trail.write("result.opened", who=Actor("RXX01", sys.argv[1]))
    print("kept", flush=True)
"""


def test_two_processes_killed_in_the_middle_leave_one_whole_chain(world, tmp_path):
    settings = desk_settings(world, tmp_path / "desk")
    own = {
        "PASSPORT_VERIFIER_HOME": str(settings.home),
        "PASSPORT_VERIFIER_PUBLIC_URL": settings.public_url,
    }
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name],
            cwd=ROOT,
            env=os.environ | own,
            stdout=subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    acknowledged = {}
    for name, writer in zip(("one", "two"), writers, strict=True):
        for _ in range(20):
            assert writer.stdout.readline() == b"kept\n"
        writer.send_signal(signal.SIGKILL)
        acknowledged[name] = 20 + writer.stdout.read().count(b"kept\n")
        writer.wait()
        writer.stdout.close()
    desk = make_desk(world, settings.home, updated=False)
    assert check_database(desk.audit.entries, expected_keys=[world.desk_signer.public_key]).whole
    for name, count in acknowledged.items():
        mine = [body["event"] for body in bodies(desk) if body["who"]["desk"] == name]
        assert count <= mine.count("result.closed") == mine.count("result.opened") <= count + 1
    desk.shut()
