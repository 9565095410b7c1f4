"""A surgery that signs with ML-DSA-44 too, and desks that ask for it and that do not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from demo.client import ApiClient
from demo.script import PATIENT, TEMPLATE
from demo.world import Ports, World
from healthpassport.errors import ServiceError
from healthpassport.formats import sd_jwt_vc
from issuer.service.signing_keys import SECOND_ALGORITHM, make_signing_key

CLAIM = ("pq_signature",)


def started(folder, **named):
    world = World(folder / "demo", ports=Ports.free(), patience=60, **named)
    world.start()
    world.desk.update()
    world.wallet.init(world.passphrase)
    world.wallet.update_trust()
    practice = ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)
    offer = practice.post("/offers", {"bundle": json.loads(PATIENT.read_bytes())})
    stored = world.wallet.accept(world.wallet.add_offer(offer["link"]), offer["pin"])
    assert {record.type for record in stored} == set(offer["recordTypes"])
    return world


def ended(world):
    world.stop()
    world.wallet.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    world = started(folder, second_signature=True, require_post_quantum=True)
    yield world
    ended(world)


@pytest.fixture
def tolerant(strict):
    """The same world, in which the desk goes back to what is the default."""
    yield reopened(strict, require_post_quantum=False)
    reopened(strict, require_post_quantum=True)


def reopened(world, *, require_post_quantum):
    world.desk_server.stop()
    world.desk.shut()
    for name in ("desk_settings", "desk", "desk_server"):
        del world.__dict__[name]
    world.require_post_quantum = require_post_quantum
    world.desk.update()
    world.desk_server.start()
    return world


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory):
    """The surgery signs once, as everywhere by default, and the desk asks for more."""
    world = started(tmp_path_factory.mktemp("unsigned"), require_post_quantum=True)
    yield world
    ended(world)


def asked(world):
    hospital = ApiClient(world.desk_server.url, world.desk_key, world.fetcher)
    return hospital, hospital.post("/requests", {"template": TEMPLATE})


def shared(world, bend=lambda question: question):
    """Everything that the wallet offers, ticked, and what the desk then says."""
    hospital, request = asked(world)
    question = bend(world.wallet.prepare(request["link"]))
    told = ""
    try:
        world.wallet.share(question, frozenset(tick.number for tick in question.ticks))
    except ServiceError as error:
        told = f"{error.code}: {error.detail}"
    return hospital.get(f"/requests/{request['id']}")["result"], question, told


def answered(result):
    return [s for s in result["sections"] if s["state"] not in {"not_shared", "not_asked_for"}]


def without_signature(question):
    """What a wallet would send that keeps the second signature to itself."""

    def stripped(record):
        assert CLAIM in record.held.places
        places = {place: d for place, d in record.held.places.items() if place != CLAIM}
        return replace(record, held=sd_jwt_vc.Held(record.held.parsed, record.held.payload, places))

    records = {name: tuple(map(stripped, held)) for name, held in question.records.items()}
    return replace(question, records=records)


def test_a_desk_that_requires_both_signatures_accepts_what_bears_both(strict):
    result, question, _ = shared(strict)
    assert result["verdict"] == "accepted", result["codes"]
    assert len(answered(result)) == len(question.records) > 1
    lists = [s for s in answered(result) if s["type"] != "PatientIdentity"]
    assert all(s["shown"] == s["total"] > 0 for s in lists)


def test_a_person_is_not_asked_about_a_signature(strict):
    _, question, _ = shared(strict)
    places = {target.place for tick in question.ticks for target in tick.targets}
    assert CLAIM not in places
    assert all(CLAIM in r.held.places for held in question.records.values() for r in held)
    assert not any("signature" in f"{tick.label} {tick.value}" for tick in question.ticks)
    strict.wallet.open_past(strict.passphrase)
    [newest, *_] = strict.wallet.history()
    assert "Allergies" in str(newest.what)
    assert "signature" not in str(newest.what)


def test_what_is_unticked_stays_and_the_signature_goes(strict):
    hospital, request = asked(strict)
    question = strict.wallet.prepare(request["link"])
    items = [tick.number for tick in question.ticks if tick.parent and len(tick.targets) == 1]
    strict.wallet.share(question, question.ticked - set(items))
    result = hospital.get(f"/requests/{request['id']}")["result"]
    assert result["verdict"] == "accepted", result["codes"]
    assert not any(s["items"] for s in answered(result))


def test_a_signature_that_was_kept_back_is_noticed(strict):
    result, _, told = shared(strict, without_signature)
    assert told.startswith("wallet.not_accepted")
    assert "held back" in told
    assert result["codes"] == ["pq.withheld"]
    section = answered(result)[0]
    assert (section["state"], section["items"]) == ("failed_check", [])
    assert section["problem"]["party"] == "wallet"
    assert "held back" in section["problem"]["title"]


def test_a_desk_that_does_not_ask_is_not_sent_it(tolerant):
    sent = []

    def watched(question):
        sent.extend(claim.path for c in question.request.query.credentials for claim in c.claims)
        return question

    result, question, _ = shared(tolerant, watched)
    assert result["verdict"] == "accepted", result["codes"]
    assert CLAIM not in sent
    assert all(CLAIM in r.held.places for held in question.records.values() for r in held)


def test_records_that_bear_one_signature_are_refused_before_their_content_is_sent(unsigned):
    result, question, told = shared(unsigned)
    assert "the trust list names no key for it" in told
    assert result["verdict"] == "rejected"
    assert result["codes"] == ["pq.untrusted"]
    assert all(s["state"] == "failed_check" and not s["items"] for s in answered(result))
    records = [tick for tick in question.ticks if tick.targets[0].place == ()]
    assert all("second signature" in tick.value for tick in records)
    assert not any(tick.parent for tick in question.ticks)  # no item is even offered
    unsigned.wallet.open_past(unsigned.passphrase)
    [newest, *_] = unsigned.wallet.history()
    assert all("/" not in line or ": 0/" in line for line in newest.what)


def test_a_list_that_names_a_key_makes_a_record_without_its_signature_no_better(unsigned):
    world = unsigned
    iss = world.issuer_settings.iss
    [entry] = [i for i in world.authority.store.load().issuers if i.iss == iss]
    made = make_signing_key(
        world.folders.issuer / "late.key",
        algorithm=SECOND_ALGORITHM,
        host="localhost",
        passphrase=None,
    )
    thumbprint = entry.keys[0].thumbprint
    now = world.clock()
    listed = world.authority.set_second_key(iss, thumbprint, now=now, csr_pem=made.csr_pem)
    assert listed.thumbprint() == made.thumbprint
    world.authority.publish(world.folders.published, now=now)
    world.desk.update()
    result, _, _ = shared(world)
    assert result["codes"] == ["pq.missing"]
    assert "no post-quantum signature" in answered(result)[0]["problem"]["title"]
