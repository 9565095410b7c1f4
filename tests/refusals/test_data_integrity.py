"""Proofs that must be refused: altered, foreign, stale, downgraded, of another shape."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import integrity_world as world
import pytest
from integrity_world import (
    CONTEXT_URL,
    EVERY_SUITE,
    HOLDER,
    ISSUER,
    ISSUER_384,
    ISSUER_ED,
    NOW,
    SHOWN,
    SIGNERS,
    VOCABULARY,
    credential,
    did_of,
    issued,
    method_of,
    presented,
    refused,
    repacked,
    verify,
    verify_presented,
    with_proof,
)

from healthpassport import dids, multibase
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity
from healthpassport.keys.multikey import multikey

PLAIN = [name for name in SIGNERS if name != "ecdsa-sd-2023"]


@pytest.fixture(scope="module")
def base():
    return issued()


@pytest.fixture(scope="module")
def shown(base):
    return world.derived(base, *SHOWN)


@pytest.fixture(scope="module", params=sorted(SIGNERS))
def any_shown(request):
    """What a verifier is shown, of every suite in the default allow list."""
    document = issued(request.param)
    return world.derived(document, *SHOWN) if request.param == "ecdsa-sd-2023" else document


# --- purpose, verification method and relationship


def test_di_001_a_proof_for_authentication_is_no_assertion(any_shown):
    refused(
        "PROOF_VERIFICATION_ERROR", verify, with_proof(any_shown, proofPurpose="authentication")
    )
    made = issued("eddsa-jcs-2022", purpose="authentication")
    refused("PROOF_VERIFICATION_ERROR", verify, made)


@pytest.mark.parametrize("purpose", [None, "assertionMethod", ["authentication"], ""])
def test_di_002_a_presentation_is_signed_to_authenticate(shown, purpose):
    changed = with_proof(presented(shown), proofPurpose=purpose)
    refused("PROOF_VERIFICATION_ERROR", verify_presented, changed)


def hosted(relationship, signer=ISSUER_ED, controller="did:web:surgery.example"):
    """A did:web document whose one key is listed under ``relationship``, and its resolver."""
    did = "did:web:surgery.example"
    method = {
        "id": f"{did}#key",
        "type": "Multikey",
        "controller": controller,
        "publicKeyMultibase": multikey(signer.public_key),
    }
    document = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [method],
        relationship: [method["id"]],
    }
    return did, lambda url: dids.resolve(url, documents={did: document})


def test_di_003_a_key_that_is_not_listed_for_assertions_makes_none():
    did, resolve = hosted("authentication")
    document = credential(did)
    made = issued("eddsa-jcs-2022", document=document, verification_method=f"{did}#key")
    refused("did.relationship", verify, made, resolve=resolve)
    _, listed = hosted("assertionMethod")
    assert verify(made, resolve=listed).proofs[0].owner == did


@pytest.mark.parametrize(
    "url",
    [
        "#key",
        "key",
        "/keys/1",
        "data:application/json,{}",
        "https://surgery.example/keys/1#key",
        "did:web:surgery.example",
        "did:web:surgery.example#other",
        "did:web:surgery.example#key#key",
    ],
)
def test_di_005_a_method_url_that_leads_to_no_key_is_refused(url):
    did, resolve = hosted("assertionMethod")
    made = issued("eddsa-jcs-2022", document=credential(did), verification_method=url)
    refused("did.url", verify, made, resolve=resolve)


def test_a_resolver_that_gives_another_key_is_not_believed():
    made = issued("eddsa-jcs-2022")
    other = dids.resolve(method_of(HOLDER))
    refused("PROOF_VERIFICATION_ERROR", verify, made, resolve=lambda _url: other)


# --- times


def test_di_008_a_proof_that_expired_is_refused():
    made = issued("eddsa-jcs-2022", expires=NOW - timedelta(minutes=2))
    refused("di.expired", verify, made)
    assert verify(made, now=NOW - timedelta(minutes=3))
    assert verify(issued("eddsa-jcs-2022", expires=NOW - timedelta(seconds=30)))


def test_a_proof_of_the_future_is_refused():
    made = issued("eddsa-jcs-2022", created=NOW + timedelta(minutes=2))
    refused("di.created", verify, made)
    assert verify(issued("eddsa-jcs-2022", created=NOW + timedelta(seconds=30)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23 11:00:00Z",
        "2026-11-23T11:00:00+15:00",
        "2026-11-23T11:00:00+1:00",
        "12026-11-23T11:00:00Z",
        "",
        1_795_000_000,
        None,
        ["2026-11-23T11:00:00Z"],
    ],
)
@pytest.mark.parametrize("member", ["created", "expires"])
def test_a_time_that_is_none_is_refused(member, text):
    made = issued("eddsa-jcs-2022")
    made["proof"][member] = text
    refused("PROOF_VERIFICATION_ERROR", verify, made)


# --- suites and policy


def test_di_009_an_unknown_suite_is_refused(any_shown):
    refused("di.cryptosuite", verify, with_proof(any_shown, cryptosuite="ecdsa-xyz-2099"))
    refused("di.cryptosuite", verify, with_proof(any_shown, cryptosuite=None))
    refused("di.cryptosuite", verify, with_proof(any_shown, type="Ed25519Signature2020"))


@pytest.mark.parametrize("name", sorted(EVERY_SUITE))
def test_di_009_a_suite_with_another_suites_key_is_refused(name):
    takes = data_integrity.CRYPTOSUITES[name].key_algorithms
    for signer in (ISSUER, ISSUER_384, ISSUER_ED):
        if signer.algorithm not in takes:
            made = issued("eddsa-jcs-2022")
            made["issuer"] = did_of(signer)
            changed = with_proof(made, cryptosuite=name, verificationMethod=method_of(signer))
            refused("di.cryptosuite", verify, changed, allowed=EVERY_SUITE)


def test_di_010_a_weaker_proof_that_is_left_over_is_not_enough(base, shown):
    second = {"verification_method": method_of(ISSUER), "signer": ISSUER}
    both = issued("ecdsa-jcs-2019", document=world.verify(shown).document, **second)
    both["proof"] = [shown["proof"], both["proof"]]
    only = frozenset({"ecdsa-sd-2023"})
    assert len(verify(both, allowed=only).proofs) == 2
    stripped = {**both, "proof": both["proof"][1]}
    assert verify(stripped)
    refused("di.policy", verify, stripped, allowed=only)
    refused("di.policy", verify, {**both, "proof": both["proof"][1:]}, allowed=only)


def test_di_010_every_proof_of_a_set_must_verify(shown):
    good = shown["proof"]
    broken = with_proof(shown, proofValue=good["proofValue"][:-1] + "A")["proof"]
    foreign = {**good, "cryptosuite": "ecdsa-xyz-2099"}
    for other in (broken, foreign):
        with pytest.raises(PassportError):
            verify({**shown, "proof": [good, other]})
        with pytest.raises(PassportError):
            verify({**shown, "proof": [other, good]})


def test_an_experimental_suite_is_in_no_default():
    assert "bbs-2023" in EVERY_SUITE - data_integrity.DEFAULT_ALLOWED
    made = issued("eddsa-jcs-2022")
    other = with_proof(made, cryptosuite="bbs-2023")
    refused("di.policy", verify, other)
    beside = {**made, "proof": [made["proof"], other["proof"]]}
    refused("di.policy", verify, beside)


@pytest.mark.parametrize("allowed", [frozenset(), frozenset({"ecdsa-sd-2023"})])
def test_what_is_not_allowed_is_not_enough(allowed):
    refused("di.policy", verify, issued("eddsa-jcs-2022"), allowed=allowed)


# --- what is signed


def test_a_value_that_was_changed_is_noticed(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["familyName"] = "Other"
    refused("di.signature", verify, changed)


@pytest.mark.parametrize("member", ["created", "nonce", "domain", "challenge", "expires", "id"])
def test_a_member_of_the_proof_that_was_added_or_changed_is_noticed(any_shown, member):
    values = {
        "created": "2026-11-22T11:00:00Z",
        "expires": "2036-11-22T11:00:00Z",
        "id": "urn:uuid:0b2f1d9e-0a51-4c6a-9d3a-6f0d6e0c0009",
    }
    changed = with_proof(any_shown, **{member: values.get(member, "another")})
    refused("di.signature", verify, changed)


def test_di_014_a_member_that_no_context_defines_is_refused(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["bloodGroup"] = "O negative"
    jcs = "-jcs-" in any_shown["proof"]["cryptosuite"]
    refused("di.signature" if jcs else "jsonld.term_undefined", verify, changed)
    with pytest.raises(PassportError):
        issued(document=unsigned(changed))


def unsigned(document):
    return {name: value for name, value in document.items() if name != "proof"}


def test_di_015_a_clique_of_blank_nodes_is_refused_in_bounded_time():
    made = issued("ecdsa-rdfc-2019")
    nodes = [{"id": f"_:n{i}"} for i in range(10)]
    made["credentialSubject"]["allergies"] = [
        {**node, "allergies": [other for other in nodes if other != node]} for node in nodes
    ]
    refused("limit.canonicalization", verify, made)


def test_a_context_that_was_swapped_or_is_unknown_is_refused(any_shown):
    model = any_shown["@context"][0]
    refused(
        "di.signature"
        if "-jcs-" in any_shown["proof"]["cryptosuite"]
        else "jsonld.context_unknown",
        verify,
        with_context(any_shown, [model, "https://other.example/v1"]),
    )
    other = json.loads(json.dumps(world.CONTEXT).replace(VOCABULARY, "https://other.example/#"))
    known = world.contexts().extended({"https://other.example/v1": other})
    swapped = with_context(any_shown, [model, "https://other.example/v1"])
    refused("di.signature", verify, swapped, contexts=known)
    alone = with_context(any_shown, [model])
    with pytest.raises(PassportError):
        verify(alone)


def with_context(document, context):
    """``document`` with another context, in a -jcs- proof too."""
    proof = document["proof"]
    changed = {**proof, "@context": context} if "@context" in proof else proof
    return {**document, "@context": context, "proof": changed}


def test_a_context_that_was_appended_is_not_in_what_a_jcs_proof_vouches_for():
    made = issued("ecdsa-jcs-2019")
    extended = {**made, "@context": [*made["@context"], "https://w3id.org/security/multikey/v1"]}
    assert verify(extended).document["@context"] == made["@context"]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "@context": made["@context"][:1]})


def test_a_context_inside_the_proof_must_be_the_documents():
    made = issued("ecdsa-rdfc-2019")
    assert verify(with_proof(made, **{"@context": made["@context"]}))
    other = with_proof(made, **{"@context": [CONTEXT_URL]})
    refused("PROOF_VERIFICATION_ERROR", verify, other)


# --- plain signatures


def signature_values(document):
    """Signatures that are none: of the wrong range, form and length."""
    octets = multibase.decode(document["proof"]["proofValue"])
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551.to_bytes(32, "big")
    der = b"\x30\x44\x02\x20" + octets[:32] + b"\x02\x20" + octets[32:64]
    return {
        "zeros": bytes(len(octets)),
        "s is zero": octets[:32] + bytes(32),
        "r is zero": bytes(32) + octets[32:],
        "s is the order": octets[:32] + order,
        "DER": der,
        "cut": octets[:-1],
        "longer": octets + b"\0",
        "of P-384": octets + octets[:32],
        "one octet": b"\1",
    }


@pytest.mark.parametrize("suite", PLAIN)
def test_di_034_signatures_that_are_none_are_refused(suite):
    made = issued(suite)
    for value in signature_values(made).values():
        refused("di.signature", verify, with_proof(made, proofValue=multibase.encode_base58(value)))


@pytest.mark.parametrize("place", [0, 2])
def test_di_034_statement_signatures_that_are_none_are_refused(shown, place):
    def replaced(components, value):
        if place == 0:
            return [value, *components[1:]]
        return [*components[:2], [value, *components[2][1:]], *components[3:]]

    for value in (bytes(64), b"\xff" * 64):
        changed = repacked(shown, lambda c, value=value: replaced(c, value))
        refused("di.signature", verify, changed)


@pytest.mark.parametrize("suite", PLAIN)
def test_a_signature_in_another_base_is_refused(suite):
    made = issued(suite)
    octets = multibase.decode(made["proof"]["proofValue"])
    for value in (multibase.encode_base64url(octets), "z", "z0", "zO", "m" + "A" * 88, "É"):
        refused("di.proof_value", verify, with_proof(made, proofValue=value))
