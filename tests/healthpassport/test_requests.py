"""From request bytes to a verified request: who asks is proven before anything is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from request_world import HOST, VCT, Asker, dcql
from simulated_ca import make_root
from simulated_trust import NOW, encoded, wire_list, wire_verifier

from healthpassport.encoding import b64_encode, b64url_encode, dump_json
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import signer_from_library
from healthpassport.keys.x509 import x509_hash
from healthpassport.trust.model import TrustList


@pytest.fixture(scope="module")
def asker():
    return Asker()


def test_a_registered_asker_is_named_with_purpose_and_retention(asker):
    found = asker.verify(asker.sign(asker.claims()))
    assert (found.name, found.ods) == ("Example Hospital", "RX123")
    assert (found.purpose, found.retention) == ("emergency", "Kept with your notes.")
    assert found.over_asked == ()
    assert found.encryption_jwk["kid"] == "k1"
    assert found.response_uri == f"https://{HOST}/oid4vp/responses/1"


def test_the_same_asker_may_be_named_by_its_host(asker):
    name = f"x509_san_dns:{HOST}"
    found = asker.verify(asker.sign(asker.claims(client_id=name)), client_id=name)
    assert found.client_id == name
    assert found.purpose == "emergency"


def unsigned(claims):
    header = b64url_encode(dump_json({"alg": "none", "typ": "oauth-authz-req+jwt"}))
    return f"{header}.{b64url_encode(dump_json(claims))}."


@pytest.mark.parametrize(
    "make_object",
    [
        pytest.param(lambda a: unsigned(a.claims()), id="vpq-001-none"),
        pytest.param(lambda a: dump_json(a.claims()).decode(), id="vpq-001-json"),
        pytest.param(lambda a: a.sign(a.claims()).rpartition(".")[0] + ".", id="vpq-001-cut"),
        pytest.param(lambda a: a.sign(a.claims(), x5c=...), id="vpq-001-no-certificate"),
        pytest.param(lambda _: "", id="vpq-001-empty"),
    ],
)
def test_an_unsigned_request_is_refused(asker, make_object):
    assert asker.refusal(make_object(asker)) == "request.unsigned"


def test_vpq_004_link_and_request_must_name_the_same_asker(asker):
    signed = asker.sign(asker.claims())
    assert asker.refusal(signed, client_id=f"x509_san_dns:{HOST}") == "request.client_id"


PREFIXES = [
    ("vpq-005-unknown", "https_trust:abc", "request.client_id_prefix"),
    ("vpq-005-none", "desk.example", "request.client_id_prefix"),
    ("vpq-005-case", "X509_HASH:abc", "request.client_id_prefix"),
    ("vpq-005-empty", "x509_hash:", "request.client_id_prefix"),
    ("vpq-006-origin", "origin:https://desk.example", "request.client_id_prefix"),
    ("redirect-uri", f"redirect_uri:https://{HOST}/x", "request.client_id_prefix"),
    ("did", "decentralized_identifier:did:web:desk.example", "trust.verifier_unknown"),
    ("federation", "openid_federation:https://desk.example", "request.client_id_prefix"),
    ("vpq-011", "verifier_attestation:desk.example", "request.attestation"),
]


@pytest.mark.parametrize(("name", "code"), [r[1:] for r in PREFIXES], ids=[r[0] for r in PREFIXES])
def test_another_way_to_say_who_asks_is_refused(asker, name, code):
    signed = asker.sign(asker.claims(client_id=name))
    assert asker.refusal(signed, client_id=name) == code


def test_a_hash_of_another_certificate_is_refused(asker):
    name = "x509_hash:" + "A" * 43
    assert asker.refusal(asker.sign(asker.claims(client_id=name)), client_id=name) == (
        "request.client_id"
    )


def test_a_host_that_the_certificate_lacks_is_refused(asker):
    name = "x509_san_dns:other.example"
    assert asker.refusal(asker.sign(asker.claims(client_id=name)), client_id=name) == (
        "request.client_id"
    )


def test_an_unknown_asker_gets_nothing():
    stranger = Asker(listed=False)
    assert stranger.refusal(stranger.sign(stranger.claims())) == "trust.verifier_unknown"


def test_an_anchor_in_the_chain_is_refused(asker):
    chain = [b64_encode(asker.leaf.der), b64_encode(asker.root.der)]
    assert asker.refusal(asker.sign(asker.claims(), x5c=chain)) == "x509.path_invalid"


def test_a_self_signed_certificate_is_refused(asker):
    own = make_root("Self")
    rows = wire_list(
        generate_signer(),
        asker.registrar,
        verifiers=[
            wire_verifier(certificateHash=x509_hash(own.der), anchors=[b64_encode(own.der)])
        ],
    )
    trust = replace(asker.trust, trust_list=TrustList.parse(encoded(rows)))
    name = f"x509_hash:{x509_hash(own.der)}"
    signed = asker.sign(
        asker.claims(client_id=name),
        x5c=[b64_encode(own.der)],
        signer=signer_from_library(own.key),
    )
    assert asker.refusal(signed, client_id=name, trust=trust) == "x509.untrusted_root"


def test_a_signature_by_another_key_is_refused(asker):
    signed = asker.sign(asker.claims(), signer=generate_signer())
    assert asker.refusal(signed) == "jws.signature"


@pytest.mark.parametrize("typ", ["jwt", "kb+jwt", ...])
def test_another_kind_of_message_is_refused(asker, typ):
    assert asker.refusal(asker.sign(asker.claims(), typ=typ)) == "jws.typ"


def test_an_altered_request_is_refused(asker):
    head, _, tail = asker.sign(asker.claims()).split(".")
    body = b64url_encode(dump_json(asker.claims(nonce="m" * 22)))
    assert asker.refusal(f"{head}.{body}.{tail}") == "jws.signature"


PARAMETERS = [
    ("vpq-007", {"nonce": "short"}, "request.nonce"),
    ("vpq-008", {"redirect_uri": f"https://{HOST}/cb"}, "invalid_request"),
    ("vpq-009", {"response_uri": "https://other.example/x"}, "request.response_uri"),
    ("vpq-009-below", {"response_uri": f"https://a.{HOST}/x"}, "request.response_uri"),
    ("vpq-009-user", {"response_uri": f"https://{HOST}@evil.example/"}, "request.response_uri"),
    ("vpq-012", {"transaction_data": ["e30"]}, "invalid_transaction_data"),
    ("vpq-028", {"dcql_query": dcql(("a", -1))}, "request.dcql"),
    ("vpq-029-exp", {"exp": int(NOW.timestamp()) - 61}, "request.time"),
    ("vpq-029-iat", {"iat": int(NOW.timestamp()) + 61}, "request.time"),
    ("vpq-029-nbf", {"nbf": int(NOW.timestamp()) + 61}, "request.time"),
    ("vpq-029-old", {"iat": int(NOW.timestamp()) - 3601}, "request.time"),
    ("vpq-029-no-times", {"iat": ..., "exp": ...}, "request.time"),
    ("vpq-029-aud", {"aud": "https://wallet.example"}, "request.time"),
]


@pytest.mark.parametrize(
    ("changes", "code"), [r[1:] for r in PARAMETERS], ids=[r[0] for r in PARAMETERS]
)
def test_a_wrong_parameter_is_refused(asker, changes, code):
    assert asker.refusal(asker.sign(asker.claims(**changes))) == code


def test_vpq_009_under_its_host_name_the_answer_goes_to_that_host_alone():
    other = Asker(host="www.example")
    name = "x509_san_dns:www.example"
    assert other.refusal(other.sign(other.claims(client_id=name)), client_id=name) == (
        "request.response_uri"
    )


@pytest.mark.parametrize("given", [..., "other"])
def test_vpq_013_the_wallets_nonce_must_come_back(asker, given):
    signed = asker.sign(asker.claims(wallet_nonce=given))
    assert asker.refusal(signed, wallet_nonce="mine") == "request.wallet_nonce"


def test_a_request_that_repeats_the_wallets_nonce_is_taken(asker):
    assert asker.verify(asker.sign(asker.claims(wallet_nonce="mine")), wallet_nonce="mine")


def test_a_stale_trust_list_vouches_for_nobody(asker):
    stale = replace(asker.trust, stale=True)
    assert asker.refusal(asker.sign(asker.claims()), trust=stale) == "trust.stale"


# -- what may be asked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "beyond"),
    [
        (dcql(("items", None, "unit")), ()),
        (dcql(), ()),
        (dcql(("items", None, "unit"), ("nhsNumber",)), ("AllergySummary.nhsNumber",)),
        (dcql(("items",)), ("AllergySummary.items",)),
        (dcql(("items", None, "unit"), ("pq_signature",)), ()),  # tells nothing of the person
        (dcql(("items", None, "pq_signature")), ("AllergySummary.items.pq_signature",)),
        (
            dcql(("items", None, "unit"), vct=VCT.replace("Allergy", "Medication")),
            ("MedicationSummary", "MedicationSummary.items.unit"),
        ),
        (dcql(vct="https://other.example/card"), ("https://other.example/card",)),
    ],
)
def test_vpq_018_asking_beyond_the_purpose_is_named(asker, query, beyond):
    found = asker.verify(asker.sign(asker.claims(dcql_query=query)))
    assert found.over_asked == beyond


def test_vpq_018_without_a_registration_everything_is_too_much(asker):
    found = asker.verify(asker.sign(asker.claims(verifier_info=...)))
    assert (found.purpose, found.retention) == (None, None)
    assert found.over_asked == ("AllergySummary", "AllergySummary.items.unit")


def test_vpq_018_a_purpose_taken_off_the_list_allows_nothing(asker):
    purposes = {"pharmacy": {"retention": "x", "claims": {"AllergySummary": ["items.unit"]}}}
    entry = asker.trust_list.model_dump(mode="json", by_alias=True, exclude_none=True)
    entry["verifiers"][0]["purposes"] = purposes
    trust = replace(asker.trust, trust_list=TrustList.parse(encoded(entry)))
    found = asker.verify(asker.sign(asker.claims()), trust=trust)
    assert "AllergySummary" in found.over_asked


def test_the_registration_of_somebody_else_is_refused(asker):
    other = Asker()
    rows = [{"format": "jwt", "data": other.registration}]
    assert asker.refusal(asker.sign(asker.claims(verifier_info=rows))) == "trust.registration"


def test_attestations_of_other_kinds_are_ignored(asker):
    other = jws.sign(header={"typ": "rc-wrp+jwt"}, payload={}, signer=generate_signer())
    rows = [
        {"format": "jwt", "data": other},
        {"format": "jwt", "data": "no token"},
        {"format": "jwt", "data": asker.registration},
    ]
    assert asker.verify(asker.sign(asker.claims(verifier_info=rows))).purpose == "emergency"
