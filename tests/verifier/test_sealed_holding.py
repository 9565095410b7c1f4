"""Two desks over one database stand for two processes: what one holds the other serves.

Real processes run in ``test_processes``; here every step is tried alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from desk_world import (
    code_of,
    full_wallet,
    handle_of,
    make_desk,
    opened,
    post,
)
from postgresql_world import programs
from record_examples import SUBJECT

from healthpassport.credential import Challenge
from healthpassport.encoding import b64url_encode, dump_json
from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vp import encode_error
from verifier.service import Expected, Progress, watch
from verifier.store import open_store

WARD = "ward"
VALUES = ("Penicillin", "Anaphylaxis", "EXAMPLE", "Example", "9990000018", "1958-07-14")


@pytest.fixture
def pair(world, tmp_path, clock, database_url):
    """Two processes of one desk, as far as their objects go."""
    made = [
        make_desk(world, tmp_path / "desk", clock=clock, database_url=database_url, updated=first)
        for first in (True, False)
    ]
    yield made
    for desk in made:
        desk.shut()


def rows(desk, table):
    with desk._store.together() as connection:
        return connection.execute(sa.text(f"SELECT * FROM {table}")).all()  # noqa: S608


def answered(world, one, other, **changes):
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    return view, post(other, view, wallet.answer(request)), wallet


def test_asked_at_one_answered_at_the_other_and_seen_at_both(world, pair):
    one, other = pair
    view, taken, _ = answered(world, one, other)
    assert taken.receipt
    seen, again = (desk.look(view.id, desk=WARD) for desk in pair)
    assert seen == again
    assert seen.progress is Progress.ANSWERED
    assert seen.summary.section("AllergySummary").items[0].unit["text"] == "Penicillin"
    assert one.fhir(view.id, desk=WARD) == other.fhir(view.id, desk=WARD)
    assert one.fhir(view.id, desk=WARD, presentation=True)


def test_what_was_expected_of_the_person_is_compared_at_either(world, pair):
    one, other = pair
    wallet = full_wallet(world)
    view = one.ask("emergency_admission", desk=WARD, expected=Expected(family_name="Another"))
    request = wallet.read(one, view.link, one.lists.views(view.created_at).trust)
    post(other, view, wallet.answer(request))
    assert one.look(view.id, desk=WARD).differences == ("familyName",)
    assert other.look(view.id, desk=WARD).differences == ("familyName",)


def test_a_short_code_and_a_request_are_served_by_either(pair):
    one, other = pair
    view = one.ask("emergency_admission", desk=WARD)
    assert other.link_for_code(view.short_code) == view.link
    assert other.request_object(handle_of(view.link))
    assert one.look(view.id, desk=WARD).progress is Progress.FETCHED


def test_a_process_that_starts_loses_nothing_of_the_others(world, pair, tmp_path, database_url):
    one, other = pair
    waiting = one.ask("emergency_admission", desk=WARD)
    done, _, _ = answered(world, one, other)
    third = make_desk(world, tmp_path / "desk", database_url=database_url, updated=False)
    assert third.look(waiting.id, desk=WARD).progress is Progress.WAITING
    assert third.look(done.id, desk=WARD).summary is not None
    third.shut()
    assert one.look(waiting.id, desk=WARD).progress is Progress.WAITING
    assert one.look(done.id, desk=WARD).summary is not None


def test_of_many_answers_at_once_exactly_one_wins(world, pair):
    one, other = pair
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    bodies = [wallet.answer(request) for _ in range(4)]
    start = threading.Barrier(len(bodies))

    def send(place):
        start.wait()
        try:
            pair[place % 2].receive(handle_of(view.link), bodies[place])
        except ServiceError as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(len(bodies)) as threads:
        ended = sorted(threads.map(send, range(len(bodies))))
    assert ended == ["taken", *["transaction.closed"] * 3]
    assert other.look(view.id, desk=WARD).summary is not None


def test_a_refused_answer_never_takes_away_a_result_that_was_first(world, pair, monkeypatch):
    one, other = pair
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    verified = other._answers._verified

    def late(*arguments):
        one.receive(handle_of(view.link), wallet.answer(request))
        verified(*arguments)
        raise ServiceError("rate_limited")

    monkeypatch.setattr(other._answers, "_verified", late)
    assert code_of(post, other, view, wallet.answer(request)) == "transaction.closed"
    assert one.look(view.id, desk=WARD).progress is Progress.ANSWERED


def test_an_answer_that_was_interrupted_can_be_sent_again_to_the_other(world, pair, monkeypatch):
    one, other = pair
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    body = wallet.answer(request)

    def dies(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(one._store, "settle", dies)
    with pytest.raises(KeyboardInterrupt):
        post(one, view, body)
    assert other.look(view.id, desk=WARD).progress is Progress.FETCHED
    assert post(other, view, body).receipt
    assert other.look(view.id, desk=WARD).summary is not None


def test_confirm_tries_are_counted_over_all_processes(world, tmp_path, clock, database_url):
    one, other = (
        make_desk(world, tmp_path / "desk", clock=clock, database_url=database_url, confirm=True)
        for _ in range(2)
    )
    view, taken, _ = answered(world, one, other)
    wrong = "0000" if taken.confirm_code != "0000" else "1111"
    assert one.look(view.id, desk=WARD).summary is None
    assert code_of(one.confirm, view.id, wrong, desk=WARD) == "transaction.not_confirmed"
    assert code_of(other.confirm, view.id, wrong, desk=WARD) == "transaction.not_confirmed"
    assert other.look(view.id, desk=WARD).progress is Progress.CONFIRMING
    assert code_of(one.confirm, view.id, wrong, desk=WARD) == "transaction.not_confirmed"
    ended = other.look(view.id, desk=WARD)
    assert (ended.progress, ended.code) == (Progress.FAILED, "transaction.not_confirmed")
    assert code_of(other.confirm, view.id, taken.confirm_code, desk=WARD) == "transaction.closed"
    assert rows(one, "held") == []
    one.shut()
    other.shut()


def test_the_right_code_opens_the_result_for_all_processes(world, tmp_path, clock, database_url):
    one, other = (
        make_desk(world, tmp_path / "desk", clock=clock, database_url=database_url, confirm=True)
        for _ in range(2)
    )
    view, taken, _ = answered(world, one, other)
    assert one.confirm(view.id, taken.confirm_code, desk=WARD).summary is not None
    assert other.look(view.id, desk=WARD).summary is not None
    assert code_of(other.confirm, view.id, taken.confirm_code, desk=WARD) == "transaction.closed"
    one.shut()
    other.shut()


def test_closing_at_one_forgets_at_all(world, pair):
    one, other = pair
    view, _, _ = answered(world, one, other)
    other.close(view.id, desk=WARD)
    assert rows(one, "held") == []
    seen = one.look(view.id, desk=WARD)
    assert (seen.progress, seen.summary) == (Progress.CLOSED, None)
    assert code_of(one.fhir, view.id, desk=WARD) == "not_found"


def test_a_result_is_gone_at_its_time_even_before_it_is_swept_away(world, pair, clock):
    one, other = pair
    view, _, _ = answered(world, one, other)
    one.sweep()
    clock.offset = one.settings.result_lifetime
    assert len(rows(one, "held")) == 1
    assert code_of(one.fhir, view.id, desk=WARD) == "not_found"
    clock.offset += timedelta(seconds=5)
    other.sweep()
    assert rows(one, "held") == []
    assert one.look(view.id, desk=WARD).progress is Progress.CLOSED


def test_a_question_that_nobody_answered_is_forgotten(pair, clock):
    one, other = pair
    view = one.ask("emergency_admission", desk=WARD)
    clock.offset = one.settings.request_lifetime + timedelta(minutes=2)
    assert other.look(view.id, desk=WARD).progress is Progress.EXPIRED
    assert rows(one, "held") == []
    assert code_of(other.request_object, handle_of(view.link)) == "transaction.expired"


def test_a_question_that_was_declined_leaves_nothing(world, pair):
    one, other = pair
    view, request = opened(one, full_wallet(world))
    post(other, view, encode_error("access_denied", state=request.state))
    assert rows(one, "held") == []
    assert one.look(view.id, desk=WARD).progress is Progress.DECLINED


def test_of_an_answer_of_which_nothing_can_be_shown_only_what_failed_is_held(world, pair):
    one, other = pair
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    replayed = wallet.presentation(request.query, Challenge("x" * 22, request.client_id))
    assert code_of(post, other, view, wallet.answer(request, presentation=replayed))
    held = one.holding.get(view.id).answer
    assert held.presentation.answers == {}
    assert all(not s.items and not s.subject for s in held.summary.sections)
    assert one.look(view.id, desk=WARD).code


def test_nothing_of_a_result_lies_in_the_database_in_clear(world, pair, database_url):
    one, other = pair
    view, taken, wallet = answered(world, one, other)
    dump = dumped(database_url)
    assert view.id in dump
    assert "Penicillin" not in dump
    hidden = [*VALUES, *SUBJECT["givenNames"]]
    hidden += [part for text in wallet.held.values() for part in text.split("~")[1:] if part]
    hidden.append(taken.receipt)
    key = one.settings.holding_key_file.read_bytes()
    for value in [*hidden, key.hex(), b64url_encode(key)]:
        for form in (value, value.encode().hex(), b64url_encode(value.encode())):
            assert form not in dump, value


def test_the_key_of_an_open_question_does_not_lie_there_in_clear(pair, database_url):
    one, _ = pair
    view = one.ask("emergency_admission", desk=WARD)
    question = one.holding.get(view.id).question
    dump = dumped(database_url)
    assert question.key.jwk["d"] not in dump
    assert dump_json(question.key.jwk["d"]).hex() not in dump
    assert one.settings.holding_key_file.stat().st_mode & 0o777 == 0o600


def test_the_key_of_a_question_is_forgotten_with_its_answer(world, pair):
    one, other = pair
    view, _, _ = answered(world, one, other)
    assert one.holding.get(view.id).question is None


def test_a_row_that_was_put_in_anothers_place_does_not_open(world, pair):
    one, other = pair
    first, _, _ = answered(world, one, other)
    second = one.ask("emergency_admission", desk=WARD)
    with one._store.together() as connection:
        moved = "UPDATE held SET sealed = (SELECT sealed FROM held WHERE id = :a) WHERE id = :b"
        connection.execute(sa.text(moved), {"a": first.id, "b": second.id})
    assert code_of(other.look, second.id, desk=WARD) == "verifier.holding_key"


def test_a_process_with_another_key_says_so_and_is_not_ready(world, pair, tmp_path, database_url):
    one, _ = pair
    view = one.ask("emergency_admission", desk=WARD)
    stranger = make_desk(
        world,
        tmp_path / "desk",
        database_url=database_url,
        updated=False,
        holding_key=tmp_path / "other.key",
    )
    assert code_of(stranger.check) == "verifier.holding_key"
    assert code_of(stranger.look, view.id, desk=WARD) == "verifier.holding_key"
    one.check()
    stranger.shut()


def test_far_too_many_open_questions_are_refused(pair, monkeypatch):
    monkeypatch.setattr("verifier.service.sealed_holding.MAX_HELD", 1)
    one, other = pair
    one.ask("emergency_admission", desk=WARD)
    assert code_of(other.ask, "emergency_admission", desk=WARD) == "rate_limited"


def test_who_watches_one_process_hears_what_another_did(world, pair):
    one, other = pair
    wallet = full_wallet(world)
    view, request = opened(one, wallet)
    heard = []

    async def follow():
        async for seen in watch(one, view.id, name=WARD):
            heard.append(seen.progress)
            if not answering.done():
                answering.set_result(None)

    async def both():
        nonlocal answering
        answering = asyncio.get_running_loop().create_future()
        following = asyncio.create_task(follow())
        await answering
        assert await asyncio.to_thread(one._store.changes.hearing.wait, 10)
        await asyncio.to_thread(post, other, view, wallet.answer(request))
        await asyncio.wait_for(following, 2)  # far less than the time between unwoken looks

    answering = None
    asyncio.run(both())
    assert heard == [Progress.FETCHED, Progress.ANSWERED]
    assert one.look_seconds > 2


def test_processes_that_start_at_once_make_the_tables_once(postgresql, tmp_path):
    url = postgresql.empty_database()
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: open_store(tmp_path, url=url), range(4)))
    for store in stores:
        store.check()
        store.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql+psycopg://desk@/none?host=/nowhere", "verifier.database"),
        ("postgresql+nodriver://desk@/none", "verifier.setup"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_words(tmp_path, url, code):
    assert code_of(open_store, tmp_path, url=url) == code


def dumped(url):
    parts = sa.make_url(url)
    host, folder = parts.query["host"], next(iter(programs().values()))
    dump = [folder / "pg_dump", "--host", host, "--username", parts.username, parts.database]
    return subprocess.run(dump, check=True, capture_output=True, text=True).stdout
