"""A request with an Idempotency-Key makes one thing, whatever breaks between two tries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from api_world import System, bundle, code, fresh_key, later
from issuer_config import told
from simulated_issuer import Site, summary
from sqlalchemy import func, select, update

from healthpassport.errors import ServiceError, SourceError
from issuer import service
from issuer.service.once import LEASE, Made, once
from issuer.service.scopes import Caller
from issuer.service.telling import forget
from issuer.store.again import ContentionError, tried_again
from issuer.store.api_tables import api_answers
from issuer.store.joined import JoinedStore
from issuer.store.tables import offers

ROOT = Path(__file__).resolve().parents[3]
KEY = "1f0c4a5e-6b7d-4c8e-9f00-2a3b4c5d6e7f"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("once"), {"client_request_burst": 10**6})
    made.epr = System(made, "epr").enter()
    return made


@pytest.fixture
def epr(site):
    return site.epr.enter()


def count(site, table=offers):
    with site.issuer.store.reading() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar()


def test_the_same_request_is_answered_alike_and_makes_one_offer(site, epr):
    before, key = count(site), fresh_key()
    first = epr.make_offer(key=key)
    assert first.status == 201, first.body
    again = epr.make_offer(key=f'"{key}"')
    assert (again.status, again.json()) == (201, first.json())
    assert count(site) == before + 1
    epr.enter()  # another token of the same client
    assert epr.make_offer(key=key).json() == first.json()
    assert epr.make_offer(key=fresh_key()).json()["offerId"] != first.json()["offerId"]


def test_without_a_key_every_request_makes_an_offer(epr):
    assert epr.make_offer().json()["offerId"] != epr.make_offer().json()["offerId"]


@pytest.mark.parametrize(
    "changed",
    [{"recordTypes": ["PatientIdentity"]}, {"subject": "Patient/1"}],
    ids=str,
)
def test_another_body_under_the_same_key_is_refused(site, epr, changed):
    key = fresh_key()
    assert epr.make_offer(key=key).status == 201
    before = count(site)
    assert code(epr.make_offer(key=key, **changed)) == (422, "api.idempotency_reused")
    assert count(site) == before


def test_another_address_under_the_same_key_is_refused(epr):
    key = fresh_key()
    assert epr.make_offer(key=key).status == 201
    answer = epr.call("POST", "/offers?x=1", {"bundle": bundle()}, key=key)
    assert code(answer) == (422, "api.idempotency_reused")
    answer = epr.call("POST", "/cards", {"bundle": bundle()}, key=key)
    assert code(answer) == (422, "api.idempotency_reused")


def test_the_same_key_of_another_client_is_another_key(site, epr):
    other, key = System(site, "other-epr").enter(), fresh_key()
    mine, theirs = epr.make_offer(key=key), other.make_offer(key=key)
    assert mine.json()["offerId"] != theirs.json()["offerId"]


def test_an_api_key_may_use_it_as_well(site):
    headers = {"x-api-key": site.api_key, "idempotency-key": fresh_key()}
    body = json.dumps({"bundle": bundle()}).encode()
    one, two = (site.call("POST", "/offers", body=body, headers=headers) for _ in range(2))
    assert one.json() == two.json()


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 201, '"' + KEY, KEY + '"', "a b" * 10, "é" * 30, f'"{KEY}";a=1']
)
def test_a_malformed_key_is_refused(epr, key):
    assert code(epr.make_offer(key=key)) == (400, "api.idempotency_key")


def test_two_keys_at_once_are_refused(site, epr):
    headers = [
        ("authorization", f"Bearer {epr.token}"),
        ("idempotency-key", fresh_key()),
        ("idempotency-key", fresh_key()),
    ]
    body = json.dumps({"bundle": bundle()}).encode()
    answer = site.call("POST", "/offers", body=body, headers=headers)
    assert code(answer) == (400, "api.idempotency_key")


def test_a_refusal_made_nothing_and_leaves_the_key_free(site, epr):
    key = fresh_key()
    refused = epr.call("POST", "/offers", {"bundle": {"resourceType": "Bundle"}}, key=key)
    assert 400 <= refused.status < 500
    assert epr.make_offer(key=key).status == 201


def test_who_may_not_do_it_is_told_nothing_of_what_was_made(site, epr):
    key = fresh_key()
    assert epr.make_offer(key=key).status == 201
    weak = {"authorization": "Bearer hpt_" + "A" * 43, "idempotency-key": key}
    body = json.dumps({"bundle": bundle(), "recordTypes": ["AllergySummary"]}).encode()
    assert site.call("POST", "/offers", body=body, headers=weak).status == 401


def test_after_a_day_the_key_is_forgotten(site, epr):
    key = fresh_key()
    first = epr.make_offer(key=key).json()
    later(site, hours=23)
    epr.enter()
    assert epr.make_offer(key=key).json() == first
    later(site, hours=1, seconds=1)
    epr.enter()
    assert epr.make_offer(key=key).json() != first
    later(site, days=2)
    forget(site.issuer)
    assert count(site, api_answers) == 0


def test_what_is_kept_names_nobody_and_holds_no_pin_and_no_key(site, epr):
    key = fresh_key()
    told = epr.make_offer(key=key).json()
    held = site.files()
    for secret in (key, told["link"], "Quillfeather", "9990000018", told["credential_offer_uri"]):
        assert secret.encode() not in held, secret


def caller(secret="material"):  # noqa: S107 - of nobody
    return Caller("epr", frozenset(), has_token=True, secret=secret)


def test_another_secret_opens_no_answer(site):
    key = fresh_key()

    def work(_issuer):
        return Made(201, {"a": "b"})

    once(site.issuer, caller(), key=key, asked="x", work=work)
    with pytest.raises(ServiceError) as caught:
        once(site.issuer, caller("other"), key=key, asked="x", work=work)
    assert caught.value.code == "api.idempotency_reused"


def test_while_the_first_is_under_way_the_second_is_told_so(site):
    key, seen = fresh_key(), []

    def work(_issuer):
        with pytest.raises(ServiceError) as caught:
            once(site.issuer, caller(), key=key, asked="x", work=lambda _i: Made(201, {}))
        seen.append(caught.value.code)
        return Made(201, {"first": True})

    assert once(site.issuer, caller(), key=key, asked="x", work=work).body == {"first": True}
    assert seen == ["api.idempotency_in_flight"]


def test_one_that_took_too_long_keeps_nothing_where_another_was_quicker(site):
    key, before = fresh_key(), count(site)

    def slow(inner):
        other = replace(site.issuer, clock=lambda: site.now + timedelta(seconds=LEASE + 1))
        done = once(other, caller(), key=key, asked="x", work=lambda _i: Made(201, {"quick": 1}))
        assert done.body == {"quick": 1}
        return Made(201, {"slow": service.offer_summary(inner, client="epr", summary=summary()).id})

    with pytest.raises(ServiceError) as caught:
        once(site.issuer, caller(), key=key, asked="x", work=slow)
    assert caught.value.code == "api.idempotency_in_flight"
    assert count(site) == before


def test_a_failure_after_a_step_keeps_nothing_of_the_step(site):
    before = count(site)

    def work(inner):
        service.offer_summary(inner, client="epr", summary=summary())
        raise SourceError("offer.nothing")

    with pytest.raises(SourceError):
        once(site.issuer, caller(), key=fresh_key(), asked="x", work=work)
    assert count(site) == before


def test_a_fault_in_the_code_gives_the_key_back_too(site):
    key = fresh_key()

    def work(inner):
        service.offer_summary(inner, client="epr", summary=summary())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        once(site.issuer, caller(), key=key, asked="x", work=work)
    made = once(site.issuer, caller(), key=key, asked="x", work=lambda _i: Made(201, {}))
    assert made.status == 201


def test_many_at_once_make_one_offer(site):
    key, before = fresh_key(), count(site)

    def ask(_turn):
        def work(inner):
            made = service.offer_summary(inner, client="epr", summary=summary())
            return Made(201, {"offerId": made.id})

        try:
            return once(site.issuer, caller(), key=key, asked="x", work=work).body["offerId"]
        except ServiceError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(ask, range(16)))
    assert len(told - {"api.idempotency_in_flight"}) == 1
    assert count(site) == before + 1


def settings_file(site, tmp_path):
    values = site.settings.model_dump(mode="json", include=set(site.settings.model_fields_set))
    values |= told(site.settings)
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items() if value is not None]
    path = tmp_path / "issuer.toml"
    path.write_text("\n".join(lines))
    return path


def run(config, key, when):
    command = [sys.executable, str(Path(__file__).with_name("once_worker.py"))]
    return subprocess.run(
        [*command, str(config), key, "material", when],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("when", "made"), [("at_the_end", 0), ("after", 1)])
def test_a_process_that_is_killed_leaves_the_offer_and_its_answer_or_neither(tmp_path, when, made):
    site = Site(tmp_path)
    config, key = settings_file(site, tmp_path), fresh_key()
    assert run(config, key, when).returncode == -9
    assert count(site) == made

    def work(inner):
        offer = service.offer_summary(inner, client="epr", summary=summary())
        return Made(201, {"offerId": offer.id})

    def again():
        known = caller()
        return once(site.issuer, known, key=key, asked="POST /offers", work=work).body["offerId"]

    if not made:
        with pytest.raises(ServiceError) as caught:
            again()
        assert caught.value.code == "api.idempotency_in_flight"
        later(site, seconds=LEASE)
    first = again()
    assert again() == first
    assert count(site) == 1
    site.issuer.store.close()


def test_what_is_tried_again_is_not_kept_without_what_was_done_before_it(site):
    """As where PostgreSQL ends the second of two pieces: the first is rolled back with it."""
    joined = JoinedStore(site.issuer.store.engine)
    tries = []

    @tried_again
    def second():
        with joined.writing() as tx:
            tx.execute(update(offers).values(client="nobody"))
            tries.append(None)
            if len(tries) == 1:
                raise ContentionError("issuer.unavailable")

    def both():
        with joined.together():
            with joined.writing() as tx:
                tx.execute(select(offers.c.id))
            second()

    with pytest.raises(ServiceError) as caught:
        both()
    assert caught.value.code == "issuer.unavailable"
    with site.issuer.store.reading() as tx:
        assert "nobody" not in tx.execute(select(offers.c.client)).scalars()
    assert len(tries) == 1
