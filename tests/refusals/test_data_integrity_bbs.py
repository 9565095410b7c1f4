"""bbs-2023 proofs that must be refused, and documents that spell their members in another way."""

from __future__ import annotations

import copy

import integrity_world as world
import pytest
from integrity_world import (
    CONTEXT_URL,
    EVERY_SUITE,
    ISSUER,
    VOCABULARY,
    credential,
    derived,
    issued,
    repacked,
    verify,
    verify_as_holder,
    with_proof,
)

from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity
from healthpassport.suites import bbs

BBS_ISSUER = bbs.bbs_signer(bbs.key_gen(b"a made-up key material of 32 octets at least"))
OTHER = bbs.bbs_signer(bbs.key_gen(b"another made-up key material, of 32 octets too"))
SHOWN = (
    "/credentialSubject/id",
    "/credentialSubject/givenName",
    "/credentialSubject/allergies/1",
    "/credentialSubject/allergies/2/unit",
)
HEADER = b"a challenge and a domain"


def refused(code, call, *arguments, **changes):
    with pytest.raises(PassportError) as refusal:
        call(*arguments, **{"allowed": EVERY_SUITE} | changes)
    assert refusal.value.code == code


@pytest.fixture(scope="module")
def base():
    return issued("bbs-2023", signer=BBS_ISSUER)


@pytest.fixture(scope="module")
def shown(base):
    return derived(base, *SHOWN, presentation_header=HEADER)


def test_di_022_a_proof_for_another_challenge_is_refused(shown):
    assert verify(shown, allowed=EVERY_SUITE, expected_presentation_header=HEADER)
    refused("di.signature", verify, shown, expected_presentation_header=b"another challenge")
    for other in (b"", HEADER + b"!", b"another challenge"):
        changed = repacked(shown, lambda c, other=other: [*c[:4], other])
        refused("di.signature", verify, changed)
        refused("di.signature", verify, changed, expected_presentation_header=other)


def test_a_base_proof_is_not_for_verifiers_and_a_shown_one_not_for_holders(base, shown):
    refused("di.proof_value", verify, base)
    refused("di.proof_value", verify_as_holder, shown)


@pytest.mark.parametrize("octet", [0, 1, 2, 4, 5, 6, 7, 8, 9])
def test_the_headers_of_other_features_are_refused(shown, octet):
    header = bytes([0xD9, 0x5D, octet])
    refused("di.proof_value", verify, repacked(shown, lambda c: c, header))


CHANGES = {
    "label twice": lambda c: [c[0], dict.fromkeys(c[1], 0), *c[2:]],
    "label as text": lambda c: [c[0], {k: f"b{v}" for k, v in c[1].items()}, *c[2:]],
    "label negative": lambda c: [c[0], {k: -1 - v for k, v in c[1].items()}, *c[2:]],
    "label missing": lambda c: [c[0], dict(list(c[1].items())[:-1]), *c[2:]],
    "label beyond": lambda c: [c[0], c[1] | {len(c[1]): 9}, *c[2:]],
    "mandatory not rising": lambda c: [*c[:2], c[2][::-1], *c[3:]],
    "mandatory out of range": lambda c: [*c[:2], [*c[2][:-1], 5_000], *c[3:]],
    "selective not rising": lambda c: [*c[:3], c[3][::-1], c[4]],
    "selective as text": lambda c: [*c[:3], ["0", *c[3][1:]], c[4]],
    "proof too short": lambda c: [c[0][:240], *c[1:]],
    "proof cut": lambda c: [c[0][:-1], *c[1:]],
    "header missing": lambda c: c[:4],
    "header as text": lambda c: [*c[:4], "header"],
    "header too long": lambda c: [*c[:4], bytes(2_000)],
    "one more": lambda c: [*c, 0],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_proof_value_of_another_shape_is_refused(shown, change):
    refused("di.proof_value", verify, repacked(shown, change))


ALTERED = {
    "proof": lambda c: [bytes(len(c[0])), *c[1:]],
    "proof longer": lambda c: [c[0] + bytes(32), *c[1:]],
    "proof shorter": lambda c: [c[0][:-32], *c[1:]],
    "labels": lambda c: [c[0], dict(zip(c[1], reversed(list(c[1].values())), strict=True)), *c[2:]],
    "one index fewer": lambda c: [*c[:3], c[3][:-1], c[4]],
    "one index more": lambda c: [*c[:3], [*c[3], c[3][-1] + 1], c[4]],
    "index moved": lambda c: [*c[:3], [*c[3][:-1], c[3][-1] + 1], c[4]],
    "index far": lambda c: [*c[:3], [*c[3][:-1], 9_999_999], c[4]],
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_altered_proof_is_refused(shown, change):
    refused("di.signature", verify, repacked(shown, change))


def test_an_altered_document_is_refused(shown):
    for member, value in (("validUntil", "2099-01-01T00:00:00Z"), ("issuer", world.did_of(OTHER))):
        refused("di.signature", verify, {**shown, member: value})
    less = {name: value for name, value in shown.items() if name != "validUntil"}
    refused("di.signature", verify, less)
    changed = copy.deepcopy(shown)
    changed["credentialSubject"]["givenName"].append("Another")
    refused("di.signature", verify, changed)


def test_the_key_of_another_issuer_is_refused(base, shown):
    for document, call in ((base, verify_as_holder), (shown, verify)):
        other = with_proof(document, verificationMethod=world.method_of(OTHER))
        refused("di.signature", call, {**other, "issuer": world.did_of(OTHER)})
    swapped = repacked(base, lambda c: [*c[:2], OTHER.public_key.raw, *c[3:]])
    refused("di.signature", verify_as_holder, swapped)


@pytest.mark.parametrize("place", [0, 1])
def test_a_base_proof_that_was_changed_is_noticed_by_its_holder(base, place):
    def change(components):
        octets = bytearray(components[place])
        octets[-1] ^= 1
        components[place] = bytes(octets)
        return components

    refused("di.signature", verify_as_holder, repacked(base, change))


def test_a_key_that_signs_one_message_makes_no_bbs_proof():
    with pytest.raises(PassportError) as refusal:
        issued("bbs-2023", signer=ISSUER)
    assert refusal.value.code == "di.cryptosuite"


# --- spelling: the statements stay the same, the names do not


PLAIN = issued("ecdsa-sd-2023")
EXPECTED = PLAIN["@context"]


def renamed(shown, old, new, wrap=lambda value: value):
    return {
        (new if name == old else name): wrap(value) if name == old else value
        for name, value in shown.items()
    }


@pytest.fixture(scope="module")
def readable():
    return derived(PLAIN, "/credentialSubject/id", "/credentialSubject/familyName")


def test_a_plain_document_may_be_read(readable):
    document = verify(readable).document
    data_integrity.check_plain(document, expected_context=EXPECTED)


def test_an_end_of_validity_that_hides_behind_an_iri_verifies_and_is_not_read(readable):
    iri = "https://www.w3.org/2018/credentials#validUntil"
    stamp = "http://www.w3.org/2001/XMLSchema#dateTime"
    hidden = renamed(readable, "validUntil", iri, lambda v: {"@value": v, "@type": stamp})
    document = verify(hidden).document
    assert "validUntil" not in document
    with pytest.raises(PassportError) as refusal:
        data_integrity.check_plain(document, expected_context=EXPECTED)
    assert refusal.value.code == "di.context"


def test_names_that_another_context_exchanges_verify_and_are_not_read():
    made = issued(document=credential(ISSUER))
    shown = derived(made, "/credentialSubject/familyName", "/credentialSubject/birthDate")
    swapped = copy.deepcopy(world.CONTEXT)
    swapped["@context"]["familyName"] = VOCABULARY + "birthDate"
    swapped["@context"]["birthDate"] = VOCABULARY + "familyName"
    url = "https://attacker.example/v1"
    subject = shown["credentialSubject"]
    exchanged = {
        **shown,
        "@context": [shown["@context"][0], url],
        "credentialSubject": {
            **subject,
            "familyName": subject["birthDate"],
            "birthDate": subject["familyName"],
        },
    }
    refused("jsonld.context_unknown", verify, exchanged)
    known = world.contexts().extended({url: swapped})
    document = verify(exchanged, contexts=known).document
    with pytest.raises(PassportError) as refusal:
        data_integrity.check_plain(document, expected_context=EXPECTED)
    assert refusal.value.code == "di.context"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"@context": CONTEXT_URL},
        {"@context": [*EXPECTED, CONTEXT_URL]},
        {"@context": EXPECTED, "@graph": []},
        {"@context": EXPECTED, "cred:issuer": "x"},
        {"@context": EXPECTED, "a": [{"b": {"@context": {}}}]},
        {"@context": EXPECTED, "a": {"@value": 1}},
        {"@context": EXPECTED, "a": [[{"@list": []}]]},
    ],
)
def test_other_contexts_keywords_and_iris_are_not_read(document):
    with pytest.raises(PassportError) as refusal:
        data_integrity.check_plain(document, expected_context=EXPECTED)
    assert refusal.value.code == "di.context"
