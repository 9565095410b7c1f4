"""After close the desk knows nothing of the person: not on disk, not in its logs, not in memory.

Played with both formats: a result is opened, exported and closed, and a card is read. Then every
value, every name of a field, the status index and the holder's key are looked for.
"""

from __future__ import annotations

import gc
import hashlib
import random
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta

import pytest
from audit_words_world import words_of
from card_desk import made
from desk_world import ISS, Wallet, allergies, identity, make_desk, opened, post, seal

from healthpassport.credential import Challenge, Credential, Presentation, VerifiedSummary
from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError
from healthpassport.formats import format_named
from healthpassport.keys import generate_signer
from healthpassport.keys.multikey import multikey
from healthpassport.protocols.oid4vp import build_vp_token
from healthpassport.status.reference import StatusReference
from healthpassport.summary import disclosure_tree, record_types, to_payload
from verifier.service.audit import Actor
from verifier.service.audit_export import exported
from verifier.service.card_readings import CardReadings
from verifier.service.cards import Reader
from verifier.service.holding import Answer, Held, Question

INDEX = 98_765
WHO = Actor("RXX01", "ward", "dr.jones@example", "clinician")
SD_JWT, W3C = "dc+sd-jwt", "ldp_vc"
STATUS = {
    SD_JWT: {"status_list": {"idx": INDEX, "uri": f"{ISS}/status/1"}},
    W3C: {
        "credentialStatus": [
            {
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(INDEX),
                "statusListCredential": f"{ISS}/status/{purpose}",
            }
            for purpose in ("revocation", "suspension")
        ]
    },
}
FORGOTTEN = (Answer, Held, Question, Presentation, VerifiedSummary, StatusReference)


def shown(form, query_id, record, *, holder, world, challenge):
    """One record, issued a minute ago and shown whole."""
    now = datetime.now(UTC)
    one = format_named(form)
    text = one.issue(
        payload=to_payload(record),
        disclosable=disclosure_tree(record.type),
        signer=world.issuer,
        iss=ISS,
        holder_jwk=holder.public_key.jwk(),
        issued_at=now - timedelta(minutes=1),
        expires_at=now + timedelta(days=30),
        salts=random.Random(1).randbytes,  # noqa: S311 - nothing depends on it
        x5c=world.issuer_chain,
        status=STATUS[form],
    )
    held = one.open_held(text)
    more = {} if form == SD_JWT else {"random": random.Random(1).randbytes}  # noqa: S311
    return query_id, one.present(
        held,
        disclose=frozenset(held.places),
        challenge=challenge,
        holder_signer=holder,
        now=now,
        **more,
    )


def shared(desk, world, form, holder):
    """A question that was answered with two records in ``form``; the id of it."""
    view, request = opened(desk, Wallet(world, {}))
    challenge = Challenge(request.nonce, request.client_id)
    end = "" if form == SD_JWT else f"_{W3C}"
    parts = [
        shown(form, name + end, record, holder=holder, world=world, challenge=challenge)
        for name, record in (("identity", identity()), ("allergies", allergies()))
    ]
    answers = {name: (Credential(form, text),) for name, text in parts}
    body = seal(request, build_vp_token(Presentation(answers), state=request.state))
    # The world has no list for W3C records: these are seen, and not accepted.
    with suppress(ServiceError) if form == W3C else nullcontext():
        post(desk, view, body)
    return view.id


def saved(desk, name, form):
    with suppress(ServiceError) if form == W3C else nullcontext():
        desk.fhir(name, desk="ward", presentation=True, who=WHO)


def played(desk, world, form, holder):
    """A whole presentation, and a card, up to the close."""
    name = shared(desk, world, form, holder)
    seen = desk.look(name, desk="ward", who=WHO)
    assert seen.summary.section("AllergySummary").checks
    saved(desk, name, form)
    cards = CardReadings(desk)
    held = cards.read(made(world), reader=Reader("Dr Example", 4))
    cards.close(held.id)
    desk.close(name, desk="ward", who=WHO)


@pytest.fixture(scope="module")
def empty(world, tmp_path_factory):
    """What a desk keeps that met nobody: words of ours stand there as well."""
    desk = make_desk(world, tmp_path_factory.mktemp("empty") / "desk")
    return kept_by(desk)


def kept_by(desk):
    """Every octet of the database, with its log, and of the exported trail."""
    trail = b"".join(exported(desk.audit, who=WHO))
    home = desk.settings.home
    files = [path.read_bytes() for path in home.glob("verifier.sqlite*")]
    assert len(files) == 3
    desk.shut()
    return b"\n".join([*files, (home / "verifier.sqlite").read_bytes(), trail])


@pytest.mark.parametrize("form", [SD_JWT, W3C])
def test_nothing_of_the_person_is_left_on_disk_or_in_the_logs(world, tmp_path, form, empty, capsys):
    holder = generate_signer()
    desk = make_desk(world, tmp_path / "desk")
    played(desk, world, form, holder)
    kept = kept_by(desk) + "".join(capsys.readouterr()).encode()
    assert b"card.read" in kept
    kept = kept.replace(b"Dr Example", b"")  # who read the card, and no patient
    found = [word for word in needles(holder, form) if word.encode() in kept]
    assert [word for word in found if word.encode() not in empty] == []


def needles(holder, form):
    """What must be nowhere: values, names, index, key, and plain hashes of them."""
    words = words_of(identity(), allergies()) | set(record_types()) | {str(INDEX)}
    key = holder.public_key
    words |= {key.thumbprint(), key.jwk()["x"], key.jwk()["y"], multikey(key), form, "Penicillin"}
    hashed = {hashlib.sha256(word.encode()).digest() for word in words}
    return words | {one.hex() for one in hashed} | {b64url_encode(one) for one in hashed}


@pytest.mark.parametrize("form", [SD_JWT, W3C])
def test_nothing_of_the_person_is_left_in_memory(world, tmp_path, form):
    holder = generate_signer()
    # Turned round, so that what is looked for is not found in this test.
    key = holder.public_key
    told = [key.jwk()["x"], key.jwk()["y"], multikey(key), f"did:key:{multikey(key)}"]
    wanted = {text[::-1] for text in told}
    raw = key.raw[::-1]
    desk = make_desk(world, tmp_path / "desk")
    before = {id(one) for one in gc.get_objects() if isinstance(one, FORGOTTEN)}
    name = shared(desk, world, form, holder)
    del holder, key, told
    assert desk.holding.get(name) is not None
    desk.look(name, desk="ward", who=WHO)
    saved(desk, name, form)
    desk.close(name, desk="ward", who=WHO)
    gc.collect()
    left = [one for one in gc.get_objects() if isinstance(one, FORGOTTEN) and id(one) not in before]
    assert left == []
    assert seen_texts(wanted, raw) == []
    desk.shut()


def seen_texts(wanted, raw):
    """Texts and octets that something still refers to, and that tell the key."""
    found = []
    for one in gc.get_objects():
        for part in gc.get_referents(one):
            text = type(part) is str and part[::-1] in wanted
            if text or (type(part) is bytes and part[::-1] == raw):
                found.append(part)
    return found
