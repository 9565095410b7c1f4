"""The published examples of vc-di-eddsa 1.0, step by step, and its proof sets and chains."""

from __future__ import annotations

from datetime import datetime

import pytest
from vectors_integrity import never, published_contexts, read, verified

from healthpassport import multibase
from healthpassport.canonical import canonicalise, to_dataset
from healthpassport.encoding import jcs
from healthpassport.formats import data_integrity
from healthpassport.formats.data_integrity.cryptosuites.hashing import (
    digest,
    jcs_hash_data,
    rdfc_hash_data,
)
from healthpassport.keys import SoftwareSigner
from healthpassport.keys.multikey import signer_from_multikey

pytestmark = pytest.mark.shared

CASES = {
    "rdfc": ("eddsa-rdfc-2022", "DataInt", "unsigned.json"),
    "rdfc-employ": ("eddsa-rdfc-2022/employ", "DataInt", "employmentAuth.json"),
    "jcs": ("eddsa-jcs-2022", "JCS", "unsigned.json"),
}
FOLDER = "vc-di-eddsa"
CHAIN = (FOLDER, "proof-set-chain")


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    folder, ending, unsigned = request.param
    parts = (FOLDER, *folder.split("/"))
    return parts, ending, read(FOLDER, unsigned)


def signer() -> SoftwareSigner:
    pair = read(FOLDER, "keyPair.json")
    return signer_from_multikey(pair["privateKeyMultibase"], pair["publicKeyMultibase"])


def canonical(document, folder) -> str:
    if folder[1].startswith("eddsa-jcs"):
        return jcs(document).decode()
    return "".join(canonicalise(to_dataset(document, contexts=published_contexts())).lines)


def test_the_canonical_forms_and_hashes_are_those_published(case):
    folder, ending, unsigned = case
    config = read(*folder, f"proofConfig{ending}.json")
    document_text, proof_text = canonical(unsigned, folder), canonical(config, folder)
    assert document_text == read(*folder, f"canonDoc{ending}.txt")
    assert proof_text == read(*folder, f"proofCanon{ending}.txt")
    assert digest(document_text.encode()).hex() == read(*folder, f"docHash{ending}.txt")
    assert digest(proof_text.encode()).hex() == read(*folder, f"proofHash{ending}.txt")
    if ending == "JCS":
        combined = jcs_hash_data(unsigned, config, algorithm="SHA-256")
    else:
        combined = rdfc_hash_data(
            unsigned, config, contexts=published_contexts(), algorithm="SHA-256"
        )
    assert combined.hex() == read(*folder, f"combinedHash{ending}.txt")
    signature = signer().sign(combined)
    assert signature.hex() == read(*folder, f"sigHex{ending}.txt")
    assert multibase.encode_base58(signature) == read(*folder, f"sigBTC58{ending}.txt")


def test_the_signed_document_is_the_one_published(case):
    folder, ending, unsigned = case
    published = read(*folder, f"signed{ending}.json")
    made = data_integrity.add_proof(
        unsigned,
        cryptosuite=published["proof"]["cryptosuite"],
        signer=signer(),
        verification_method=published["proof"]["verificationMethod"],
        purpose="assertionMethod",
        created=datetime.fromisoformat(published["proof"]["created"]),
        contexts=published_contexts(),
        randomness=never,
    )
    assert made == published
    assert verified(published).document == unsigned


@pytest.mark.parametrize(
    ("name", "count"),
    [("Set1", 1), ("Set2", 2), ("Chain1", 3), ("Chain2", 4)],
)
def test_the_published_proof_sets_and_chains_verify(name, count):
    document = read(*CHAIN, f"signedProof{name}.json")
    found = verified(document)
    assert len(found.proofs) == count
    assert found.document == read(*CHAIN, "unsigned.json")


@pytest.mark.parametrize(
    ("before", "config", "after", "key"),
    [
        ("unsigned.json", "proofSetConfig1.json", "signedProofSet1.json", "keyPair1"),
        ("signedProofSet1.json", "proofSetConfig2.json", "signedProofSet2.json", "keyPair2"),
        ("signedProofSet2.json", "proofChainConfig1.json", "signedProofChain1.json", "keyPair3"),
        ("signedProofChain1.json", "proofChainConfig2.json", "signedProofChain2.json", "keyPair4"),
    ],
)
def test_the_published_sets_and_chains_are_made_again(before, config, after, key):
    options = read(*CHAIN, config)
    pair = read(*CHAIN, "multiKeyPairs.json")[key]
    made = data_integrity.add_proof(
        read(*CHAIN, before),
        cryptosuite=options["cryptosuite"],
        signer=signer_from_multikey(pair["privateKeyMultibase"], pair["publicKeyMultibase"]),
        verification_method=options["verificationMethod"],
        purpose=options["proofPurpose"],
        created=datetime.fromisoformat(options["created"]),
        proof_id=options.get("id"),
        previous_proof=options.get("previousProof"),
        contexts=published_contexts(),
        randomness=never,
    )
    published = read(*CHAIN, after)["proof"]
    proofs = made["proof"] if isinstance(made["proof"], list) else [made["proof"]]
    wanted = published if isinstance(published, list) else [published]
    assert proofs == wanted
