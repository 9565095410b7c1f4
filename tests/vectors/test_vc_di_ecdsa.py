"""The published examples of vc-di-ecdsa 1.0, step by step."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from vectors_integrity import (
    LATER,
    deterministic_signer,
    never,
    published_contexts,
    read,
    verified,
)

from healthpassport import dids, multibase
from healthpassport.canonical import canonicalise, to_dataset
from healthpassport.encoding import jcs
from healthpassport.formats import data_integrity
from healthpassport.formats.data_integrity.cryptosuites import (
    ecdsa_sd_proof_value,
    hashing,
    statement_key,
    statements,
)
from healthpassport.keys.multikey import multikey, public_key_from_multikey

pytestmark = pytest.mark.shared

FOLDER = "vc-di-ecdsa"
CASES = {
    f"{kind}-{curve}{'-employ' if employ else ''}": (kind, curve, employ)
    for kind in ("rdfc", "jcs")
    for curve in ("p256", "p384")
    for employ in (False, True)
    if kind == "rdfc" or not employ
}
SD = (FOLDER, "ecdsa-sd-2023")
SD_CASES = {"prc": "prCred", "employ": "employ"}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    """Folder, ending, unsigned document, signer and the hash of the curve."""
    kind, curve, employ = request.param
    folder = (FOLDER, f"ecdsa-{kind}-2019-{curve}", *(("employ",) if employ else ()))
    ending = ("JCS" if kind == "jcs" else "") + f"ECDSA{curve.upper()}"
    unsigned = read(FOLDER, "employmentAuth.json" if employ else "unsigned.json")
    signer = deterministic_signer(read(FOLDER, f"{curve}KeyPair.json"))
    return folder, ending, unsigned, signer, "SHA-384" if curve == "p384" else "SHA-256"


def canonical(document, ending, algorithm) -> str:
    if ending.startswith("JCS"):
        return jcs(document).decode()
    dataset = to_dataset(document, contexts=published_contexts())
    return "".join(canonicalise(dataset, algorithm=algorithm).lines)


def test_the_canonical_forms_and_hashes_are_those_published(case):
    folder, ending, unsigned, signer, algorithm = case
    config = read(*folder, f"proofConfig{ending}.json")
    document_text = canonical(unsigned, ending, algorithm)
    proof_text = canonical(config, ending, algorithm)
    assert document_text == read(*folder, f"canonDoc{ending}.txt")
    assert proof_text == read(*folder, f"proofCanon{ending}.txt")
    document_hash = hashing.digest(document_text.encode(), algorithm)
    proof_hash = hashing.digest(proof_text.encode(), algorithm)
    assert document_hash.hex() == read(*folder, f"docHash{ending}.txt")
    assert proof_hash.hex() == read(*folder, f"proofHash{ending}.txt")
    combined = proof_hash + document_hash
    assert combined.hex() == read(*folder, f"combinedHash{ending}.txt")
    signature = signer.sign(combined)
    assert signature.hex() == read(*folder, f"sigHex{ending}.txt")
    assert multibase.encode_base58(signature) == read(*folder, f"sigBTC58{ending}.txt")


def test_the_signed_document_is_the_one_published(case):
    folder, ending, unsigned, signer, _algorithm = case
    published = read(*folder, f"signed{ending}.json")
    made = data_integrity.add_proof(
        unsigned,
        cryptosuite=published["proof"]["cryptosuite"],
        signer=signer,
        verification_method=published["proof"]["verificationMethod"],
        purpose="assertionMethod",
        created=datetime.fromisoformat(published["proof"]["created"]),
        contexts=published_contexts(),
        randomness=never,
    )
    assert made == published
    assert verified(published).document == unsigned


class Example:
    """One published run of ecdsa-sd-2023."""

    def __init__(self, name: str) -> None:
        pointers = SD_CASES[name]
        self.folder = (*SD, name)
        # prCredUnsigned.json was reworded after prc was signed; what was signed is what counts.
        signed = self.read("addSignedSDBase")
        self.unsigned = {member: value for member, value in signed.items() if member != "proof"}
        self.mandatory = tuple(read(FOLDER, f"{pointers}Mandatory.json"))
        self.selective = tuple(read(FOLDER, f"{pointers}Selective.json"))
        self.keys = read(*SD, "SDKeyMaterial.json")
        self.hmac_key = bytes.fromhex(self.keys["hmacKeyString"])

    def read(self, name: str):
        return read(*self.folder, f"{name}.json")

    def statements(self) -> statements.Statements:
        labels = statements.hmac_labels(self.hmac_key)
        return statements.statements_of(self.unsigned, published_contexts(), labels)

    def randomness(self):
        """The published HMAC key, then octets from which the published key of the proof comes."""
        secret = multibase.decode(self.keys["proofKeyPair"]["secretKeyMultibase"])[2:]
        drawn = [self.hmac_key, (int.from_bytes(secret, "big") - 1).to_bytes(40, "big")]
        return lambda length: next(o for o in [drawn.pop(0)] if len(o) == length)


@pytest.fixture(params=SD_CASES)
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
    published = example.read("addHashData")
    assert mandatory_hash.hex() == published["mandatoryHash"]
    options = example.read("addProofConfig")
    options_hash = hashing.rdfc_options_hash(
        example.unsigned, options, contexts=published_contexts()
    )
    assert options_hash.hex() == published["proofHash"]
    canonical = canonicalise(to_dataset(options, contexts=published_contexts()))
    assert "".join(canonical.lines) == read(*example.folder, "addProofConfigCanon.txt")


def test_the_canonical_document_is_the_one_published(example):
    dataset = to_dataset(example.unsigned, contexts=published_contexts())
    assert list(canonicalise(dataset).lines) == example.read("addBaseDocCanon")


def test_the_base_proof_is_read_as_published(example):
    published = example.read("addRawBaseSignatureInfo")
    document = example.read("addSignedSDBase")
    proof = ecdsa_sd_proof_value.read_base(document["proof"]["proofValue"])
    assert proof.base_signature.hex() == published["baseSignature"]
    assert multibase.encode_base58(proof.public_key) == published["publicKey"]
    assert [s.hex() for s in proof.signatures] == published["signatures"]
    assert list(proof.mandatory_pointers) == published["mandatoryPointers"]
    assert proof.hmac_key == example.hmac_key
    assert ecdsa_sd_proof_value.write_base(proof) == document["proof"]["proofValue"]
    found = data_integrity.verify_issued(
        document,
        resolve=dids.resolve,
        allowed={"ecdsa-sd-2023"},
        now=LATER,
        contexts=published_contexts(),
    )
    assert found.document == example.unsigned


def test_the_base_proof_is_made_again_but_for_the_nonces_of_its_statements(example):
    published = example.read("addSignedSDBase")
    made = data_integrity.add_proof(
        example.unsigned,
        cryptosuite="ecdsa-sd-2023",
        signer=deterministic_signer(example.keys["baseKeyPair"]),
        verification_method=published["proof"]["verificationMethod"],
        purpose="assertionMethod",
        created=datetime.fromisoformat(published["proof"]["created"]),
        mandatory_pointers=example.mandatory,
        contexts=published_contexts(),
        randomness=example.randomness(),
    )
    ours = ecdsa_sd_proof_value.read_base(made["proof"].pop("proofValue"))
    theirs = ecdsa_sd_proof_value.read_base(published["proof"].pop("proofValue"))
    assert made == published
    assert ours.base_signature == theirs.base_signature
    assert ours.public_key == theirs.public_key
    assert (ours.hmac_key, ours.mandatory_pointers) == (theirs.hmac_key, theirs.mandatory_pointers)
    others = example.read("addBaseTransform")["nonMandatory"]["value"]
    statement_key.check_each(theirs.public_key, ours.signatures, [line for _, line in others])
    statement_key.check_each(ours.public_key, theirs.signatures, [line for _, line in others])


def test_the_derived_proof_is_the_one_published(example):
    shown = statements.show(example.statements(), example.mandatory, example.selective)
    assert shown.document == example.read("derivedUnsignedReveal")
    groups = example.read("derivedGroupIndexes")
    assert list(shown.mandatory) == groups["mandatoryIndexes"]
    assert sorted(shown.mandatory + shown.selective) == groups["combinedIndexes"]
    adjusted = example.read("derivedAdjMandatoryIndexes")["adjMandatoryIndexes"]
    assert list(shown.mandatory_indexes) == adjusted
    labels = example.read("derivedDisclosureData")["labelMap"]["value"]
    assert shown.labels == dict(labels)
    made = data_integrity.derive(
        example.read("addSignedSDBase"),
        pointers=example.selective,
        contexts=published_contexts(),
        randomness=never,
    )
    assert made == example.read("derivedRevealDocument")


def test_the_derived_proof_is_read_and_verified_as_published(example):
    document = example.read("derivedRevealDocument")
    proof = ecdsa_sd_proof_value.read_derived(document["proof"]["proofValue"])
    published = example.read("verifyDerivedProofValue")
    assert proof.base_signature.hex() == published["baseSignature"]
    assert multibase.encode_base58(proof.public_key) == published["publicKey"]
    assert [s.hex() for s in proof.signatures] == published["signatures"]
    assert proof.labels == dict(published["labelMap"])
    assert list(proof.mandatory_indexes) == published["mandatoryIndexes"]
    unsigned = example.read("derivedUnsignedReveal")
    received = statements.received_statements(unsigned, published_contexts(), proof.labels)
    lines = received.lines
    assert list(lines) == example.read("verifyNQuads")
    mandatory_hash, others = statements.split(lines, proof.mandatory_indexes)
    data = example.read("verifyCreateVerifyData")
    assert mandatory_hash.hex() == data["mandatoryHash"]
    assert list(others) == data["nonMandatory"]
    assert verified(document).document == unsigned


def test_the_published_key_of_a_proof_has_the_header_of_its_curve(example):
    public = public_key_from_multikey(example.keys["proofKeyPair"]["publicKeyMultibase"])
    assert isinstance(public.key, ec.EllipticCurvePublicKey)
    octets = multibase.decode(multikey(public))
    assert octets.startswith(statement_key.HEADER)
    assert len(octets) == statement_key.PUBLIC_OCTETS
