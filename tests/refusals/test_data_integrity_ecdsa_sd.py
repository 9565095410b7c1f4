"""ecdsa-sd-2023 proofs that must be refused, pointers that lead nowhere, proofs never made."""

from __future__ import annotations

import copy

import integrity_world as world
import pytest
from integrity_world import (
    ISSUER,
    ISSUER_384,
    SHOWN,
    issued,
    refused,
    repacked,
    verify,
    verify_as_holder,
    with_proof,
)

from healthpassport import cbor, multibase
from healthpassport.errors import PassportError

FIRST = "urn:uuid:26329423-bec9-4b2e-88cb-000000000001"


@pytest.fixture(scope="module")
def base():
    return issued()


@pytest.fixture(scope="module")
def shown(base):
    return world.derived(base, *SHOWN)


# --- ecdsa-sd-2023


def test_di_018_a_base_proof_is_not_for_verifiers(base, shown):
    refused("di.proof_value", verify, base)
    refused("di.proof_value", verify, repacked(shown, lambda _: None, b"\xd9\x5d\x00"))
    for header in (b"\xd9\x5d\x02", b"\xd9\x5d\x03", b"\xd9\x5e\x01", b"\xd8\x5d\x01"):
        refused("di.proof_value", verify, repacked(shown, lambda _: None, header))
    refused("di.proof_value", verify_as_holder, shown)


@pytest.mark.parametrize("member", ["validUntil", "issuer"])
def test_di_019_a_mandatory_statement_that_was_taken_away_is_noticed(shown, member):
    changed = {name: value for name, value in shown.items() if name != member}
    refused("di.signature", verify, changed)


def labels_of(shown):
    return cbor.decode(multibase.decode(shown["proof"]["proofValue"])[3:])[3]


LABEL_CHANGES = {
    "twice": lambda labels: dict.fromkeys(labels, labels[0]),
    "out of range": lambda labels: labels | {len(labels): bytes(32)},
    "far out of range": lambda labels: labels | {2**40: bytes(32)},
    "negative": lambda labels: {-1 if k == 0 else k: v for k, v in labels.items()},
    "one missing": lambda labels: {k: v for k, v in labels.items() if k != len(labels) - 1},
    "none": lambda _labels: {},
    "a list": lambda labels: list(labels.values()),
    "short": lambda labels: {k: v[:31] for k, v in labels.items()},
    "long": lambda labels: {k: v + b"\0" for k, v in labels.items()},
    "a text": lambda labels: dict.fromkeys(labels, "b0"),
    "text keys": lambda labels: {f"c14n{k}": v for k, v in labels.items()},
}


@pytest.mark.parametrize("change", LABEL_CHANGES.values(), ids=LABEL_CHANGES)
def test_di_020_a_label_map_that_is_not_that_of_the_document_is_refused(shown, change):
    changed = repacked(shown, lambda c: [*c[:3], change(c[3]), c[4]])
    refused("di.proof_value", verify, changed)


def test_di_020_labels_that_were_exchanged_are_noticed(shown):
    def exchanged(components):
        labels = list(components[3].values())
        return [*components[:3], dict(enumerate(labels[1:] + labels[:1])), components[4]]

    assert len(labels_of(shown)) > 1
    refused("di.signature", verify, repacked(shown, exchanged))


INDEX_CHANGES = {
    "out of range": lambda i: [*i[:-1], 10_000],
    "not rising": lambda i: [i[1], i[0], *i[2:]],
    "twice": lambda i: [i[0], i[0], *i[2:]],
    "negative": lambda i: [-1, *i[1:]],
    "a text": lambda i: ["0", *i[1:]],
    "bytes": bytes,
    "nested": lambda i: [i],
}


@pytest.mark.parametrize("change", INDEX_CHANGES.values(), ids=INDEX_CHANGES)
def test_di_020_indexes_that_cannot_be_are_refused(shown, change):
    changed = repacked(shown, lambda c: [*c[:4], change(c[4])])
    refused("di.proof_value", verify, changed)


def test_di_020_an_index_of_another_statement_is_noticed(shown):
    def moved(components):
        indexes = components[4]
        free = next(i for i in range(len(indexes) + 1) if i not in indexes)
        return [*components[:4], sorted([free, *indexes[1:]])]

    refused("di.signature", verify, repacked(shown, moved))


SIGNATURE_CHANGES = {
    "swapped": lambda s: [s[1], s[0], *s[2:]],
    "one too many": lambda s: [*s, s[0]],
    "one too few": lambda s: s[1:],
    "none": lambda _s: [],
    "the first twice": lambda s: [s[0], s[0], *s[2:]],
}


@pytest.mark.parametrize("change", SIGNATURE_CHANGES.values(), ids=SIGNATURE_CHANGES)
def test_di_021_signatures_of_other_statements_are_noticed(shown, change):
    refused("di.signature", verify, repacked(shown, lambda c: [*c[:2], change(c[2]), *c[3:]]))


def test_a_statement_that_was_added_with_a_signature_of_its_own_is_noticed(shown):
    changed = copy.deepcopy(shown)
    changed["credentialSubject"]["givenName"] = "Added"
    more = repacked(changed, lambda c: [*c[:2], [*c[2], bytes(63) + b"\1"], *c[3:]])
    refused("di.signature", verify, more)


COMPONENT_CHANGES = {
    "key of another curve": lambda c: [c[0], b"\x81\x24" + c[1][2:], *c[2:]],
    "key too long": lambda c: [c[0], c[1] + b"\0", *c[2:]],
    "key off its curve": lambda c: [c[0], b"\x80\x24\x02" + b"\xff" * 32, *c[2:]],
    "key not compressed": lambda c: [c[0], b"\x80\x24\x04" + c[1][3:], *c[2:]],
    "short base signature": lambda c: [c[0][:63], *c[1:]],
    "long base signature": lambda c: [c[0] + b"\0", *c[1:]],
    "short signature": lambda c: [*c[:2], [c[2][0][:63], *c[2][1:]], *c[3:]],
    "signature as text": lambda c: [*c[:2], ["s" * 64, *c[2][1:]], *c[3:]],
    "four members": lambda c: c[:4],
    "six members": lambda c: [*c, []],
    "a map": lambda c: dict(enumerate(c)),
    "a tagged member": lambda c: [*c[:4], cbor.Tagged(64, c[4])],
}


@pytest.mark.parametrize("change", COMPONENT_CHANGES.values(), ids=COMPONENT_CHANGES)
def test_a_proof_value_of_another_shape_is_refused(shown, change):
    changed = repacked(shown, change)
    with pytest.raises(PassportError) as refusal:
        verify(changed)
    # A key that is none shows only after the issuer's signature over it, which is then wrong.
    assert refusal.value.code in {"di.proof_value", "di.signature"}


def test_cbor_that_is_not_the_shortest_is_refused(shown):
    data = multibase.decode(shown["proof"]["proofValue"])
    assert data[3] == 0x85
    longer = multibase.encode_base64url(data[:3] + b"\x98\x05" + data[4:])
    endless = multibase.encode_base64url(data[:3] + b"\x9f" + data[4:] + b"\xff")
    followed = multibase.encode_base64url(data + b"\0")
    cut = multibase.encode_base64url(data[:-1])
    bomb = multibase.encode_base64url(data[:3] + b"\x9b" + b"\xff" * 8)
    nested = multibase.encode_base64url(data[:3] + b"\x81" * 5_000)
    for value in (longer, endless, followed, cut, bomb, nested, "u", "", "z" + "1" * 50, "u!"):
        refused("di.proof_value", verify, with_proof(shown, proofValue=value))


@pytest.mark.parametrize("value", [None, 5, ["u2V0B"], {}])
def test_a_proof_value_that_is_no_text_is_refused(shown, value):
    changed = {**shown, "proof": {**shown["proof"], "proofValue": value}}
    refused("PROOF_VERIFICATION_ERROR", verify, changed)


POINTERS = {
    "a bad escape": "/credentialSubject/~2",
    "behind the last": "/credentialSubject/allergies/-",
    "leading zero": "/credentialSubject/allergies/00",
    "no slash": "credentialSubject",
    "nothing there": "/credentialSubject/unknown",
    "beyond the list": "/credentialSubject/allergies/9",
    "through a text": "/issuer/0",
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS)
def test_di_024_a_pointer_that_leads_nowhere_is_refused(base, pointer):
    refused("di.pointer", world.derived, base, pointer)
    refused("di.pointer", issued, mandatory_pointers=[pointer])


def test_di_024_too_many_pointers_are_refused(base):
    many = ["/credentialSubject/familyName"] * 10_000
    refused("di.pointer", world.derived, base, *many)
    refused("di.pointer", issued, mandatory_pointers=many)


def test_a_base_proof_that_was_changed_is_noticed_by_its_holder(base):
    assert verify_as_holder(base)
    moved = repacked(base, lambda c: [*c[:3], [c[3][1], c[3][0], *c[3][2:]], c[4]])
    unlisted = repacked(base, lambda c: [*c[:4], c[4][1:]])
    for changed in (moved, unlisted, {**base, "validUntil": "2028-11-01T00:00:00Z"}):
        refused("di.signature", verify_as_holder, changed)
    refused("di.proof_value", world.derived, unlisted, *SHOWN)


# --- what is never signed


def test_a_proof_is_not_made_with_the_wrong_key_or_over_nothing():
    refused("di.cryptosuite", issued, "eddsa-jcs-2022", signer=ISSUER)
    refused("di.cryptosuite", issued, signer=ISSUER_384)
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", mandatory_pointers=["/issuer"])
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", previous_proof=FIRST)
    first = issued("eddsa-jcs-2022", proof_id=FIRST)
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", document=first, proof_id=FIRST)
    refused("PROOF_GENERATION_ERROR", issued, document=first, previous_proof=FIRST, signer=ISSUER)
    refused("PROOF_GENERATION_ERROR", issued, "ecdsa-jcs-2019", document=first, previous_proof=[])


def test_nothing_is_derived_from_what_cannot_be(base, shown):
    refused("PROOF_GENERATION_ERROR", world.derived, issued("eddsa-jcs-2022"), *SHOWN)
    refused("PROOF_GENERATION_ERROR", world.derived, base, cryptosuite="bbs-2023")
    refused("di.proof_value", world.derived, shown, *SHOWN)
    refused("PROOF_GENERATION_ERROR", world.derived, issued(mandatory_pointers=()))
