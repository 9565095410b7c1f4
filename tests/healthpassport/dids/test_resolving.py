"""DID URLs: which key each names, and every way in which one names none."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from bounded import within
from forge import b64
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import SHARED, shared

from healthpassport import multibase
from healthpassport.dids import METHODS, parse_did_url, resolve
from healthpassport.dids.documents import did_document, method_url
from healthpassport.dids.jwk import did_jwk
from healthpassport.dids.key import did_key
from healthpassport.dids.key import method_url as key_url
from healthpassport.dids.web import did_web, document_url
from healthpassport.errors import DidError
from healthpassport.keys import generate_signer, public_key_from_multikey
from healthpassport.keys.multikey import multikey

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ALGORITHMS = pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
P256 = generate_signer().public_key
OTHER = generate_signer("EdDSA").public_key
DID = "did:web:issuer.example"
URL = method_url(DID, P256)
DOCUMENT = did_document(DID, [P256, OTHER])
SIGNING = {"assertionMethod", "authentication", "capabilityDelegation", "capabilityInvocation"}


def refuses(code: str):
    return pytest.raises(DidError, match=f"^{re.escape(code)}:")


@ALGORITHMS
def test_a_did_key_and_a_did_jwk_name_the_key_that_they_hold(algorithm):
    key = generate_signer(algorithm).public_key
    for did, fragment in ((did_key(key), multikey(key)), (did_jwk(key), "0")):
        found = resolve(f"{did}#{fragment}")
        assert (found.id, found.controller) == (f"{did}#{fragment}", did)
        assert found.public_key == key
        assert found.relationships == SIGNING
        found.require("assertionMethod")
    assert key_url(key) == f"{did_key(key)}#{multikey(key)}"


def test_the_published_example_of_did_jwk_is_read():
    # The P-256 example of the method's own repository, as it stands in its specification.
    jwk = {
        "crv": "P-256",
        "kty": "EC",
        "x": "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0",
        "y": "_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE",
    }
    text = json.dumps(jwk, separators=(",", ":")).encode()
    found = resolve(f"did:jwk:{b64(text)}#0")
    assert found.public_key.jwk() == jwk


def test_a_did_key_of_bbs_names_a_bls_key():
    text = (
        "zUC7EK3ZakmukHhuncwkbySmomv3FmrkmS36E4Ks5rsb6VQSRpoCrx6Hb8e2Nk6UvJFSdyw9NK1scFXJp21gNN"
        "YFjVWNgaqyGnkyhtagagCpQb5B7tagJu3HDbjQ8h5ypoHjwBb"
    )
    assert resolve(f"did:key:{text}#{text}").public_key == public_key_from_multikey(text)


@pytest.mark.shared
def test_every_did_key_of_the_published_credentials_is_read():
    seen = set()
    for path in sorted(shared("vectors").glob("vc-di-*/**/signed*.json")):
        seen |= set(re.findall(r'"verificationMethod":\s*"([^"]+)"', path.read_text()))
    keys = [url for url in seen if url.startswith("did:key:")]
    assert len(keys) > 4, SHARED
    for url in keys:
        assert resolve(url).id == url


def test_di_005_an_address_that_is_no_did_with_a_fragment_is_refused():
    text = multikey(P256)
    for url in (
        "",
        "#key-1",
        text,
        f"#{text}",
        f"did:key:{text}",
        f"did:key:{text}#",
        f"did:key:{text}##{text}",
        f"did:key:{text}?v=1#{text}",
        f"did:key:{text}/path#{text}",
        f" did:key:{text}#{text}",
        f"did:key:{text}#{text}\n",
        f"DID:key:{text}#{text}",
        f"did:KEY:{text}#{text}",
        f"did:key:#{text}",
        "did:key",
        "did::x#y",
        "did:key:a:#b",
        "did:web:issuer.example#a#b",
        "data:application/json,%7B%7D#key",
        "https://issuer.example/did.json#key",
        "http://issuer.example/did.json#key",
        "//issuer.example#key",
        "urn:uuid:0f7b1d0e#key",
        "did:web:issuer.example%zz#key",
        "did:web:issuer.ex\u00e4mple#key",
        f"did:key:{'z' * 5_000}#a",
        f"did:key:{text}#{multikey(OTHER)}",
        f"did:key:{text}#key-1",
        f"{did_jwk(P256)}#1",
    ):
        with refuses("did.url"):
            resolve(url)


def test_a_did_method_that_is_not_in_the_table_is_refused():
    assert set(METHODS) == {"key", "jwk", "web"}
    for did in ("did:example:123", "did:ion:abc", "did:plc:abc", "did:peer:2.Ez6"):
        with refuses("did.unsupported"):
            resolve(f"{did}#key-1")


def jwk_did(jwk: object) -> str:
    return f"did:jwk:{b64(json.dumps(jwk).encode())}"


JWK = P256.jwk()
X25519 = {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}
BAD = {
    "truncated": f"did:key:{multikey(P256)[:-2]}",
    "secret": f"did:key:{multibase.encode_base58(bytes.fromhex('8626') + bytes(32))}",
    "secp256k1": f"did:key:{multibase.encode_base58(bytes.fromhex('e701') + bytes(33))}",
    "uncompressed": f"did:key:{multibase.encode_base58(bytes.fromhex('802404') + P256.raw)}",
    "wrong-codec": f"did:key:{multibase.encode_base58(bytes.fromhex('8124') + P256.raw[:33])}",
    "hexadecimal": "did:key:f8024",
    "not-canonical": f"did:key:u{b64(multibase.decode(multikey(P256)))}",
    "version": f"did:key:1.1:{multikey(P256)}",
    "jwk-private": jwk_did(generate_signer().private_jwk()),
    "jwk-encryption": jwk_did(JWK | {"use": "enc"}),
    "jwk-x25519": jwk_did(X25519),
    "jwk-symmetric": jwk_did({"kty": "oct", "k": "AAAA"}),
    "jwk-off-the-curve": jwk_did(JWK | {"y": JWK["x"]}),
    "jwk-list": jwk_did([JWK]),
    "jwk-text": f"did:jwk:{b64(b'not JSON')}",
    "jwk-twice": "did:jwk:" + b64(json.dumps(JWK).encode()[:-1] + b', "kty": "EC"}'),
    "jwk-deep": jwk_did(JWK | {"x5c": [[[[[1]]]]]}),
    "jwk-stray-bits": "did:jwk:AB",
    "web-address": "did:web:127.0.0.1",
    "web-number": "did:web:2130706433",
    "web-capital": "did:web:Issuer.example",
    "web-port": "did:web:issuer.example%3A0",
    "web-far-port": "did:web:issuer.example%3A70000",
    "web-word-port": "did:web:issuer.example%3Aport",
    "web-user": "did:web:user%40issuer.example",
    "web-slash": "did:web:issuer.example%2Fpath",
    "web-up": "did:web:issuer.example:..:secret",
    "web-encoded": "did:web:issuer.example:%2e%2e",
    "web-empty": "did:web:issuer.example::a",
    "web-hyphen": "did:web:-issuer.example",
}


@pytest.mark.parametrize("did", BAD.values(), ids=BAD)
def test_tru_018_a_did_that_breaks_the_rules_of_its_method_is_refused(did):
    fragment = did.split(":")[2] if did.startswith("did:key:") else "0"
    with refuses("did.invalid"):
        resolve(f"{did}#{fragment}", documents={did: DOCUMENT})


def test_a_did_web_names_the_key_that_stands_in_the_document_handed_in():
    found = resolve(URL, documents={DID: DOCUMENT})
    assert (found.id, found.controller, found.public_key) == (URL, DID, P256)
    assert found.relationships == {"assertionMethod"}
    assert URL.endswith("#" + P256.thumbprint())
    with refuses("did.unresolved"):
        resolve(URL)
    with refuses("did.unresolved"):
        resolve(URL, documents={"did:web:other.example": DOCUMENT})


def test_di_003_a_key_that_is_not_listed_for_the_purpose_is_not_used_for_it():
    found = resolve(URL, documents={DID: DOCUMENT | {"assertionMethod": []}})
    assert found.relationships == set()
    for name in ("assertionMethod", "authentication"):
        with refuses("did.relationship"):
            found.require(name)
    other = DOCUMENT | {"assertionMethod": [method_url(DID, OTHER)], "authentication": [URL]}
    found = resolve(URL, documents={DID: other})
    found.require("authentication")
    with refuses("did.relationship"):
        found.require("assertionMethod")


METHOD = DOCUMENT["verificationMethod"][0]


def with_method(**changes) -> dict:
    method = METHOD | changes
    kept = {name: value for name, value in method.items() if value is not ...}
    return DOCUMENT | {"verificationMethod": [kept]}


@pytest.mark.parametrize(
    "document",
    [
        with_method(id=f"#{P256.thumbprint()}") | {"assertionMethod": [f"#{P256.thumbprint()}"]},
        {"id": DID, "assertionMethod": [METHOD]},
        DOCUMENT | {"assertionMethod": [METHOD, method_url(DID, OTHER)]},
        with_method(type="JsonWebKey", publicKeyMultibase=..., publicKeyJwk=P256.jwk()),
        with_method(expires="2026-11-01T12:00:01Z", revoked="2026-11-01T14:00:00+01:00"),
        DOCUMENT | {"service": [{"id": "#x", "type": "Y", "serviceEndpoint": "https://a"}]},
    ],
    ids=["relative", "embedded", "both", "jwk", "not-ended", "services"],
)
def test_a_method_is_found_wherever_a_document_may_hold_it(document):
    found = resolve(URL, documents={DID: document}, now=NOW)
    assert (found.id, found.public_key) == (URL, P256)
    found.require("assertionMethod")


WRONG = {
    "text": ("document", "did.document"),
    "list": ([DOCUMENT], "did.document"),
    "null": (None, "did.document"),
    "methods-as-object": (DOCUMENT | {"verificationMethod": METHOD}, "did.document"),
    "methods-as-text": (DOCUMENT | {"verificationMethod": "x"}, "did.document"),
    "method-as-text": (DOCUMENT | {"verificationMethod": [URL]}, "did.document"),
    "relationship-as-text": (DOCUMENT | {"assertionMethod": URL}, "did.document"),
    "relationship-of-numbers": (DOCUMENT | {"assertionMethod": [1]}, "did.document"),
    "twice": (
        DOCUMENT | {"authentication": [METHOD | {"publicKeyMultibase": multikey(OTHER)}]},
        "did.document",
    ),
    "many": (DOCUMENT | {"assertionMethod": [URL] * 1_001}, "did.document"),
    "no-id": ({k: v for k, v in DOCUMENT.items() if k != "id"}, "did.document_id"),
    "other-id": (DOCUMENT | {"id": "did:web:other.example"}, "did.document_id"),
    "id-with-fragment": (DOCUMENT | {"id": URL}, "did.document_id"),
    "no-methods": (DOCUMENT | {"verificationMethod": []}, "did.url"),
    "di-005-fragment-missing": (with_method(id=f"{DID}#other"), "did.url"),
    "id-of-another": (with_method(id=f"did:web:other#{P256.thumbprint()}"), "did.url"),
    "id-as-number": (with_method(id=1), "did.url"),
    "other-controller": (
        with_method(controller="did:web:other.example"),
        "did.verification_method",
    ),
    "no-controller": (with_method(controller=...), "did.verification_method"),
    "type": (with_method(type="Ed25519VerificationKey2018"), "did.verification_method"),
    "type-list": (with_method(type=["Multikey"]), "did.verification_method"),
    "no-key": (with_method(publicKeyMultibase=...), "did.verification_method"),
    "key-as-list": (with_method(publicKeyMultibase=[1]), "did.verification_method"),
    "key-twice": (with_method(publicKeyJwk=P256.jwk()), "did.verification_method"),
    "secret": (with_method(secretKeyMultibase="z"), "did.verification_method"),
    "bad-key": (with_method(publicKeyMultibase="zDn"), "did.verification_method"),
    "private-jwk": (
        with_method(
            type="JsonWebKey",
            publicKeyMultibase=...,
            publicKeyJwk=generate_signer().private_jwk(),
        ),
        "did.verification_method",
    ),
    "expired": (with_method(expires="2026-11-01T12:00:00Z"), "did.expired"),
    "revoked": (with_method(revoked="2020-01-01T00:00:00Z"), "did.expired"),
    "no-zone": (with_method(expires="2036-11-01T12:00:00"), "did.verification_method"),
    "no-time": (with_method(expires="2036-13-01T12:00:00Z"), "did.verification_method"),
    "time-as-number": (with_method(revoked=1), "did.verification_method"),
}


@pytest.mark.parametrize(("document", "code"), WRONG.values(), ids=WRONG)
def test_a_document_that_does_not_lead_to_one_key_of_its_did_is_refused(document, code):
    with refuses(code):
        resolve(URL, documents={DID: document}, now=NOW)


def test_without_a_clock_a_method_that_ends_some_day_is_refused():
    with refuses("did.expired"):
        resolve(URL, documents={DID: with_method(expires="2036-11-01T12:00:00Z")})
    later = (NOW + timedelta(days=1)).isoformat()
    assert resolve(URL, documents={DID: with_method(expires=later)}, now=NOW).public_key == P256


@pytest.mark.parametrize(
    ("url", "did", "place"),
    [
        ("https://issuer.example", DID, "https://issuer.example/.well-known/did.json"),
        ("https://issuer.example/", DID, "https://issuer.example/.well-known/did.json"),
        ("https://ISSUER.example", DID, "https://issuer.example/.well-known/did.json"),
        (
            "https://localhost:8101",
            "did:web:localhost%3A8101",
            "https://localhost:8101/.well-known/did.json",
        ),
        (
            "https://host.example:3000/user/alice",
            "did:web:host.example%3A3000:user:alice",
            "https://host.example:3000/user/alice/did.json",
        ),
    ],
)
def test_a_did_web_stands_for_an_https_address_and_back(url, did, place):
    assert did_web(url) == did
    assert document_url(did) == place


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example",
        "https://127.0.0.1:8101",
        "https://[::1]",
        "https://issuer.example?x=1",
        "https://issuer.example/#x",
        "https://user@issuer.example",
        "https://issuer.example:99999",
        "https://issuer.example/a//b",
        "https://issuer.example/%2e%2e/b",
        "https://",
        "issuer.example",
    ],
)
def test_an_address_that_no_did_web_stands_for_is_refused(url):
    with refuses("did.invalid"):
        did_web(url)


def test_a_document_is_only_made_for_a_did():
    with refuses("did.invalid"):
        did_document("https://issuer.example", [P256])
    with refuses("did.invalid"):
        document_url("did:key:z6Mk")


@given(
    st.text(max_size=60) | st.from_regex(r"did:(key|jwk|web):[A-Za-z0-9.:%_-]{1,60}#[a-z0]{1,9}")
)
def test_any_text_is_a_did_url_or_refused(text):
    try:
        url = parse_did_url(text)
    except DidError as error:
        assert error.code == "did.url"  # noqa: PT017
        return
    assert str(url) == text
    with pytest.raises(DidError):
        resolve(text)


def test_hostile_text_costs_no_time():
    hostile = ("did:a:" + "a:" * 2_000, "did:a:" + "a" * 4_000 + "!", "did:web:" + "a." * 2_000)

    def read():
        for text in hostile:
            with pytest.raises(DidError):
                resolve(text + "#a")

    within(1, read)
