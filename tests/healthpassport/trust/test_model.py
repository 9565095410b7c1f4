from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_trust import (
    HASH,
    ISS,
    NOW,
    STATUS,
    encoded,
    wire_issuer,
    wire_key,
    wire_list,
    wire_verifier,
)

from healthpassport.errors import PassportError, TrustError
from healthpassport.keys import generate_signer
from healthpassport.trust.model import TrustList
from schemas.queries import purposes

SIGNER, REGISTRAR = generate_signer(), generate_signer()
PRINT = SIGNER.public_key.thumbprint()


def parsed(**changes) -> TrustList:
    return TrustList.parse(encoded(wire_list(SIGNER, REGISTRAR, **changes)))


def refusal(**changes) -> str:
    with pytest.raises(TrustError) as caught:
        parsed(**changes)
    return caught.value.code


def test_a_list_is_read_and_written_again_without_change():
    found = parsed()
    assert TrustList.parse(found.to_bytes()) == found
    assert json.loads(found.to_bytes())["issuers"][0]["keys"][0]["recordTypes"] == [
        "AllergySummary"
    ]


def test_the_right_key_is_found():
    issuer, key = parsed().issuer_key(
        iss=ISS, thumbprint=PRINT, record_type="AllergySummary", at=NOW
    )
    assert (issuer.ods, key.public_key) == ("A12345", SIGNER.public_key)


def test_a_key_of_another_issuer_is_unknown():
    other = generate_signer()
    issuers = [
        wire_issuer(SIGNER),
        wire_issuer(other, iss="https://other.example", statusLists=[]),
    ]
    with pytest.raises(TrustError) as caught:
        parsed(issuers=issuers).issuer_key(
            iss=ISS,
            thumbprint=other.public_key.thumbprint(),
            record_type="AllergySummary",
            at=NOW,
        )
    assert caught.value.code == "trust.key_unknown"


@pytest.mark.parametrize("days", [-2, 300, 301])
def test_a_key_outside_its_validity_is_expired(days):
    with pytest.raises(TrustError) as caught:
        parsed().issuer_key(
            iss=ISS,
            thumbprint=PRINT,
            record_type="AllergySummary",
            at=NOW + timedelta(days=days),
        )
    assert caught.value.code == "trust.key_expired"


@pytest.mark.parametrize("iss", [ISS + "/", ISS.upper(), "issuer.example", ""])
def test_an_issuer_is_compared_octet_by_octet(iss):
    with pytest.raises(TrustError) as caught:
        parsed().issuer(iss)
    assert caught.value.code == "trust.issuer_unknown"


def test_a_verifier_is_found_by_the_hash_of_its_certificate():
    assert parsed().verifier(HASH, NOW).name == "Example Hospital"


@pytest.mark.parametrize(
    ("given_hash", "days", "code"),
    [
        ("B" * 43, 0, "trust.verifier_unknown"),
        (HASH, -2, "trust.verifier_expired"),
        (HASH, 300, "trust.verifier_expired"),
    ],
)
def test_a_verifier_that_may_not_ask(given_hash, days, code):
    with pytest.raises(TrustError) as caught:
        parsed().verifier(given_hash, NOW + timedelta(days=days))
    assert caught.value.code == code


def test_a_status_list_belongs_to_the_issuer_that_the_list_names():
    assert parsed().status_issuer(STATUS).iss == ISS
    assert parsed().status_issuer(STATUS + "0") is None


def test_the_purposes_are_the_closed_list_of_direct_care():
    assert set(purposes()) == {
        "emergency",
        "planned_admission",
        "medicines_check",
        "pharmacy",
        "ambulance",
        "new_patient",
        "community",
        "mental_health",
    }


@pytest.mark.parametrize(
    "purpose",
    [
        "research",
        "ai_training",
        "insurance",
        "employment",
        "benefits",
        "immigration",
        "policing",
        "marketing",
        "Emergency",
        "",
    ],
)
def test_a_list_with_another_purpose_is_refused(purpose):
    entry = wire_verifier()
    entry["purposes"][purpose] = entry["purposes"]["emergency"]
    assert refusal(verifiers=[entry]) == "trust.purpose"


BAD_ISSUERS = [
    {"iss": "http://issuer.example"},
    {"iss": "https://issuer.example?x=1"},
    {"iss": "https://user@issuer.example"},
    {"ods": "a12345"},
    {"ods": ""},
    {"name": ""},
    {"anchors": ["!"]},
    {"anchors": [1]},
    {"keys": []},
    {"statusLists": ["http://issuer.example/status/1"]},
    {"surprise": True},
]


@pytest.mark.parametrize("change", BAD_ISSUERS)
def test_an_issuer_out_of_shape_is_refused(change):
    assert refusal(issuers=[wire_issuer(SIGNER, **change)]) == "trust.invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"thumbprint": "short"},
        {"recordTypes": []},
        {"notBefore": "2026-01-01T00:00:00"},
        {"notAfter": "soon"},
        {"jwk": {"kty": "EC"}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": SIGNER.private_jwk()},
    ],
)
def test_a_key_out_of_shape_is_refused(change):
    keys = [wire_key(SIGNER, **change)]
    assert refusal(issuers=[wire_issuer(SIGNER, keys=keys)]) == "trust.invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"certificateHash": "x"},
        {"purposes": {}},
        {"purposes": {"emergency": {"retention": "x", "claims": {}}}},
        {"purposes": {"emergency": {"retention": "x", "claims": {"A": []}}}},
        {"notAfter": 5.5e400},
    ],
)
def test_a_verifier_out_of_shape_is_refused(change):
    assert refusal(verifiers=[wire_verifier(**change)]) == "trust.invalid"


@pytest.mark.parametrize(
    "change", [{"version": 0}, {"version": "1"}, {"version": 1.0}, {"issuedAt": "x"}, {"more": 1}]
)
def test_a_list_out_of_shape_is_refused(change):
    assert refusal(**change) == "trust.invalid"


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"type": 1, "type": 2}', b"\xff"])
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(TrustError) as caught:
        TrustList.parse(data)
    assert caught.value.code == "trust.invalid"


@pytest.mark.parametrize("kind", ["hp-status-list", "", None, 1])
def test_what_is_no_trust_list_is_refused(kind):
    assert refusal(type=kind) == "trust.type"


def test_a_key_that_two_issuers_share_is_refused():
    issuers = [wire_issuer(SIGNER), wire_issuer(SIGNER, iss="https://b.example", statusLists=[])]
    assert refusal(issuers=issuers) == "trust.duplicate"


def test_a_second_key_that_two_issuers_share_is_refused_and_one_beside_two_keys_is_not():
    second = generate_signer("ML-DSA-44").public_key.jwk()
    other = generate_signer()
    keys = [wire_key(key, secondJwk=second) for key in (SIGNER, other)]
    [both] = parsed(issuers=[wire_issuer(SIGNER, keys=keys)]).issuers
    assert {key.second_key for key in both.keys} == {both.keys[0].second_key}
    issuers = [
        wire_issuer(SIGNER, keys=keys[:1]),
        wire_issuer(other, iss="https://b.example", statusLists=[], keys=keys[1:]),
    ]
    assert refusal(issuers=issuers) == "trust.duplicate"


def test_a_status_list_that_two_issuers_share_is_refused():
    issuers = [wire_issuer(SIGNER), wire_issuer(generate_signer(), iss="https://b.example")]
    assert refusal(issuers=issuers) == "trust.duplicate"


def test_a_verifier_that_stands_twice_is_refused():
    assert refusal(verifiers=[wire_verifier(), wire_verifier(name="B")]) == "trust.duplicate"


@given(st.binary(max_size=200))
def test_no_bytes_end_in_anything_but_a_refusal_of_ours(data):
    with pytest.raises(PassportError):
        TrustList.parse(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(["issuers", "verifiers", "registrar", "issuedAt", "version"]), JSON)
def test_no_member_of_another_shape_ends_in_anything_but_a_refusal(member, value):
    wire = wire_list(SIGNER, REGISTRAR) | {member: value}
    try:
        TrustList.parse(encoded(wire))
    except TrustError as error:
        assert error.code.startswith("trust.")  # noqa: PT017 - most, not all values are refused
