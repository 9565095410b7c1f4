"""A Python package that implements the same suites agrees with ours, as far as it goes."""

from __future__ import annotations

import copy

import integrity_world as world
import pytest
from integrity_world import CONTEXT, CONTEXT_URL, MANDATORY, SIGNERS, credential, did_of, method_of
from openvc.errors import OpenvcError
from openvc.keys import Ed25519SigningKey, P256SigningKey
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_ecdsa_rdfc import EcdsaRdfcProofSuite
from openvc.proof.di_jcs import EcdsaJcsProofSuite, EddsaJcsProofSuite
from openvc.proof.ecdsa_sd import EcdsaSdProofSuite

from healthpassport.errors import PassportError

PEERS = {
    "ecdsa-jcs-2019": EcdsaJcsProofSuite(),
    "ecdsa-rdfc-2019": EcdsaRdfcProofSuite(),
    "eddsa-jcs-2022": EddsaJcsProofSuite(),
    "eddsa-rdfc-2022": DataIntegrityProofSuite(),
}
SELECTIVE = EcdsaSdProofSuite()
EXTRA = {"extra_contexts": {CONTEXT_URL: dict(CONTEXT)}}
FIELDS = ("/credentialSubject/familyName", "/credentialSubject/birthDate")


def options(suite):
    return {} if "-jcs-" in suite else EXTRA


def peer_key(signer):
    kind = Ed25519SigningKey if signer.algorithm == "EdDSA" else P256SigningKey
    return kind.from_jwk(signer.private_jwk(), kid="key")


def checked_by_peer(suite, document):
    jwk = SIGNERS[suite].public_key.jwk()
    peer = PEERS.get(suite, SELECTIVE)
    return peer.verify(document, public_key_jwk=jwk, now=world.NOW, **options(suite))


def made_by_peer(suite):
    signer = SIGNERS[suite]
    peer = PEERS[suite]
    made = peer.add_proof(
        credential(signer),
        signing_key=peer_key(signer),
        verification_method=method_of(signer),
        created=world.MADE,
        **options(suite),
    )
    if "-jcs-" in suite:
        # The peer signs the context as part of the proof, and then leaves it out of the proof.
        made["proof"]["@context"] = made["@context"]
    return made


def without_list(document):
    """The peer cannot derive from a document with a list of objects."""
    del document["credentialSubject"]["allergies"]
    return document


@pytest.mark.parametrize("suite", PEERS)
def test_each_accepts_what_the_other_signed_and_refuses_what_was_changed(suite):
    for document in (world.issued(suite), made_by_peer(suite)):
        assert checked_by_peer(suite, document).issuer == did_of(SIGNERS[suite])
        assert world.verify(document).proofs[0].cryptosuite == suite
        changed = copy.deepcopy(document)
        changed["credentialSubject"]["state"] = "none_known"
        with pytest.raises(PassportError):
            world.verify(changed)
        with pytest.raises(OpenvcError):
            checked_by_peer(suite, changed)


def test_both_make_the_same_deterministic_signature():
    for suite in ("eddsa-jcs-2022", "eddsa-rdfc-2022"):
        ours, theirs = world.issued(suite)["proof"], made_by_peer(suite)["proof"]
        assert ours["proofValue"] == theirs["proofValue"]


def test_each_derives_from_and_verifies_what_the_other_issued():
    suite = "ecdsa-sd-2023"
    ours = world.issued(document=without_list(credential(SIGNERS[suite])))
    theirs = SELECTIVE.add_base_proof(
        without_list(credential(SIGNERS[suite])),
        signing_key=peer_key(SIGNERS[suite]),
        verification_method=method_of(SIGNERS[suite]),
        mandatory_pointers=MANDATORY,
        created=world.MADE,
        **EXTRA,
    )
    for issued in (ours, theirs):
        assert world.verify_as_holder(issued)
        shown = world.derived(issued, *FIELDS)
        assert checked_by_peer(suite, shown)
        of_peer = SELECTIVE.derive_proof(issued, selective_pointers=FIELDS, **EXTRA)
        assert world.verify(of_peer).document == world.verify(shown).document


def test_the_peer_verifies_what_we_derive_from_lists():
    assert checked_by_peer("ecdsa-sd-2023", world.derived(world.issued(), *world.SHOWN))
