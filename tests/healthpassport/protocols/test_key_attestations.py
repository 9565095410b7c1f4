"""Key attestations (OpenID4VCI 1.0 appendix D), alone and in both proof types."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from attested_keys import KEYS, LEAF, NOW, ROOT, attested
from cryptography.hazmat.primitives.asymmetric import ec
from simulated_ca import AT, make

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ProtocolError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from healthpassport.protocols.oid4vci import AttestationPolicy, verify_key_attestation

ISSUER = "https://issuer.example"
OTHER_ROOT = make("Others", ca=True, host=None)
LEVELS = AttestationPolicy(
    (ROOT.der,), key_storage=("iso_18045_high", "iso_18045_moderate"), user_authentication=("x",)
)


def policy(**changes):
    return AttestationPolicy((ROOT.der,), **changes)


def check(token, *, rule=None, expiry_required=True, now=AT):
    return verify_key_attestation(
        token, policy=rule or policy(), expiry_required=expiry_required, now=now
    )


def wrong(token, **more):
    with pytest.raises(ProtocolError, match=r"^oid4vci\.invalid_proof"):
        check(token, **more)


def test_a_good_attestation_gives_its_keys_and_its_nonce():
    found = check(attested())
    assert [key.raw for key in found.keys] == [key.public_key.raw for key in KEYS]
    assert found.nonce == "n"


def test_keys_are_found_by_their_kid_or_their_place():
    jwks = [KEYS[0].public_key.jwk() | {"kid": "a"}, KEYS[1].public_key.jwk()]
    assert list(check(attested(keys=jwks)).names) == ["a", "1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"without": ("iat",)},
        {"without": ("exp",)},
        {"without": ("nonce",)},
        {"without": ("attested_keys",)},
        {"without": ("x5c",)},
        {"without": ("typ",)},
        {"iat": NOW + 120},
        {"iat": "now"},
        {"exp": NOW - 120},
        {"exp": True},
        {"nonce": 5},
        {"keys": []},
        {"keys": "text"},
        {"keys": ["text"]},
        {"keys": [{}]},
        {"keys": [KEYS[0].public_key.jwk()] * 2},
        {"keys": [KEYS[0].private_jwk()]},
        {"keys": [KEYS[0].public_key.jwk()] * 101},
        {"keys": [generate_signer("EdDSA").public_key.jwk()]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}]},
        {"key_storage": "iso_18045_high"},
        {"header": {"typ": "openid4vci-proof+jwt"}},
        {"header": {"typ": "JWT"}},
        {"header": {"jwk": KEYS[0].public_key.jwk()}},
        {"header": {"x5c": []}},
        {"header": {"crit": ["exp"], "exp": 1}},
        {"chain": [LEAF, ROOT]},
    ],
    ids="-".join,
)
def test_an_attestation_that_is_wrong_in_one_way_is_refused(changes):
    wrong(attested(**changes))


@pytest.mark.parametrize(
    "leaf",
    [
        make("Stranger", OTHER_ROOT),
        make("Alone"),
        make("Old", ROOT, end=AT - timedelta(days=1)),
        make("Authority", ROOT, ca=True),
    ],
    ids=lambda made: made.certificate.subject.rfc4514_string(),
)
def test_an_attester_that_is_not_believed_is_refused(leaf):
    wrong(attested(leaf))


def test_somebody_elses_signature_under_a_good_chain_is_refused():
    forged = make("Attester", ROOT, host="attester.example")
    wrong(attested(forged, chain=[LEAF]))
    wrong(attested().rpartition(".")[0] + "." + "A" * 86)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
def test_another_algorithm_is_refused(algorithm):
    head, body, signature = attested().split(".")
    bent = {"typ": "key-attestation+jwt", "alg": algorithm, "x5c": "..."}
    told = json.loads(base64.urlsafe_b64decode(head + "=="))
    bent["x5c"] = told["x5c"]
    wrong(f"{b64url_encode(json.dumps(bent).encode())}.{body}.{signature}")


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "e30.e30.", "x" * 70_000])
def test_what_is_no_attestation_is_refused(token):
    wrong(token)


def test_an_attestation_alone_may_do_without_an_end():
    assert check(attested(without=("exp",)), expiry_required=False).nonce == "n"


def test_no_anchor_believes_nobody():
    wrong(attested(), rule=AttestationPolicy(()))


@pytest.mark.parametrize(
    ("storage", "user", "good"),
    [
        (["iso_18045_high"], ["x"], True),
        (["other", "iso_18045_moderate"], ["x", "y"], True),
        (["iso_18045_basic"], ["x"], False),
        (["iso_18045_high"], ["y"], False),
        (["iso_18045_high"], [], False),
        ([], ["x"], False),
    ],
)
def test_one_of_the_levels_that_are_asked_for_must_be_told(storage, user, good):
    token = attested(key_storage=storage, user_authentication=user)
    if good:
        assert check(token, rule=LEVELS)
    else:
        wrong(token, rule=LEVELS)


def proof(signer, *, nonce="p", vouched=None, header=None, without=()):
    head = {"typ": "openid4vci-proof+jwt", "jwk": signer.public_key.jwk()}
    head |= header or {}
    if vouched is not None:
        head["key_attestation"] = vouched
    head = {name: value for name, value in head.items() if name not in without}
    claims = {"aud": ISSUER, "iat": NOW, "nonce": nonce}
    return jws.sign(header=head, payload=claims, signer=signer)


def proven(*proofs, rule=None, most=5):
    return oid4vci.verify_key_proofs(
        proofs,
        expected_issuer=ISSUER,
        expected_client_id=None,
        max_proofs=most,
        now=AT,
        attestations=rule,
    )


def unproven(*proofs, rule=None):
    with pytest.raises(ProtocolError, match=r"^oid4vci\.invalid_proof"):
        proven(*proofs, rule=rule)


def test_a_proof_with_an_attestation_gives_every_key_that_is_attested_its_own_first():
    found = proven(proof(KEYS[1], vouched=attested()), rule=policy())
    expected = [KEYS[1], KEYS[0], KEYS[2]]
    assert [one.key.raw for one in found] == [key.public_key.raw for key in expected]
    assert {(one.nonce, one.attestation_nonce) for one in found} == {("p", "n")}
    assert len(proven(proof(KEYS[1], vouched=attested()), rule=policy(), most=2)) == 2


def test_each_proof_of_a_batch_may_carry_the_same_attestation():
    vouched = attested()
    found = proven(*(proof(key, vouched=vouched) for key in KEYS), rule=policy(required=True))
    assert [one.key.raw for one in found] == [key.public_key.raw for key in KEYS]


def test_where_attestations_are_looked_at_they_must_fit_the_key():
    stranger = generate_signer()
    unproven(proof(stranger, vouched=attested()), rule=policy())
    unproven(proof(KEYS[0], vouched=attested(exp=NOW - 120)), rule=policy())
    unproven(proof(KEYS[0], header={"key_attestation": 5}), rule=policy())
    unproven(proof(KEYS[0], header={"key_attestation": {}}), rule=policy())


def test_where_attestations_are_required_each_proof_needs_one():
    unproven(proof(KEYS[0]), rule=policy(required=True))
    unproven(proof(KEYS[0], vouched=attested()), proof(KEYS[1]), rule=policy(required=True))
    assert proven(proof(KEYS[0]), rule=policy())


def test_where_nobody_is_believed_attestations_are_not_looked_at():
    (found,) = proven(proof(KEYS[0], vouched="no attestation at all"))
    assert found.attestation_nonce is None


def test_a_kid_names_one_of_the_attested_keys():
    named = proof(KEYS[2], header={"kid": "2"}, vouched=attested(), without=("jwk",))
    found = proven(named, rule=policy())
    assert found[0].key.raw == KEYS[2].public_key.raw
    for kid in ("1", "9", "", 2):
        bent = proof(KEYS[2], header={"kid": kid}, vouched=attested(), without=("jwk",))
        unproven(bent, rule=policy())
    unproven(proof(KEYS[2], header={"kid": "2"}, vouched=attested()), rule=policy())
    unproven(proof(KEYS[2], header={"kid": "2"}, without=("jwk",)), rule=policy())


def test_a_proof_of_type_attestation_gives_its_keys_up_to_a_number():
    arguments = {"policy": policy(), "now": AT}
    found = oid4vci.verify_attestation_proof([attested()], max_proofs=2, **arguments)
    assert [one.key.raw for one in found] == [key.public_key.raw for key in KEYS[:2]]
    for proofs, rule in (([], policy()), ([attested()] * 2, policy()), ([attested()], None)):
        with pytest.raises(ProtocolError, match=r"^oid4vci\.invalid_proof"):
            oid4vci.verify_attestation_proof(proofs, policy=rule, max_proofs=2, now=AT)


def test_the_policy_says_what_the_metadata_asks_for():
    assert policy().wire() == {}
    assert LEVELS.wire() == {
        "key_storage": ["iso_18045_high", "iso_18045_moderate"],
        "user_authentication": ["x"],
    }


def test_an_attester_key_of_another_curve_is_refused():
    leaf = make("Attester", ROOT, key=ec.generate_private_key(ec.SECP384R1()))
    wrong(attested(leaf))
