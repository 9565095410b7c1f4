"""Who asks under a decentralized identifier, and where a question may come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from request_world import HOST, Asker
from simulated_trust import NOW, encoded, wire_list, wire_verifier

from healthpassport.dids.documents import did_document
from healthpassport.dids.jwk import did_jwk
from healthpassport.dids.key import did_key, method_url
from healthpassport.encoding import b64_encode
from healthpassport.errors import PassportError
from healthpassport.keys import generate_signer
from healthpassport.keys.x509 import x509_hash
from healthpassport.requests import check_asker
from healthpassport.trust.model import TrustList

URI = f"https://{HOST}/oid4vp/requests/1"
WEB = f"did:web:{HOST}"


def known(asker, did, *, thumbprint=None, address=f"https://{HOST}"):
    """The trust of ``asker`` with its entry named by ``did`` too."""
    named = {"id": did, "thumbprint": thumbprint or asker.signer.public_key.thumbprint()}
    entry = wire_verifier(
        certificateHash=x509_hash(asker.leaf.der),
        anchors=[b64_encode(asker.root.der)],
        did=named,
        **({"address": address} if address else {}),
    )
    rows = wire_list(generate_signer(), asker.registrar, verifiers=[entry])
    return replace(asker.trust, trust_list=TrustList.parse(encoded(rows)))


def named(asker, did, kid, **more):
    """A request under ``did``, signed with the key that ``kid`` names; (request, what to pass)."""
    name = f"decentralized_identifier:{did}"
    header = {"x5c": ..., "kid": kid, **more.pop("header", {})}
    signed = asker.sign(asker.claims(client_id=name, **more), **header)
    return signed, {"client_id": name}


def methods(asker):
    key = asker.signer.public_key
    jwk, by_key = did_jwk(key), did_key(key)
    document = did_document(WEB, [key])
    return {
        "jwk": (jwk, f"{jwk}#0", {}),
        "key": (by_key, method_url(key), {}),
        "web": (WEB, document["verificationMethod"][0]["id"], {WEB: document}),
        "relative": (jwk, "#0", {}),
    }


@pytest.fixture(scope="module")
def asker():
    return Asker()


@pytest.mark.parametrize("method", ["jwk", "key", "web", "relative"])
def test_a_listed_identifier_may_ask_with_its_listed_key(asker, method):
    did, kid, documents = methods(asker)[method]
    signed, passed = named(asker, did, kid)
    found = asker.verify(signed, trust=known(asker, did), did_documents=documents, **passed)
    assert (found.client_id, found.name) == (passed["client_id"], "Example Hospital")
    assert found.purpose == "emergency"


def refusal(asker, signed, passed, trust, **more):
    return asker.refusal(signed, trust=trust, **passed, **more)


def test_an_identifier_that_the_list_does_not_name_gets_nothing(asker):
    did = did_jwk(asker.signer.public_key)
    signed, passed = named(asker, did, f"{did}#0")
    assert refusal(asker, signed, passed, asker.trust) == "trust.verifier_unknown"


def test_the_list_decides_which_key_counts_whatever_a_document_says(asker):
    other = generate_signer()
    document = did_document(WEB, [other.public_key])
    kid = document["verificationMethod"][0]["id"]
    name = f"decentralized_identifier:{WEB}"
    signed = asker.sign(asker.claims(client_id=name), x5c=..., kid=kid, signer=other)
    code = refusal(
        asker, signed, {"client_id": name}, known(asker, WEB), did_documents={WEB: document}
    )
    assert code == "trust.key_unknown"


@pytest.mark.parametrize(
    ("kid", "code"),
    [
        (..., "request.client_id"),
        (7, "request.client_id"),
        ("did:web:other.example#0", "request.client_id"),
        ("#1", "did.verification_method"),
    ],
)
def test_the_key_must_be_one_of_the_identifier(asker, kid, code):
    did = did_jwk(asker.signer.public_key)
    signed, passed = named(asker, did, kid)
    assert refusal(asker, signed, passed, known(asker, did)) in {code, "did.url"}


def test_without_its_document_a_did_web_is_not_believed(asker):
    signed, passed = named(asker, WEB, f"{WEB}#0")
    assert refusal(asker, signed, passed, known(asker, WEB)) == "did.unresolved"


def test_a_signature_by_another_key_than_the_identifiers_is_refused(asker):
    did = did_jwk(asker.signer.public_key)
    name = f"decentralized_identifier:{did}"
    signed = asker.sign(
        asker.claims(client_id=name), x5c=..., kid=f"{did}#0", signer=generate_signer()
    )
    assert refusal(asker, signed, {"client_id": name}, known(asker, did)) == "jws.signature"


def test_under_an_identifier_the_answer_goes_to_the_listed_address_alone(asker):
    did = did_jwk(asker.signer.public_key)
    signed, passed = named(asker, did, f"{did}#0", response_uri="https://evil.example/x")
    assert refusal(asker, signed, passed, known(asker, did)) == "request.response_uri"


def test_a_list_that_names_an_identifier_without_an_address_is_refused(asker):
    with pytest.raises(PassportError, match=r"trust\.invalid"):
        known(asker, WEB, address=None)


def test_one_identifier_stands_once_on_a_list(asker):
    did = {"id": WEB, "thumbprint": "A" * 43}
    entries = [
        wire_verifier(certificateHash=name * 43, did=did, address=f"https://{HOST}")
        for name in "AB"
    ]
    rows = wire_list(generate_signer(), asker.registrar, verifiers=entries)
    with pytest.raises(PassportError, match=r"trust\.duplicate"):
        TrustList.parse(encoded(rows))


@pytest.mark.parametrize(
    "address", ["http://desk.example", "https://desk.example/path", "https://u@desk.example", ""]
)
def test_an_address_is_an_https_origin(asker, address):
    entry = wire_verifier(address=address)
    rows = wire_list(generate_signer(), asker.registrar, verifiers=[entry])
    with pytest.raises(PassportError, match=r"trust\.invalid"):
        TrustList.parse(encoded(rows))


# -- where the question came from --------------------------------------------------------------


def test_a_question_that_comes_from_the_asker_is_taken(asker):
    assert asker.verify(asker.sign(asker.claims()), request_uri=URI)


@pytest.mark.parametrize(
    "uri", ["https://evil.example/oid4vp/requests/1", f"https://{HOST}.evil.example/1"]
)
def test_a_question_that_somebody_passes_on_is_refused(asker, uri):
    assert asker.refusal(asker.sign(asker.claims()), request_uri=uri) == "request.request_uri"


def test_strangers_are_turned_away_before_anything_is_fetched(asker):
    entry = check_asker(asker.client_id, asker.trust, NOW)
    assert entry is not None
    assert check_asker(f"x509_san_dns:{HOST}", asker.trust, NOW) is None
    for client_id, code in (
        ("x509_hash:" + "B" * 43, "trust.verifier_unknown"),
        ("decentralized_identifier:did:web:x.example", "trust.verifier_unknown"),
        ("redirect_uri:https://x.example", "request.client_id_prefix"),
        ("verifier_attestation:x.example", "request.attestation"),
    ):
        with pytest.raises(PassportError, match=f"^{code}: "):
            check_asker(client_id, asker.trust, NOW)
    with pytest.raises(PassportError, match=r"trust\.stale"):
        check_asker(asker.client_id, replace(asker.trust, stale=True), NOW)
    with pytest.raises(PassportError, match=r"trust\.verifier_expired"):
        check_asker(asker.client_id, asker.trust, NOW + timedelta(days=301))
