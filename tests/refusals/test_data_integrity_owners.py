"""Whose a document is, for whom it was made, and proofs that stand beside one another."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import integrity_world as world
import pytest
from integrity_world import (
    DOMAIN,
    HOLDER,
    ISSUER,
    ISSUER_ED,
    MADE,
    SHOWN,
    SIGNERS,
    STRANGER,
    VOCABULARY,
    credential,
    did_of,
    issued,
    presented,
    refused,
    verify,
    verify_presented,
    with_proof,
)

from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity


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


@pytest.fixture(scope="module")
def presentation(shown):
    return presented(shown)


# --- whose it is


def test_di_033_a_key_that_is_not_the_issuers_is_refused(any_shown):
    for issuer in (did_of(STRANGER), {"id": did_of(STRANGER), "name": "Surgery"}):
        suite = any_shown["proof"]["cryptosuite"]
        made = issued(suite, document=credential(issuer))
        final = world.derived(made, *SHOWN) if suite == "ecdsa-sd-2023" else made
        refused("trust.key_not_of_issuer", verify, final)


@pytest.mark.parametrize("issuer", [{"name": "Surgery"}, [], 5, ""])
def test_an_issuer_without_identifier_has_no_key(issuer):
    made = issued("eddsa-jcs-2022", document=credential() | {"issuer": issuer})
    refused("trust.key_not_of_issuer", verify, made)


def test_an_issuer_that_is_an_object_is_known_by_its_id():
    made = issued("eddsa-jcs-2022", document=credential({"id": did_of(ISSUER_ED)}))
    assert verify(made).proofs[0].owner == did_of(ISSUER_ED)


def test_a_document_that_calls_another_the_controller_of_its_key_gains_nothing():
    class Claimed:
        """A method in a document of its own that names the issuer as controller."""

        id = "did:web:attacker.example#key"
        controller = did_of(ISSUER)
        public_key = STRANGER.public_key

        def require(self, _relationship):
            return None

    made = issued(
        "ecdsa-jcs-2019",
        signer=STRANGER,
        document=credential(ISSUER),
        verification_method=Claimed.id,
    )
    refused("trust.key_not_of_issuer", verify, made, resolve=lambda _url: Claimed())


def test_a_countersignature_that_is_not_the_issuers_does_not_stand_in_for_one():
    first = issued("eddsa-jcs-2022")
    both = issued("ecdsa-jcs-2019", document=first, signer=STRANGER)
    assert len(verify(both).proofs) == 2
    alone = {**both, "proof": both["proof"][1]}
    refused("trust.key_not_of_issuer", verify, alone)
    # The issuer's proof is there, but only the stranger's is of an allowed suite.
    refused("trust.key_not_of_issuer", verify, both, allowed=frozenset({"ecdsa-jcs-2019"}))


# --- presentations


@pytest.mark.parametrize("domain", ["x509_hash:other", None, [], ["x509_hash:desk", "other"]])
def test_di_026_a_presentation_for_another_receiver_is_refused(shown, presentation, domain):
    if domain == []:
        made = with_proof(presentation, domain=None)
    else:
        made = presented(shown, domain=domain)
    refused("INVALID_DOMAIN_ERROR", verify_presented, made)


def test_di_026_every_receiver_that_is_expected_must_be_named(shown):
    made = presented(shown, domain=[DOMAIN, "https://desk.example"])
    assert verify_presented(made, expected_domain=["https://desk.example", DOMAIN])
    refused("INVALID_DOMAIN_ERROR", verify_presented, made)


@pytest.mark.parametrize("challenge", ["another-challenge", None, ""])
def test_a_presentation_for_another_request_is_refused(shown, challenge):
    refused("INVALID_CHALLENGE_ERROR", verify_presented, presented(shown, challenge=challenge))


def test_an_empty_challenge_matches_nothing(shown):
    made = presented(shown, challenge="")
    refused("INVALID_CHALLENGE_ERROR", verify_presented, made, expected_challenge="")


def test_di_028_a_record_of_another_holder_is_refused(shown):
    thief = world.generate_signer("EdDSA")
    stolen = presented(shown, holder=thief)
    document, holder = verify_presented(stolen)
    assert holder == did_of(thief)
    received = document.document["verifiableCredential"][0]
    refused(
        "match.holder_binding",
        data_integrity.check_subject,
        verify(received).document,
        expected_holder=holder,
    )


def test_di_028_a_presentation_that_names_another_holder_is_refused(shown):
    for holder in (did_of(HOLDER), {"id": did_of(HOLDER)}, ["x"], 5):
        made = presented(
            shown,
            holder=world.generate_signer("EdDSA"),
            cryptosuite="eddsa-jcs-2022",
            document={"holder": holder},
        )
        refused("match.holder_binding", verify_presented, made)


@pytest.mark.parametrize(
    "subject",
    [None, [], {}, {"familyName": "A"}, "text", [{"id": "HOLDER"}, {"id": "did:key:other"}]],
)
def test_di_028_a_subject_that_is_not_the_holder_is_refused(subject):
    text = json.dumps(subject).replace("HOLDER", did_of(HOLDER))
    document = {"credentialSubject": json.loads(text)}
    refused(
        "match.holder_binding",
        data_integrity.check_subject,
        document,
        expected_holder=did_of(HOLDER),
    )


def test_the_holder_of_a_presentation_may_show_what_is_theirs(presentation):
    document, holder = verify_presented(presentation)
    received = document.document["verifiableCredential"][0]
    data_integrity.check_subject(verify(received).document, expected_holder=holder)


def test_a_credential_that_was_exchanged_in_a_presentation_is_noticed(base, presentation):
    other = world.derived(base, "/credentialSubject/id")
    changed = {**presentation, "verifiableCredential": [other]}
    refused("di.signature", verify_presented, changed)


# --- sets and chains


FIRST = "urn:uuid:26329423-bec9-4b2e-88cb-000000000001"
SECOND = "urn:uuid:26329423-bec9-4b2e-88cb-000000000002"


def chain():
    first = issued("eddsa-jcs-2022", proof_id=FIRST)
    return issued(
        "ecdsa-jcs-2019", document=first, signer=STRANGER, proof_id=SECOND, previous_proof=FIRST
    )


def test_a_chain_verifies_and_none_of_its_proofs_can_be_changed():
    made = chain()
    assert [proof.cryptosuite for proof in verify(made).proofs] == [
        "eddsa-jcs-2022",
        "ecdsa-jcs-2019",
    ]
    first, second = made["proof"]
    again = issued("eddsa-jcs-2022", proof_id=FIRST, created=MADE - timedelta(hours=1))
    refused("di.signature", verify, {**made, "proof": [again["proof"], second]})
    cut = {name: value for name, value in second.items() if name != "previousProof"}
    refused("di.signature", verify, {**made, "proof": [first, cut]})


def test_di_030_a_previous_proof_that_is_not_there_is_refused():
    made = chain()
    second = made["proof"][1]
    for previous in (FIRST, "urn:uuid:nothing", [FIRST, "urn:uuid:nothing"]):
        alone = {**made, "proof": [{**second, "previousProof": previous}]}
        refused("PROOF_VERIFICATION_ERROR", verify, alone)


def test_di_030_a_circle_of_proofs_is_refused():
    first, second = chain()["proof"]
    made = chain()
    circle = [{**first, "previousProof": SECOND}, second]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": circle})
    itself = [{**first, "previousProof": [FIRST]}]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": itself})


@pytest.mark.parametrize("previous", [[], "", 5, {}, [5], [FIRST, FIRST], None])
def test_di_030_a_previous_proof_that_is_no_reference_is_refused(previous):
    made = chain()
    proofs = [made["proof"][0], {**made["proof"][1], "previousProof": previous}]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": proofs})


def test_two_proofs_of_one_id_are_refused():
    made = chain()
    first = made["proof"][0]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": [first, first]})


# --- the shape of a proof


@pytest.mark.parametrize("proof", [None, [], "text", 5, [None], [[{}]], {}, [{}]])
def test_a_document_without_proof_is_refused(proof):
    refused("PROOF_VERIFICATION_ERROR", verify, credential() | {"proof": proof})
    refused("PROOF_VERIFICATION_ERROR", verify, credential())


def test_too_many_proofs_are_refused():
    made = issued("eddsa-jcs-2022")
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": [made["proof"]] * 17})


MEMBERS = {
    "type": [None, 5, ["DataIntegrityProof"], ""],
    "verificationMethod": [None, 5, {"id": "did:key:z6Mk#z6Mk"}, ""],
    "id": ["relative", 5, "with space:x y", ["urn:x:y"]],
    "domain": [5, [], [5], ["a", "a"], {}],
    "challenge": [5, ["a"], None],
    "nonce": [5, {}],
}


@pytest.mark.parametrize(
    ("member", "value"), [(name, value) for name, values in MEMBERS.items() for value in values]
)
def test_a_member_of_another_type_is_refused(member, value):
    made = issued("eddsa-jcs-2022")
    made["proof"][member] = value
    refused("PROOF_VERIFICATION_ERROR", verify, made)


def test_no_refusal_repeats_a_value_of_the_record(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["familyName"] = "Penicillin-anaphylaxis"
    with pytest.raises(PassportError) as refusal:
        verify(changed)
    assert "Penicillin" not in json.dumps(refusal.value.problem())
    assert VOCABULARY not in json.dumps(refusal.value.problem())
