"""Attacks on the key proofs of a credential request (attacks.json, category oid4vci), by id."""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from simulated_issuer import Site, Wallet, refused

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.jose import jws
from healthpassport.keys import generate_signer


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def wallet(site):
    """A wallet that holds an access token."""
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    return wallet


def test_vci_007_a_proof_whose_signature_was_altered_is_refused(wallet):
    head, body, signature = wallet.proof(wallet.nonce()).split(".")
    raw = bytearray(b64url_decode(signature))
    raw[5] ^= 1
    broken = f"{head}.{body}.{b64url_encode(bytes(raw))}"
    refused(wallet.ask_credential(proofs=[broken]), "invalid_proof")


@pytest.mark.parametrize(
    "proofs",
    [
        ...,
        None,
        {},
        [],
        {"jwt": []},
        {"jwt": [5]},
        {"jwt": "a.b.c"},
        {"attestation": ["a.b.c"]},
        {"jwt": ["a.b.c"], "attestation": ["a.b.c"]},
    ],
    ids=lambda p: f"vci-008-{p!r}",
)
def test_vci_008_a_request_without_jwt_proofs_is_refused(wallet, proofs):
    value = {"credential_configuration_id": "AllergySummary", "proofs": proofs}
    if proofs is ...:
        del value["proofs"]
    refused(wallet.post("/credential", value), "invalid_proof")


def test_vci_008_the_single_proof_of_older_drafts_is_refused(wallet):
    proof = {"proof_type": "jwt", "jwt": wallet.proof(wallet.nonce())}
    value = {"credential_configuration_id": "AllergySummary", "proof": proof}
    refused(wallet.post("/credential", value), "invalid_proof")


def test_vci_009_a_nonce_that_is_not_ours_is_refused(wallet):
    ours = b64url_decode(wallet.nonce())
    flipped = bytes([ours[0] ^ 1]) + ours[1:]
    for nonce in (secrets.token_urlsafe(40), "", "?", b64url_encode(flipped), wallet.nonce()[:-1]):
        refused(wallet.ask_credential(proofs=[wallet.proof(nonce)]), "invalid_nonce")


def test_vci_009_a_nonce_of_yesterday_is_refused(site, wallet):
    nonce = wallet.nonce()
    site.pass_time(minutes=5)
    refused(wallet.ask_credential(proofs=[wallet.proof(nonce)]), "invalid_nonce")


def test_vci_009_a_nonce_of_another_issuer_is_refused(tmp_path, wallet):
    (tmp_path / "other").mkdir()
    other = Site(tmp_path / "other")
    nonce = other.call("POST", "/nonce").json()["c_nonce"]
    refused(wallet.ask_credential(proofs=[wallet.proof(nonce)]), "invalid_nonce")


def test_vci_010_a_nonce_is_used_once(wallet):
    nonce = wallet.nonce()
    assert wallet.ask_credential("PatientIdentity", proofs=[wallet.proof(nonce)]).status == 200
    refused(wallet.ask_credential(proofs=[wallet.proof(nonce)]), "invalid_nonce")


def test_vci_010_a_nonce_is_used_once_side_by_side(wallet):
    nonce = wallet.nonce()
    asked = [("AllergySummary", [wallet.proof(nonce)]), ("PatientIdentity", [wallet.proof(nonce)])]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda a: wallet.ask_credential(a[0], proofs=a[1]), asked))
    assert sorted(answer.status for answer in answers) == [200, 400]
    refused(next(a for a in answers if a.status == 400), "invalid_nonce")


@pytest.mark.parametrize(
    "audience",
    [
        "https://other.example",
        "https://issuer.example/",
        "HTTPS://issuer.example",
        ["https://issuer.example"],
        None,
    ],
    ids=lambda a: f"vci-011-{a}",
)
def test_vci_011_a_proof_for_another_audience_is_refused(wallet, audience):
    proof = wallet.proof(wallet.nonce(), issuer=audience)
    refused(wallet.ask_credential(proofs=[proof]), "invalid_proof")


def signed_proof(wallet, *, header=None, without=(), **claims):
    signer = generate_signer()
    full = {"typ": "openid4vci-proof+jwt", "alg": "ES256", "jwk": signer.public_key.jwk()}
    full |= header or {}
    content = {"aud": wallet.iss, "iat": int(wallet.site.now.timestamp()), "nonce": wallet.nonce()}
    kept = {name: value for name, value in (content | claims).items() if name not in without}
    head = {name: value for name, value in full.items() if name not in without}
    return jws.sign(header=head, payload=kept, signer=signer)


@pytest.mark.parametrize(
    "typ", ["JWT", "kb+jwt", "dpop+jwt", None, "openid4vci-proof+JWT"], ids=lambda t: f"vci-012-{t}"
)
def test_vci_012_a_proof_of_another_type_is_refused(wallet, typ):
    proof = signed_proof(wallet, header={"typ": typ})
    refused(wallet.ask_credential(proofs=[proof]), "invalid_proof")


def test_vci_012_a_proof_without_type_is_refused(wallet):
    refused(wallet.ask_credential(proofs=[signed_proof(wallet, without=("typ",))]), "invalid_proof")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "EdDSA", "RS256"])
def test_vci_013_a_proof_with_an_algorithm_that_is_not_offered_is_refused(wallet, algorithm):
    if algorithm in {"ES384", "EdDSA"}:
        proof = wallet.proof(wallet.nonce(), signer=generate_signer(algorithm))
    else:
        head, body, signature = wallet.proof(wallet.nonce()).split(".")
        header = json.loads(b64url_decode(head)) | {"alg": algorithm}
        signature = "" if algorithm == "none" else signature
        proof = f"{b64url_encode(json.dumps(header).encode())}.{body}.{signature}"
    refused(wallet.ask_credential(proofs=[proof]), "invalid_proof")


def test_vci_014_a_proof_names_its_key_in_exactly_one_way(wallet):
    signer = generate_signer()
    honest = generate_signer().public_key.thumbprint()
    private = signer.private_jwk()
    for header, without in [
        ({"kid": honest}, ()),
        ({"x5c": ["AAAA"]}, ()),
        ({}, ("jwk",)),
        ({"kid": honest}, ("jwk",)),
        ({"jwk": private}, ()),
        ({"jwk": "text"}, ()),
        ({"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, ()),
    ]:
        proof = signed_proof(wallet, header=header, without=without)
        refused(wallet.ask_credential(proofs=[proof]), "invalid_proof")


@pytest.mark.parametrize(
    ("claims", "without"),
    [
        ({"iat": 0}, ()),
        ({"iat": "now"}, ()),
        ({}, ("iat",)),
        ({}, ("nonce",)),
        ({"nonce": 5}, ()),
        ({"iss": "somebody"}, ()),
        ({"exp": 1}, ()),
    ],
)
def test_a_proof_with_wrong_claims_is_refused(wallet, claims, without):
    proof = signed_proof(wallet, without=without, **claims)
    refused(wallet.ask_credential(proofs=[proof]), "invalid_proof")
