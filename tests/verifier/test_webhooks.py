"""Telling the hospital's systems: signed, durable, tried again, sent once, nothing clinical."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from asgi_calls import call
from desk_world import Clock, code_of, full_wallet, make_desk, make_world, opened, post
from hypothesis import given
from hypothesis import strategies as st
from simulated_web import page, serve, write_tls
from webhook_receiver import Receiver, genuine

from healthpassport.fetch import HttpResponse
from healthpassport.webhooks import MAX_AGE, MAX_ATTEMPTS, backoff, sign
from verifier.api import create_app
from verifier.service.receivers import add_receiver, load_receivers, require_allowed
from verifier.service.webhooks import Webhooks
from verifier.settings import VerifierSettings
from verifier.store import open_store
from verifier.store.webhooks import DEAD, SENT, WAITING

URL = "https://ris.hospital.example/told"
HOSTS = ("ris.hospital.example:443",)
WARD = {"authorization": "Bearer ward-key"}
OTHER = {"authorization": "Bearer other-key"}


@pytest.fixture(scope="module")
def own_world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("webhooks"))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(own_world, tmp_path, clock):
    home = tmp_path / "desk"
    home.mkdir()
    keys = {n: hashlib.sha256(f"{n}-key".encode()).hexdigest() for n in ("ward", "other")}
    (home / "api-keys.json").write_text(json.dumps(keys))
    made = make_desk(own_world, home, clock=clock, webhook_hosts=HOSTS)
    add_receiver(made.settings, "ward", URL, random=secrets.token_bytes)
    made.webhooks = webhooks(made, Receiver())
    made.app = create_app(made.settings, desk=made)
    yield made
    made.shut()


def webhooks(desk, receiver):
    made = Webhooks(
        desk.settings,
        desk._store.webhooks,
        random=secrets.token_bytes,
        audit=desk.audit,
        fetcher=receiver,
    )
    made.receiver = receiver
    return made


def asked(desk, *, headers=WARD, **more):
    body = {"template": "emergency_admission", **more}
    return call(desk.app, "POST", "/requests", headers=headers, body=body)


def deliver(desk):
    return desk.webhooks.deliver(desk.clock())


def only(desk):
    (message,) = desk.webhooks.outbox.messages()
    return message


def closed(desk):
    """A request that was closed, so that one message waits."""
    made = asked(desk).json["id"]
    desk.close(made, desk="ward")
    return made


def test_each_state_is_told_with_id_state_and_time_alone(own_world, desk):
    made = asked(desk).json
    assert deliver(desk).noted == 0
    wallet = full_wallet(own_world)
    view = desk.look(made["id"], desk="ward")
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    deliver(desk)
    post(desk, view, wallet.answer(request))
    deliver(desk)
    desk.close(view.id, desk="ward")
    deliver(desk)
    receiver = desk.webhooks.receiver
    assert receiver.states == ["fetched", "answered", "closed"]
    for told in receiver.told:
        assert told.keys() == {"type", "timestamp", "data"}
        assert told["data"].keys() == {"id", "state"}
        assert told["data"]["id"] == view.id
    everything = b"".join(request.body for request in receiver.got)
    for word in (b"Example", b"Given", b"9990000018", b"1958", b"Penicillin", b"llerg"):
        assert word not in everything
    assert deliver(desk).noted == 0


def test_a_message_can_be_checked_with_the_documented_lines(desk):
    closed(desk)
    deliver(desk)
    (request,) = desk.webhooks.receiver.got
    (secret,) = load_receivers(desk.settings)["ward"].secrets
    now = desk.clock().timestamp()
    assert genuine(secret, request.headers, request.body, now=now)
    assert not genuine(secret, request.headers, request.body + b" ", now=now)
    assert not genuine(secret, request.headers, request.body, now=now + 600)
    other = {**request.headers, "webhook-id": "msg_other"}
    assert not genuine(secret, other, request.body, now=now)


def test_the_vectors_of_the_documentation_hold():
    table = json.loads((Path(__file__).parents[1] / "vectors" / "webhooks.json").read_text())
    for row in table["vectors"]:
        keys = [secret_of(name) for name in row["secrets"]]
        assert sign(row["id"], row["timestamp"], row["body"], keys=keys) == row["signature"]


def secret_of(name):
    return base64.b64decode(name.removeprefix("whsec_"))


def test_while_a_secret_is_changed_both_sign(desk):
    (old,) = load_receivers(desk.settings)["ward"].secrets
    new = add_receiver(desk.settings, "ward", URL, random=secrets.token_bytes)
    desk.webhooks = webhooks(desk, Receiver())
    closed(desk)
    deliver(desk)
    (request,) = desk.webhooks.receiver.got
    now = desk.clock().timestamp()
    assert all(genuine(one, request.headers, request.body, now=now) for one in (old, new))
    assert desk.settings.webhooks_file.stat().st_mode & 0o777 == 0o600


def test_a_failure_is_tried_again_later_under_the_same_id_and_a_new_time(desk, clock):
    desk.webhooks = webhooks(desk, Receiver([500, "net.timeout", "net.redirect", 204]))
    closed(desk)
    for problem in ("webhook.status", "net.timeout", "net.redirect"):
        assert deliver(desk).failed == 1
        assert (only(desk).state, only(desk).problem) == (WAITING, problem)
        assert deliver(desk).failed == 0  # not due yet
        clock.offset += timedelta(minutes=10)
    assert deliver(desk).sent == 1
    got = desk.webhooks.receiver.got
    assert len({request.headers["webhook-id"] for request in got}) == 1
    assert len({request.headers["webhook-timestamp"] for request in got}) == 4
    assert only(desk).state == SENT


def test_the_tries_are_bounded_in_number_and_age_and_end_in_the_list_of_the_dead(desk, clock):
    desk.webhooks = webhooks(desk, Receiver([503]))
    closed(desk)
    for _ in range(40):
        deliver(desk)
        clock.offset += timedelta(hours=3)
        if only(desk).state == DEAD:
            break
    assert only(desk).state == DEAD
    assert len(desk.webhooks.receiver.got) <= MAX_ATTEMPTS
    assert only(desk).problem == "webhook.status"
    desk.webhooks.receiver.answers = [204]
    assert deliver(desk).sent == 0
    desk.webhooks.outbox.retry(only(desk).id, now=desk.clock())
    assert deliver(desk).sent == 1
    assert code_of(desk.webhooks.outbox.retry, only(desk).id, now=desk.clock()) == "not_found"


def test_a_receiver_that_is_gone_is_not_tried_again(desk):
    desk.webhooks = webhooks(desk, Receiver([410]))
    closed(desk)
    deliver(desk)
    assert (only(desk).state, only(desk).problem) == (DEAD, "webhook.gone")
    assert any("webhook.failed" in str(sealed) for sealed in desk.audit.all())


def test_a_receiver_may_ask_to_wait_within_bounds(desk):
    for said, least, most in (("600", 600, 610), ("9999999", 0, 10), ("soon", 0, 10)):
        desk.webhooks = webhooks(desk, Receiver([HttpResponse(503, {"retry-after": said}, b"")]))
        closed(desk)
        deliver(desk)
        message = next(m for m in desk.webhooks.outbox.messages() if m.state == WAITING)
        wait = (message.due_at - desk.clock()).total_seconds()
        assert least - 2 <= wait <= most
        desk.webhooks.outbox.give_up(message.id, problem="test")


def test_what_waits_survives_a_restart(desk, own_world):
    closed(desk)
    desk.webhooks.outbox.note_changes(
        now=desk.clock(), compose=lambda name, state: ("msg_1", f"{name} {state}")
    )
    desk.shut()
    store = open_store(desk.settings.database_file)
    again = Webhooks(desk.settings, store.webhooks, random=secrets.token_bytes, fetcher=Receiver())
    assert again.deliver(desk.clock()).sent == 1
    store.close()


def test_two_processes_send_a_message_once(desk):
    closed(desk)
    store = open_store(desk.settings.database_file)
    second = Webhooks(desk.settings, store.webhooks, random=secrets.token_bytes, fetcher=Receiver())
    done = []
    desk.webhooks.receiver.on_fetch = lambda: done.append(second.deliver(desk.clock()))
    assert deliver(desk).sent == 1
    assert [(one.noted, one.sent) for one in done] == [(0, 0)]
    store.close()


def test_a_process_that_died_while_sending_holds_a_message_for_a_minute_alone(desk, clock):
    closed(desk)
    deliver_nothing = desk.webhooks.outbox
    deliver_nothing.note_changes(now=desk.clock(), compose=lambda _i, s: ("msg_1", s))
    assert len(deliver_nothing.claim(now=desk.clock(), lease=timedelta(minutes=1), limit=9)) == 1
    assert deliver(desk).sent == 0
    clock.offset += timedelta(minutes=2)
    assert deliver(desk).sent == 1


def test_a_question_that_nobody_answered_is_told_as_expired(desk, clock):
    asked(desk)
    clock.offset += timedelta(minutes=6)
    deliver(desk)
    assert desk.webhooks.receiver.states == ["expired"]


def test_another_organisations_messages_are_neither_sent_nor_seen(desk):
    closed(desk)
    other = desk._store.for_tenant("other").webhooks
    assert other.note_changes(now=desk.clock(), compose=lambda _i, s: ("msg_2", s)) == 0
    deliver(desk)
    assert other.messages() == ()
    assert code_of(other.retry, only(desk).id, now=desk.clock()) == "not_found"


@pytest.mark.parametrize(
    "url",
    [
        "http://ris.hospital.example/told",
        "https://ris.hospital.example:8443/told",
        "https://other.example/told",
        "https://ris.hospital.example@other.example/",
        "https://user@ris.hospital.example/",
        "https://ris.hospital.example/#x",
        "https://ris.hospital.example:0x1bb/",
        "https://[::1/",
        "https://169.254.169.254/",
        "ftp://ris.hospital.example/",
        "https://ris.hospital.example/ x",
        "https://ris.hospital.example/\x7f",
        "",
        "https://ris.hospital.example/" + "x" * 1024,
    ],
)
def test_an_address_that_the_settings_do_not_allow_is_refused(tmp_path, url):
    settings = VerifierSettings(home=tmp_path, webhook_hosts=HOSTS)
    assert code_of(require_allowed, url, settings) == "webhook.host"


def test_a_request_may_name_another_address_on_an_allowed_host_only(desk):
    there = URL + "/beds/7"
    made = asked(desk, callback=there).json["id"]
    desk.close(made, desk="ward")
    deliver(desk)
    assert desk.webhooks.receiver.got[0].url == there
    refused = asked(desk, callback="https://other.example/")
    assert (refused.status, refused.json["code"]) == (400, "webhook.host")
    refused = asked(desk, headers=OTHER, callback=URL)
    assert (refused.status, refused.json["code"]) == (400, "webhook.receiver")
    assert asked(desk, headers=OTHER).status == 201


def test_a_host_that_was_taken_off_the_settings_gets_nothing_more(desk):
    closed(desk)
    desk.settings.__dict__["webhook_hosts"] = ()
    assert deliver(desk).sent == 0
    assert (only(desk).state, only(desk).problem) == (DEAD, "webhook.host")
    assert not desk.webhooks.receiver.got


def test_old_messages_and_watches_leave(desk, clock):
    closed(desk)
    deliver(desk)
    asked(desk)
    clock.offset += timedelta(days=3)
    desk.webhooks.outbox.purge(now=desk.clock())
    assert desk.webhooks.outbox.messages() == ()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        '{"version": 2, "receivers": {}}',
        '{"version": 1, "receivers": {"ward": {"url": "https://a.example", "secrets": []}}}',
        '{"version": 1, "receivers": {"ward": {"url": "x", "secrets": ["whsec_AAAA"]}}}',
        '{"version": 1, "receivers": {"ward": {"url": "x", "secrets": ["whsec_!"]}}}',
    ],
)
def test_a_file_of_another_shape_stops_the_desk(tmp_path, content):
    settings = VerifierSettings(home=tmp_path)
    settings.webhooks_file.write_text(content)
    assert code_of(load_receivers, settings) == "webhook.setup"


@given(tried=st.integers(1, 100), random=st.binary(min_size=4, max_size=4))
def test_the_wait_grows_and_stays_within_bounds(tried, random):
    wait = backoff(tried, lambda _count: random)
    assert timedelta(seconds=2.5) <= wait <= timedelta(hours=3) < MAX_AGE
    if tried < 6:
        assert wait < backoff(tried + 2, lambda _count: bytes(4))


def test_it_goes_over_real_https_and_never_to_a_private_address_unasked(own_world, tmp_path, clock):
    pem = write_tls(tmp_path)
    with serve(pem, page(b"", status="204 No Content")) as server:
        hosts = (f"localhost:{server.port}",)
        home = tmp_path / "desk"
        made = make_desk(own_world, home, clock=clock, webhook_hosts=hosts)
        closed_desk = replace_settings(made, hospital_ca_file=pem)
        add_receiver(made.settings, "ward", server.url, random=secrets.token_bytes)
        view, _ = opened(made, full_wallet(own_world))
        made._store.webhooks.watch(
            view.id, desk="ward", url=server.url, told="waiting", now=made.clock()
        )
        refused = Webhooks(closed_desk, made._store.webhooks, random=secrets.token_bytes)
        assert refused.deliver(made.clock()).failed == 1
        (message,) = made._store.webhooks.messages()
        assert message.problem == "ssrf.blocked"
        made._store.webhooks.retry(message.id, now=made.clock())
        allowed = replace_settings(made, hospital_ca_file=pem, hospital_private_hosts=hosts)
        sending = Webhooks(allowed, made._store.webhooks, random=secrets.token_bytes)
        assert sending.deliver(made.clock()).sent == 1
        made.shut()
    assert b"webhook-signature: v1," in server.requests[0]


def replace_settings(desk, **changes):
    return desk.settings.model_copy(update=changes)


def test_two_processes_over_one_database_send_each_message_once(own_world, tmp_path, database_url):
    pair = [
        make_desk(
            own_world,
            tmp_path / "desk",
            updated=first,
            database_url=database_url,
            webhook_hosts=HOSTS,
        )
        for first in (True, False)
    ]
    add_receiver(pair[0].settings, "ward", URL, random=secrets.token_bytes)
    for one in pair:
        one.webhooks = webhooks(one, Receiver())
    for _ in range(12):
        view = pair[0].ask("emergency_admission", desk="ward")
        pair[0].webhooks.watch(view, desk="ward", url=URL)
        pair[1].close(view.id, desk="ward")
    now = pair[0].clock()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda turn: pair[turn % 2].webhooks.deliver(now), range(8)))
    assert (sum(one.noted for one in done), sum(one.sent for one in done)) == (12, 12)
    ids = [r.headers["webhook-id"] for one in pair for r in one.webhooks.receiver.got]
    assert len(set(ids)) == len(ids) == 12
    for one in pair:
        one.shut()
