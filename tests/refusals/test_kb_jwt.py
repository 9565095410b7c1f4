"""Presentations that a desk refuses because the holder's proof is missing, foreign or stale."""

from __future__ import annotations

import json

import forge
import pytest
from forge import (
    CHALLENGE,
    EPOCH,
    HOLDER,
    OTHER_HOLDER,
    b64,
    bound,
    claims,
    digest,
    disclosure,
    jwt,
    record,
    verify,
)

from healthpassport.credential import Challenge
from healthpassport.errors import PassportError
from healthpassport.keys import generate_signer

ALLERGY = disclosure("salt-1", "onset", "2001")
SECOND = disclosure("salt-2", "recorder", "Dr Example")
RECORD = record(ALLERGY, SECOND)
YEAR = 365 * 86_400


def refused(text: str, code: str, **changes: object) -> None:
    with pytest.raises(PassportError) as refusal:
        verify(text, **changes)
    assert (refusal.value.code, refusal.value.status) == (code, 400)


def test_the_sound_presentation_that_the_others_are_made_from_is_accepted():
    seen = verify(bound(RECORD))
    assert seen.holder_key == HOLDER.public_key
    assert seen.disclosed == {("onset",), ("recorder",)}


def without(sd_part: str, text: str) -> str:
    return sd_part.replace(f"~{text}~", "~")


def moved(made_for: str, sent: str) -> str:
    """A KB-JWT that was made over ``made_for``, behind ``sent``."""
    return sent + bound(made_for).rpartition("~")[2]


def flipped(text: str, place: int) -> str:
    """``text`` with another character in the signature of its last part."""
    character = "A" if text[place] != "A" else "B"
    return f"{text[:place]}{character}{text[place:][1:]}"


CASES = {
    "kb-001": (RECORD, "kb.missing"),
    "kb-002": (bound(RECORD, aud="x509_hash:another-desk"), "kb.aud"),
    "kb-003": (bound(RECORD, aud=[CHALLENGE.audience, "x509_hash:other"]), "kb.aud"),
    "kb-003-alone-in-a-list": (bound(RECORD, aud=[CHALLENGE.audience]), "kb.aud"),
    "aud-missing": (bound(RECORD, aud=None), "kb.aud"),
    "aud-without-its-prefix": (bound(RECORD, aud="desk"), "kb.aud"),
    "kb-005": (bound(RECORD, nonce="the-nonce-of-another-transaction"), "kb.nonce"),
    "kb-006-missing": (bound(RECORD, nonce=None), "kb.nonce"),
    "kb-006-empty": (bound(RECORD, nonce=""), "kb.nonce"),
    "kb-006-number": (bound(RECORD, nonce=12345), "kb.nonce"),
    "kb-007-fewer": (bound(RECORD, sd_hash=digest(without(RECORD, SECOND))), "kb.sd_hash"),
    "kb-007-more": (bound(without(RECORD, SECOND), sd_hash=digest(RECORD)), "kb.sd_hash"),
    "kb-007-without-the-tilde": (bound(RECORD, sd_hash=digest(RECORD[:-1])), "kb.sd_hash"),
    "kb-008-dropped": (moved(RECORD, without(RECORD, SECOND)), "kb.sd_hash"),
    "kb-008-added": (moved(without(RECORD, SECOND), RECORD), "kb.sd_hash"),
    "kb-009": (bound(RECORD, sd_hash=None), "kb.sd_hash"),
    "sd-hash-of-another-kind": (bound(RECORD, sd_hash=["x"]), "kb.sd_hash"),
    "kb-010-first": (flipped(bound(RECORD), -86), "kb.signature"),
    "kb-010-middle": (flipped(bound(RECORD), -40), "kb.signature"),
    "kb-012": (bound(RECORD, iat=EPOCH - YEAR), "kb.iat"),
    "just-too-old": (bound(RECORD, iat=EPOCH - 301), "kb.iat"),
    "from-the-future": (bound(RECORD, iat=EPOCH + 61), "kb.iat"),
    "kb-014": (bound(RECORD, iat=None), "kb.iat"),
    "iat-as-text": (bound(RECORD, iat=str(EPOCH)), "kb.iat"),
    "iat-as-boolean": (bound(RECORD, iat=True), "kb.iat"),
    "expired": (bound(RECORD, exp=EPOCH - 61), "kb.time"),
    "not-yet-valid": (bound(RECORD, nbf=EPOCH + 61), "kb.time"),
    "time-of-another-kind": (bound(RECORD, exp="soon"), "kb.time"),
    "kb-015-jwt": (bound(RECORD, header={"typ": "JWT"}), "kb.typ"),
    "kb-015-missing": (bound(RECORD, header={"typ": None}), "kb.typ"),
    "kb-015-media-type": (bound(RECORD, header={"typ": "application/kb+jwt"}), "kb.typ"),
    "kb-015-a-key-proof": (bound(RECORD, header={"typ": "openid4vci-proof+jwt"}), "kb.typ"),
    "kb-016-none": (bound(RECORD, header={"alg": "none"}), "jws.alg_not_allowed"),
    "kb-016-hs256": (bound(RECORD, header={"alg": "HS256"}), "jws.alg_not_allowed"),
    "another-algorithm": (bound(RECORD, header={"alg": "EdDSA"}), "jws.key_alg_mismatch"),
    "its-own-key": (
        bound(RECORD, signer=OTHER_HOLDER, header={"jwk": OTHER_HOLDER.public_key.jwk()}),
        "jws.key_source_not_allowed",
    ),
    "an-extension": (bound(RECORD, header={"crit": ["x"], "x": 1}), "jws.crit_unsupported"),
    "kb-017": (bound(record(ALLERGY, cnf=None), signer=OTHER_HOLDER), "kb.cnf_missing"),
    "kb-018-kid": (bound(record(cnf={"kid": "key-1"})), "kb.cnf_method"),
    "kb-018-jku": (bound(record(cnf={"jku": "https://evil.example"})), "kb.cnf_method"),
    "kb-018-x5u": (
        bound(record(cnf={"x5u": "https://evil.example", "jwk": HOLDER.public_key.jwk()})),
        "kb.cnf_method",
    ),
    "kb-018-string": (bound(record(cnf="key")), "kb.cnf_method"),
    "kb-018-jwk-as-text": (bound(record(cnf={"jwk": "{}"})), "kb.cnf_method"),
    "kb-019": (bound(record(cnf={"jwk": HOLDER.private_jwk()})), "kb.cnf_private"),
    "kb-022": (bound(RECORD, signer=OTHER_HOLDER), "kb.signature"),
    "kb-022-moved": (
        moved(record(ALLERGY, SECOND, cnf={"jwk": OTHER_HOLDER.public_key.jwk()}), RECORD),
        "kb.sd_hash",
    ),
    "a-disclosure-in-its-place": (RECORD + ALLERGY, "sdjwt.syntax"),
    "two-of-them": (bound(RECORD) + "~" + bound(RECORD).rpartition("~")[2], "b64.not_canonical"),
    "a-claim-twice": (RECORD + jwt('{"aud": "a", "aud": "b"}', signer=HOLDER, typ="kb+jwt"), None),
}


@pytest.mark.parametrize(("text", "code"), CASES.values(), ids=CASES)
def test_a_proof_that_is_missing_foreign_or_stale_is_refused(text, code):
    refused(text, code or "json.duplicate_key")


POINTS = {
    "kb-020-off-the-curve": {"y": b64(bytes(31) + b"\x01")},
    "kb-020-infinity": {"x": b64(bytes(32)), "y": b64(bytes(32))},
    "kb-020-short": {"x": b64(bytes(31))},
    "kb-020-long": {"x": b64(bytes(33))},
    "kb-020-beyond-the-field": {"x": b64(b"\xff" * 32)},
}


@pytest.mark.parametrize("member", POINTS.values(), ids=POINTS)
def test_a_holder_key_that_is_no_point_of_its_curve_is_refused(member):
    jwk = HOLDER.public_key.jwk() | member
    refused(bound(record(cnf={"jwk": jwk})), "jwk.invalid_point")


def test_a_kid_beside_the_holder_key_is_no_other_method():
    assert verify(bound(record(cnf={"jwk": HOLDER.public_key.jwk(), "kid": "mine"})))


@pytest.mark.parametrize("seconds", [-300, -299, 0, 60])
def test_a_proof_of_the_last_five_minutes_is_fresh(seconds):
    assert verify(bound(RECORD, iat=EPOCH + seconds))


def test_a_proof_may_carry_times_of_its_own():
    assert verify(bound(RECORD, exp=EPOCH + 60, nbf=EPOCH - 60))


@pytest.mark.parametrize("algorithm", ["ES384", "EdDSA"])
def test_the_holder_may_sign_with_any_algorithm_of_the_table(algorithm):
    holder = generate_signer(algorithm)
    text = bound(record(cnf={"jwk": holder.public_key.jwk()}), signer=holder)
    assert verify(text).holder_key == holder.public_key


def test_a_proof_that_no_one_asked_for_is_refused():
    refused(bound(RECORD), "kb.unexpected", challenge=None)
    assert verify(RECORD, challenge=None)


@pytest.mark.parametrize("empty", [Challenge("", CHALLENGE.audience), Challenge("n", "")])
def test_an_empty_challenge_matches_nothing(empty):
    text = bound(RECORD, nonce=empty.nonce, aud=empty.audience)
    refused(text, "kb.nonce" if not empty.nonce else "kb.aud", challenge=empty)


def test_no_byte_of_a_presentation_can_be_changed():
    text = bound(record(ALLERGY, cnf=claims()["cnf"]))
    for place in range(0, len(text), 3):
        changed = flipped(text, place - len(text))
        with pytest.raises(PassportError):
            verify(changed)


def test_no_refusal_repeats_a_value_of_the_record():
    secret = "Penicillin-anaphylaxis"
    text = bound(record(disclosure("s", "onset", secret), onset=secret))
    with pytest.raises(PassportError) as refusal:
        verify(text)
    assert secret not in json.dumps(refusal.value.problem())


def test_the_moment_of_the_check_is_the_callers():
    refused(bound(RECORD), "kb.iat", now=forge.NOW.replace(minute=6))
