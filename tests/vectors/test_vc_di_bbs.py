"""The published examples of vc-di-bbs 1.0 without optional features, step by step."""

from __future__ import annotations

from datetime import datetime

import pytest
from vectors_integrity import LATER, published_contexts, read, verified

from healthpassport import dids
from healthpassport.canonical import canonicalise, to_dataset
from healthpassport.formats import data_integrity
from healthpassport.formats.data_integrity.cryptosuites import bbs_proof_value, hashing, statements
from healthpassport.suites import bbs

pytestmark = pytest.mark.shared

FOLDER = "vc-di-bbs"
CASES = {"wind": ("wind", ()), "prc": ("prCred", ("prc",))}


class Example:
    """One published run."""

    def __init__(self, name: str) -> None:
        pointers, self.folder = CASES[name]
        # prCredUnsigned.json was reworded after prc was signed; what was signed is what counts.
        signed = self.read("addSignedSDBase")
        self.unsigned = {member: value for member, value in signed.items() if member != "proof"}
        self.mandatory = tuple(read(FOLDER, f"{pointers}Mandatory.json"))
        self.selective = tuple(read(FOLDER, f"{pointers}Selective.json"))
        self.keys = read(FOLDER, "BBSKeyMaterial.json")
        self.hmac_key = bytes.fromhex(self.keys["hmacKeyString"])

    def read(self, name: str):
        return read(FOLDER, *self.folder, f"{name}.json")

    def statements(self) -> statements.Statements:
        labels = statements.shuffled_labels(self.hmac_key)
        return statements.statements_of(self.unsigned, published_contexts(), labels)

    def randomness(self, length: int) -> bytes:
        """The published HMAC key; what blinds the signature does not show in it."""
        return self.hmac_key if length == len(self.hmac_key) else bytes([7]) * length


@pytest.fixture(params=CASES)
def example(request):
    return Example(request.param)


def test_the_statements_and_groups_are_those_published(example):
    found = example.statements()
    assert list(found.lines) == example.read("addBaseDocHMACCanon")
    mandatory = statements.lines_at(found, example.mandatory)
    transform = example.read("addBaseTransform")
    assert sorted(mandatory) == [index for index, _ in transform["mandatory"]["value"]]
    mandatory_hash, others = statements.split(found.lines, mandatory)
    assert list(others) == [line for _, line in transform["nonMandatory"]["value"]]
    options = example.read("addProofConfig")
    options_hash = hashing.rdfc_options_hash(
        example.unsigned, options, contexts=published_contexts()
    )
    published = example.read("addHashData")
    assert mandatory_hash.hex() == published["mandatoryHash"]
    assert options_hash.hex() == published["proofHash"]
    canonical = canonicalise(to_dataset(options, contexts=published_contexts()))
    assert "".join(canonical.lines) == read(FOLDER, *example.folder, "addProofConfigCanon.txt")


def test_the_canonical_document_is_the_one_published(example):
    dataset = to_dataset(example.unsigned, contexts=published_contexts())
    assert list(canonicalise(dataset).lines) == example.read("addBaseDocCanon")


def test_the_base_proof_is_the_one_published(example):
    published = example.read("addSignedSDBase")
    secret = bbs.secret_key(bytes.fromhex(example.keys["privateKeyHex"]))
    made = data_integrity.add_proof(
        example.unsigned,
        cryptosuite="bbs-2023",
        signer=bbs.bbs_signer(secret),
        verification_method=published["proof"]["verificationMethod"],
        purpose="assertionMethod",
        created=datetime.fromisoformat(published["proof"]["created"]),
        mandatory_pointers=example.mandatory,
        contexts=published_contexts(),
        randomness=example.randomness,
    )
    assert made == published
    proof = bbs_proof_value.read_base(published["proof"]["proofValue"])
    raw = example.read("addRawBaseSignatureInfo")
    assert proof.signature.hex() == raw["bbsSignature"]
    assert list(proof.mandatory_pointers) == raw["mandatoryPointers"]
    assert proof.hmac_key == example.hmac_key
    assert proof.public_key.hex() == example.keys["publicKeyHex"]
    found = data_integrity.verify_issued(
        published,
        resolve=dids.resolve,
        allowed={"bbs-2023"},
        now=LATER,
        contexts=published_contexts(),
    )
    assert found.document == example.unsigned


def test_what_is_shown_is_what_was_published(example):
    shown = statements.show(example.statements(), example.mandatory, example.selective)
    assert shown.document == example.read("derivedUnsignedReveal")
    data = example.read("derivedDisclosureData")
    assert shown.labels == dict(data["labelMap"]["value"])
    assert list(shown.mandatory_indexes) == data["mandatoryIndexes"]
    groups = example.read("derivedGroupIndexes")
    assert list(shown.mandatory) == groups["mandatoryIndexes"]
    assert sorted(shown.mandatory + shown.selective) == groups["combinedIndexes"]
    others = [index for index in groups["nonMandatoryIndexes"] if index in shown.selective]
    places = [groups["nonMandatoryIndexes"].index(index) for index in others]
    assert places == data["adjSelectiveIndexes"]


def test_the_derived_proof_is_read_and_verified_as_published(example):
    document = example.read("derivedRevealDocument")
    proof = bbs_proof_value.read_derived(document["proof"]["proofValue"])
    published = example.read("derivedDisclosureData")
    assert proof.proof.hex() == published["bbsProof"]
    assert proof.labels == dict(published["labelMap"]["value"])
    assert list(proof.mandatory_indexes) == published["mandatoryIndexes"]
    assert list(proof.selective_indexes) == published["adjSelectiveIndexes"]
    material = read(FOLDER, "BBSDeriveMaterial.json")
    header = bytes.fromhex(material["presentationHeaderHex"])
    assert proof.presentation_header == header
    assert bbs_proof_value.write_derived(proof) == document["proof"]["proofValue"]
    unsigned = example.read("derivedUnsignedReveal")
    received = statements.received_statements(unsigned, published_contexts(), proof.labels)
    lines = received.lines
    if example.folder:  # the other run publishes no statements here
        assert list(lines) == example.read("verifyNQuads")
    assert verified(document, expected_presentation_header=header).document == unsigned


def test_a_derived_proof_of_ours_shows_the_same_and_verifies(example):
    counter = iter(range(1, 1000))
    made = data_integrity.derive(
        example.read("addSignedSDBase"),
        pointers=example.selective,
        contexts=published_contexts(),
        randomness=lambda length: next(counter).to_bytes(length, "big"),
    )
    published = example.read("derivedRevealDocument")
    assert verified(made).document == {n: v for n, v in published.items() if n != "proof"}
