"""What the store keeps for record systems: clients, tokens, receivers, messages, answers."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from store_rows import NOW, a_report, an_issuance, an_offer, new

from healthpassport.errors import ServiceError
from issuer.store import (
    api_clients,
    issuances,
    kept_answers,
    messages,
    offers,
    pages,
    receivers,
    reports,
    webhook_secrets,
)
from issuer.store.api_tables import webhook_messages


def a_client(tx, **changes):
    made = api_clients.ApiClient(
        **({"name": new(), "scopes": "a b", "dpop": True, "created_at": NOW} | changes)
    )
    api_clients.add(tx, made)
    return made


def a_receiver(tx, client):
    made = receivers.Receiver(new(), client, "https://epr.example", ("offer.expired",), NOW)
    receivers.add(tx, made)
    return made


def a_message(receiver, **changes):
    values = {
        "id": new(),
        "client": receiver.client,
        "receiver": receiver.id,
        "body": "{}",
        "state": messages.WAITING,
        "attempts": 0,
        "since": NOW,
        "due_at": NOW,
    }
    return messages.Message(**(values | changes))


def test_a_client_is_kept_changed_and_listed_once(store):
    with store.writing() as tx:
        made = a_client(tx)
        api_clients.change(tx, made.name, scopes="c", dpop=False)
    with store.reading() as tx:
        assert api_clients.find(tx, made.name) == replace(made, scopes="c", dpop=False)
        assert [one.name for one in api_clients.every(tx)].count(made.name) == 1
        assert api_clients.find(tx, made.name + " ") is None


def test_two_clients_of_one_name_are_refused(store):
    with store.writing() as tx:
        made = a_client(tx)
    with pytest.raises((ServiceError, IntegrityError)), store.writing() as tx:
        a_client(tx, name=made.name)


def test_credentials_end_all_but_one_and_none_later_than_it_would(store):
    with store.writing() as tx:
        client = a_client(tx).name
        ids = [new() for _ in range(3)]
        for place, one in enumerate(ids):
            ends = NOW + 5 if place == 0 else None
            made = api_clients.Credential(one, client, NOW + place, secret_hash=new(), ends_at=ends)
            api_clients.add_credential(tx, made)
        api_clients.end_credentials(tx, client, ends_at=NOW + 50, but=ids[2])
    with store.reading() as tx:
        for at, left in ((NOW + 4, ids), (NOW + 5, ids[1:]), (NOW + 50, ids[2:])):
            found = api_clients.credentials(tx, client, now=at)
            assert [one.id for one in found] == list(left)
        assert api_clients.credentials(tx, "nobody", now=NOW) == ()


def test_a_token_is_good_until_it_or_its_client_ends(store):
    with store.writing() as tx:
        client = a_client(tx)
        held = api_clients.ApiToken(new(), client.name, "a", NOW + 10, "thumb", b"\x00\xff")
        api_clients.add_token(tx, held)
    with store.reading() as tx:
        found, owner = api_clients.token(tx, held.token_hash, now=NOW)
        assert found == held
        assert (owner.name, owner.scopes, owner.dpop) == (client.name, "a b", True)
        assert api_clients.token(tx, held.token_hash, now=NOW + 10) is None
    with store.writing() as tx:
        api_clients.change(tx, client.name, ended_at=NOW)
        assert api_clients.token(tx, held.token_hash, now=NOW) is None
        api_clients.change(tx, client.name, ended_at=None)
        api_clients.forget_tokens(tx, NOW + 9)
        assert api_clients.token(tx, held.token_hash, now=NOW) is not None
        api_clients.forget_tokens(tx, NOW, client=client.name)
        assert api_clients.token(tx, held.token_hash, now=NOW) is None


def test_what_happens_is_noted_for_clients_with_a_receiver_alone(store):
    with store.writing() as tx:
        quiet, told = a_client(tx).name, a_client(tx).name
        a_receiver(tx, told)
        made = []
        for client in (quiet, told):
            offer = an_offer(client=client)
            offers.add(tx, offer, {"AllergySummary": b"x"})
            issuance = an_issuance(offer.id, client=client)
            issuances.add(tx, issuance)
            issuances.add(tx, an_issuance(offer.id, client=client, record_type="Other"))
            issuances.set_status(tx, issuance.id, 1)
            offers.close(tx, offer.id, offers.OfferState.EXPIRED)
            reports.add(tx, a_report(new(), client=client))
            made.append(offer.id)
        seen = []

        def compose(event):
            seen.append((event.client, event.kind))
            return ()

        messages.take_events(tx, compose, limit=1000)
        messages.take_events(tx, compose, limit=1000)
    mine = [kind for client, kind in seen if client in {quiet, told}]
    assert mine == ["offer.collected", "record.withdrawn", "offer.expired", "report.received"]


def test_a_message_is_claimed_by_one_until_the_claim_lapses(store):
    with store.writing() as tx:
        receiver = a_receiver(tx, a_client(tx).name)
        held = a_message(receiver)
        tx.execute(insert(webhook_messages).values(asdict(held)))
        assert messages.claim(tx, held.id, now=NOW, until=NOW + 30)
        assert not messages.claim(tx, held.id, now=NOW + 29, until=NOW + 60)
        assert messages.claim(tx, held.id, now=NOW + 30, until=NOW + 60)
        messages.put_off(tx, held.id, due_at=NOW + 100, problem="webhook.failed")
        assert not messages.claim(tx, held.id, now=NOW + 99, until=NOW + 200)
        assert held.id in {one.id for one in messages.due(tx, now=NOW + 100, limit=1000)}
        messages.give_up(tx, held.id, problem="webhook.failed")
        dead = messages.latest(tx, client=receiver.client, dead=True, limit=5)
        assert [(one.id, one.attempts) for one in dead] == [(held.id, 2)]
        assert not messages.retry(tx, held.id, now=NOW + 200, client="another")
        assert messages.retry(tx, held.id, now=NOW + 200, client=receiver.client)
        messages.sent(tx, held.id)
        assert not messages.retry(tx, held.id, now=NOW + 300, client=None)
        messages.purge(tx, NOW + 200 + messages.KEEP_SENT + 1)
        assert messages.latest(tx, client=receiver.client, dead=False, limit=5) == ()


def test_a_receiver_that_ends_takes_its_messages_with_it(store):
    with store.writing() as tx:
        receiver = a_receiver(tx, a_client(tx).name)
        held = a_message(receiver)
        tx.execute(insert(webhook_messages).values(asdict(held)))
        secret = webhook_secrets.SealedSecret(new(), receiver.id, b"sealed", NOW)
        webhook_secrets.add(tx, secret)
        assert webhook_secrets.of_receiver(tx, receiver.id, now=NOW) == (secret,)
        before = messages.backlog(tx)[0]
        receivers.end(tx, receiver.id)
        assert messages.backlog(tx)[0] == before - 1
        assert receivers.of_client(tx, receiver.client) == ()
        assert receivers.find(tx, receiver.id) is None
        assert webhook_secrets.of_receiver(tx, receiver.id, now=NOW) == ()


def test_a_secret_signs_until_its_end_and_the_one_that_lasts_comes_first(store):
    with store.writing() as tx:
        receiver = a_receiver(tx, a_client(tx).name)
        before, after = (
            webhook_secrets.SealedSecret(new(), receiver.id, b"sealed", NOW + later)
            for later in (0, 1)
        )
        for one in (before, after):
            webhook_secrets.add(tx, one)
        webhook_secrets.end_others(tx, receiver.id, but=after.id, ends_at=NOW + 10)
        kept = webhook_secrets.of_receiver(tx, receiver.id, now=NOW + 9)
        assert [one.id for one in kept] == [after.id, before.id]
        webhook_secrets.forget(tx, NOW + 10)
        kept = webhook_secrets.of_receiver(tx, receiver.id, now=NOW)
        assert [one.id for one in kept] == [after.id]


def an_answer(**changes):
    values = {
        "client": "practice",
        "key_hash": new(),
        "fingerprint": "f",
        "claim": new(),
        "claimed_until": NOW + 60,
        "expires_at": NOW + 600,
    }
    return kept_answers.KeptAnswer(**(values | changes))


def test_an_answer_is_claimed_once_taken_over_when_it_lapsed_and_kept_for_its_time(store):
    first = an_answer()
    other = replace(first, claim=new(), claimed_until=NOW + 120)
    with store.writing() as tx:
        assert kept_answers.claim(tx, first, now=NOW) == first
        assert kept_answers.claim(tx, other, now=NOW + 59) == first
        strange = replace(other, fingerprint="another request")
        assert kept_answers.claim(tx, strange, now=NOW + 60) == first
        assert kept_answers.claim(tx, other, now=NOW + 60) == other
        done = {"status": 201, "sealed": b"\x00\xff", "expires_at": NOW + 900}
        assert not kept_answers.finish(tx, first, **done)
        assert kept_answers.finish(tx, other, **done)
        kept_answers.release(tx, other)  # what was answered is not given back
        found = kept_answers.claim(tx, first, now=NOW + 899)
        assert (found.status, found.sealed) == (201, b"\x00\xff")
        assert kept_answers.claim(tx, first, now=NOW + 900) == first
        kept_answers.release(tx, first)
        assert kept_answers.claim(tx, other, now=NOW) == other
        kept_answers.forget(tx, NOW + 600)
        assert kept_answers.claim(tx, first, now=NOW) == first


@pytest.mark.parametrize("page", ["offers", "issuances"])
def test_pages_follow_each_other_without_a_row_twice_also_within_one_second(store, page):
    client = new()
    with store.writing() as tx:
        made = [an_offer(client=client, created_at=NOW + n // 3) for n in range(8)]
        offers.add_all(tx, [(one, {}, {}) for one in made])
        offers.add(tx, an_offer(client=client, pin_mac=""), {})  # a wallet's own
        given = [an_issuance(one.id, client=client, issued_at=one.created_at) for one in made]
        for one in given:
            issuances.add(tx, one)
    seen, after = [], None
    with store.reading() as tx:
        while True:
            if page == "offers":
                found = pages.offers_page(tx, client=client, after=after, limit=3)
                moments = [one.created_at for one in found]
            else:
                found = pages.issuances_page(tx, client=client, offer=None, after=after, limit=3)
                moments = [one.issued_at for one in found]
            if not found:
                break
            seen += [one.id for one in found]
            after = pages.Place(moments[-1], found[-1].id)
    wanted = made if page == "offers" else given
    assert len(seen) == 8
    assert set(seen) == {one.id for one in wanted}
