"""Records that a surgery has not finished: waited for, asked for again, given up with a reason."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from refreshing_world import (
    EGG,
    ISSUER,
    LATEX,
    NUT,
    PASSPHRASE,
    RefreshingWorld,
    listed,
)
from typer.testing import CliRunner
from waiting_steps import DEFERRED, codes, decide, later, waited
from wallet_world import with_json

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import HttpResponse
from issuer import service
from issuer.service import Decision
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet
from wallet.service.grants import read_grants
from wallet.service.put_off import LONGEST, read_put_off

WAITING, SOON = "wallet.waiting", "wallet.asked_too_soon"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("waiting") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    whole.change(sign_off="all", deferred_notification=True, encryption="offered")
    for one in service.waiting_records(whole.issuer):
        service.decide(whole.issuer, deferral=one.id, decision=Decision.DENY)
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


def asked(world):
    return [json.loads(r.body)["transaction_id"] for r in world.wire.sent if r.url == DEFERRED]


def test_what_comes_later_is_waited_for_and_then_kept(world, wallet):
    views = waited(world, wallet)
    assert {one.type for one in views} >= {"PatientIdentity", "AllergySummary"}
    assert all(one.title and one.next_step and not one.ended for one in views)
    assert wallet.records() == ()
    assert wallet.people.list() == ()
    later(world)
    decide(world)
    (outcome,) = wallet.waiting.look()
    assert (outcome.code, outcome.renewed) == ("", True)
    assert len(outcome.notes) == len(views)
    assert wallet.waiting.list() == ()
    assert {one.type for one in wallet.records()} == {one.type for one in views}
    assert all(one.fresh_copies == 5 for one in wallet.records())
    (person,) = wallet.people.list()
    assert {one.person for one in wallet.records()} == {person.id}
    assert person.mine
    (grant,) = read_grants(wallet._vault)  # and it can be brought up to date from now on
    assert grant.person == person.id
    assert set(grant.names) == {one.type for one in views}
    told = [json.loads(r.body)["event"] for r in world.wire.sent if r.url.endswith("/notification")]
    assert told == ["credential_accepted"] * len(views)


def test_the_keys_and_the_secret_stand_sealed_in_the_vault(world, wallet):
    waited(world, wallet)
    one = read_put_off(wallet._vault)[0]
    raw = wallet._around.vault_file.read_bytes()
    assert one.transaction
    assert one.transaction.encode() not in raw
    assert str(one.keys[0]["d"]).encode() not in raw
    assert one.transaction not in repr(one)


def test_a_surgery_is_not_asked_before_it_said(world, wallet):
    waited(world, wallet)
    assert codes(wallet.waiting.look()) == [SOON]
    assert wallet.updates.refresh_due() == ()
    assert world.wire.urls() == []
    later(world)
    assert codes(wallet.waiting.look()) == [WAITING]
    assert len(set(asked(world))) == len(wallet.waiting.list())
    world.wire.sent.clear()
    assert codes(wallet.waiting.look()) == [SOON]
    assert world.wire.urls() == []


def test_the_timetable_asks_by_itself(world, wallet):
    waited(world, wallet)
    later(world)
    decide(world)
    assert codes(wallet.updates.refresh_due()) == [""]
    assert wallet.records()


def test_it_goes_on_after_the_wallet_was_locked_and_days_later(world, wallet):
    waited(world, wallet)
    wallet.lock()
    world.pass_time(days=3)
    service.sweep(world.issuer)
    decide(world)
    wallet.unlock(PASSPHRASE)
    assert codes(wallet.waiting.look()) == [""]


def test_some_may_come_and_others_wait(world, wallet):
    waited(world, wallet)
    later(world)
    decide(world, only="PatientIdentity")
    assert sorted(codes(wallet.waiting.look())) == ["", WAITING]
    assert [one.type for one in wallet.records()] == ["PatientIdentity"]
    (person,) = wallet.people.list()
    later(world)
    decide(world)
    assert codes(wallet.waiting.look()) == [""]
    assert {one.person for one in wallet.records()} == {person.id}


def test_what_staff_denied_is_told_and_not_asked_for_again(world, wallet):
    views = waited(world, wallet)
    later(world)
    decide(world, Decision.DENY)
    assert codes(wallet.waiting.look()) == ["wallet.record_denied"]
    ended = wallet.waiting.list()
    assert {one.ended for one in ended} == {"wallet.record_denied"}
    world.wire.sent.clear()
    later(world)
    assert wallet.waiting.look() == ()
    assert world.wire.urls() == []
    for one in views:
        wallet.waiting.forget(one.id)
    assert wallet.waiting.list() == ()
    with pytest.raises(ServiceError, match=r"^wallet\.record_unknown"):
        wallet.waiting.forget(views[0].id)
    with pytest.raises(ServiceError, match=r"^wallet\.record_unknown"):
        wallet.waiting.look(["nothing"])


def bend(world, change):
    world.wire.bend = lambda request, good: change(good) if request.url == DEFERRED else good


@pytest.mark.parametrize(
    ("answer", "code", "ends"),
    [
        ((400, b'{"error": "invalid_transaction_id"}'), "wallet.record_forgotten", True),
        ((400, b'{"error": "credential_request_denied"}'), "wallet.record_denied", True),
        ((400, b'{"error": "invalid_request"}'), "wallet.issuer_failed", False),
        ((503, b""), "wallet.issuer_failed", False),
        ((200, b"no JSON"), "wallet.issuer_failed", False),
        ((200, b"{}"), "oid4vci.response", False),
        ((202, b'{"transaction_id": "x", "interval": 0}'), "oid4vci.response", False),
        ((202, b'{"transaction_id": "x", "interval": -5}'), "oid4vci.response", False),
        ((202, b'{"transaction_id": "x"}'), "oid4vci.response", False),
        (
            (202, b'{"transaction_id": "x", "interval": 9, "credentials": []}'),
            "oid4vci.response",
            False,
        ),
        ((200, b'{"credentials": [{"credential": "x"}]}'), "wallet.credential_rejected", True),
    ],
)
def test_an_answer_that_is_no_record_adds_nothing(world, wallet, answer, code, ends):
    waited(world, wallet)
    later(world)
    bend(world, lambda _good: HttpResponse(answer[0], {}, answer[1]))
    (outcome,) = wallet.waiting.look()
    assert outcome.code == code
    assert outcome.title
    assert wallet.records() == ()
    assert {bool(one.ended) for one in wallet.waiting.list()} == {ends}


def test_a_surgery_that_is_away_costs_nothing(world, wallet):
    waited(world, wallet)
    later(world)
    world.wire.down |= {"localhost:9002"}
    assert codes(wallet.waiting.look()) == ["net.unreachable"]
    world.wire.down.clear()
    decide(world)
    assert codes(wallet.waiting.look()) == [""]


def test_the_longest_wait_that_is_believed_is_a_month(world, wallet):
    waited(world, wallet)
    later(world)
    bend(world, with_json(lambda told: told.update(interval=10**12)))
    assert codes(wallet.waiting.look()) == [WAITING]
    assert {one.again for one in wallet.waiting.list()} == {world.now + LONGEST}


def test_a_newer_record_that_comes_later_replaces_the_older_and_says_what_changed(world, wallet):
    world.change(sign_off="none")
    world.add(wallet)
    (before,) = [one.id for one in wallet.records() if one.type == "AllergySummary"]
    world.change(sign_off="all")
    world.tell(NUT, EGG)
    (outcome,) = wallet.updates.refresh()
    assert (outcome.code, outcome.done) == (WAITING, True)
    assert sorted(listed(wallet)) == ["Allergy to latex", "Allergy to peanut"]
    world.wire.sent.clear()
    (again,) = wallet.updates.refresh()  # it is asked for once, and not a second time meanwhile
    assert again.code == WAITING
    assert not [r for r in world.wire.sent if r.url == f"{ISSUER}/credential"]
    later(world)
    decide(world)
    (came,) = wallet.waiting.look()
    assert sorted(listed(wallet)) == ["Allergy to egg", "Allergy to peanut"]
    kinds = {change.kind for note in came.notes for change in note.changes}
    assert {"gone", "added"} <= kinds
    (after,) = [one.id for one in wallet.records() if one.type == "AllergySummary"]
    assert after == before
    assert wallet.waiting.list() == ()
    world.tell(NUT, LATEX)


def test_a_newer_offer_ends_the_waiting_for_the_same_record(world, wallet):
    world.change(sign_off="none")
    world.add(wallet)
    world.change(sign_off="all")
    wallet.updates.refresh()
    assert wallet.waiting.list()
    world.change(sign_off="none")
    world.add(wallet)
    assert wallet.waiting.list() == ()


def test_removing_a_person_ends_the_waiting_for_their_records(world, wallet):
    world.change(sign_off="none")
    world.add(wallet)
    world.change(sign_off="all")
    wallet.updates.refresh()
    wallet.people.remove("1")
    assert wallet.waiting.list() == ()


def test_what_comes_for_somebody_else_is_refused_for_good(world, wallet, monkeypatch):
    from wallet.service import arriving  # noqa: PLC0415

    world.change(sign_off="none")
    world.add(wallet)
    world.change(sign_off="all")
    wallet.updates.refresh()
    later(world)
    decide(world)

    def another(*_given, **_named):
        raise ServiceError("people.another")

    monkeypatch.setattr(arriving, "place", another)
    assert codes(wallet.waiting.look()) == ["wallet.other_person"]
    assert {one.ended for one in wallet.waiting.list()} == {"wallet.other_person"}


def test_without_leave_to_come_back_the_first_token_is_used_while_it_lasts(world, wallet):
    def alone(request, answer):
        no_way_back = with_json(lambda told: told.pop("refresh_token", None))
        return no_way_back(answer) if request.url == f"{ISSUER}/token" else answer

    offer = world.offer_source()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = alone
    wallet.accept(preview, offer.pin)
    assert read_grants(wallet._vault) == ()
    world.change(deferred_interval_seconds=60)
    later(world)
    wallet.waiting.look()
    assert codes(wallet.waiting.look()) == [SOON]
    world.now += timedelta(hours=2)
    wallet.unlock(PASSPHRASE)
    assert codes(wallet.waiting.look()) == ["wallet.record_forgotten"]


def test_the_words_of_an_encrypting_surgery_are_encrypted_later_too(world, wallet):
    world.change(encryption="required")

    def says_so(request, answer):
        if not request.url.endswith("openid-credential-issuer"):
            return answer
        both = ("credential_request_encryption", "credential_response_encryption")
        told = with_json(lambda m: [m[name].update(encryption_required=True) for name in both])
        return told(answer)  # the metadata of a running surgery stay as they were

    world.wire.bend = says_so
    waited(world, wallet)
    later(world)
    decide(world)
    assert codes(wallet.waiting.look()) == [""]
    sent = [r for r in world.wire.sent if r.url == DEFERRED]
    assert {r.headers["Content-Type"] for r in sent} == {"application/jwt"}
    assert all(b"transaction_id" not in b64url_decode(r.body.split(b".")[0].decode()) for r in sent)


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    world.wallet(tmp_path).close()
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(tmp_path)))

    def command(*words):
        arguments = [*map(str, words), "--passphrase-file", str(secret)]
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return command


def test_the_commands_say_what_is_still_to_come(run, world, tmp_path):
    offer = world.offer_source()
    pin = tmp_path / "pin"
    pin.write_text(offer.pin)
    code, out, err = run("add", offer.link, "--yes", "--pin-file", pin)
    assert code == 0
    assert "Allergies, Example Surgery: The surgery has not finished" in out
    assert "Nothing was added yet." in err
    assert "Allergies, Example Surgery: The surgery has not finished" in run("due")[1]
    assert "too soon" in run("waiting", "look")[1]
    told = json.loads(run("waiting", "list", "--json")[1])
    assert told["version"] == 1
    later(world)
    decide(world)
    code, out, _ = run("waiting", "look")
    assert code == 0
    assert "Example Surgery: Your records are up to date." in out
    assert run("waiting", "list")[1] == ""


def test_waiting_needs_an_open_wallet(wallet):
    wallet.lock()
    with pytest.raises(PassportError, match=r"^vault\.locked"):
        wallet.waiting.list()
