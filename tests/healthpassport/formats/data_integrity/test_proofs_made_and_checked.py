"""Proofs of every suite: made, shown in part, checked; with our own made-up record."""

from __future__ import annotations

import copy
import secrets
from datetime import UTC, datetime, timedelta

import integrity_world as world
import pytest
from integrity_world import (
    EVERY_SUITE,
    HOLDER,
    ISSUER,
    ISSUER_384,
    ISSUER_ED,
    MADE,
    SIGNERS,
    VOCABULARY,
    credential,
    derived,
    did_of,
    issued,
    presented,
    verify,
    verify_as_holder,
    verify_presented,
)

from healthpassport import dids
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity
from healthpassport.formats.data_integrity import times
from healthpassport.formats.data_integrity.cryptosuites import bbs_proof_value, ecdsa_sd_proof_value
from healthpassport.keys import generate_signer
from healthpassport.suites import bbs

SUBJECT = "/credentialSubject"
BBS_ISSUER = bbs.bbs_signer(bbs.key_gen(b"a made-up key material of 32 octets at least"))
SELECTIVE = ("ecdsa-sd-2023", "bbs-2023")


def issued_by(suite, **changes):
    signer = BBS_ISSUER if suite == "bbs-2023" else SIGNERS[suite]
    return issued(suite, **{"signer": signer} | changes)


@pytest.fixture(scope="module", params=SELECTIVE)
def selective(request):
    return issued_by(request.param)


def check(document, **changes):
    return verify(document, allowed=EVERY_SUITE, **changes)


@pytest.mark.parametrize("suite", sorted(EVERY_SUITE))
def test_what_is_issued_is_genuine_for_its_holder(suite):
    made = issued_by(suite)
    found = verify_as_holder(made, allowed=EVERY_SUITE)
    assert found.document == {n: v for n, v in made.items() if n != "proof"}
    (proof,) = found.proofs
    assert (proof.cryptosuite, proof.counts, proof.created) == (suite, True, MADE)
    assert proof.owner == made["issuer"]


@pytest.mark.parametrize("suite", ["ecdsa-rdfc-2019", "ecdsa-jcs-2019"])
def test_the_strongest_curve_goes_with_its_own_hash(suite):
    made = issued(suite, signer=ISSUER_384)
    assert verify(made).proofs[0].public_key == ISSUER_384.public_key


def test_a_proof_carries_what_it_is_given_in_the_order_of_the_specification():
    made = issued(
        "eddsa-rdfc-2022",
        proof_id="urn:uuid:26329423-bec9-4b2e-88cb-000000000001",
        expires=MADE + timedelta(days=30),
        domain=["a.example", "b.example"],
        challenge="c",
        nonce="n",
    )
    assert list(made["proof"]) == [
        "type",
        "id",
        "cryptosuite",
        "created",
        "expires",
        "verificationMethod",
        "proofPurpose",
        "domain",
        "challenge",
        "nonce",
        "proofValue",
    ]
    assert verify(made).proofs[0].expires == MADE + timedelta(days=30)
    assert "created" not in issued("eddsa-jcs-2022", created=None)["proof"]


def test_what_is_shown_is_what_was_chosen_and_what_cannot_be_hidden(selective):
    shown = derived(selective, f"{SUBJECT}/allergies/1", f"{SUBJECT}/givenName")
    found = check(shown).document
    assert found == {
        "@context": selective["@context"],
        "id": selective["id"],
        "type": selective["type"],
        "issuer": selective["issuer"],
        "validUntil": selective["validUntil"],
        "credentialSubject": {
            "id": did_of(HOLDER),
            "type": "Patient",
            "givenName": ["Given", "Middle"],
            "state": "items",
            "allergies": [{"type": "Allergy", "unit": {"text": "Latex"}, "note": "gloves"}],
        },
    }


def test_what_cannot_be_hidden_is_shown_even_where_nothing_is_chosen(selective):
    shown = derived(selective)
    assert check(shown).document["credentialSubject"].keys() == {"id", "type", "state"}


def test_everything_can_be_shown(selective):
    whole = [f"/{name}" for name in selective if name not in {"proof", "@context"}]
    shown = derived(selective, *whole)
    assert check(shown).document == {n: v for n, v in selective.items() if n != "proof"}


def test_names_with_escapes_are_found(selective):
    slashed = (VOCABULARY + "slashed").replace("/", "~1")
    shown = derived(selective, f"{SUBJECT}/a~0c", f"{SUBJECT}/{slashed}")
    subject = check(shown).document["credentialSubject"]
    assert subject["a~c"] == "tilde-member"
    assert subject[VOCABULARY + "slashed"] == "slashed-member"


def test_a_unit_is_shown_whole_or_not_at_all(selective):
    shown = derived(selective, f"{SUBJECT}/allergies/0/unit")
    assert check(shown).document["credentialSubject"]["allergies"] == [
        {"type": "Allergy", "unit": {"text": "Penicillin"}}
    ]
    with pytest.raises(PassportError) as refusal:
        derived(selective, f"{SUBJECT}/allergies/0/unit/text")
    assert refusal.value.code == "di.pointer"


def test_a_record_without_blank_nodes_has_an_empty_label_map(selective):
    suite = selective["proof"]["cryptosuite"]
    document = credential(selective["issuer"])
    del document["credentialSubject"]["allergies"]
    shown = derived(issued_by(suite, document=document), f"{SUBJECT}/familyName")
    assert check(shown).document["credentialSubject"]["familyName"] == "Examplename"


def test_one_document_may_hold_base_proofs_of_two_suites():
    both = issued("ecdsa-sd-2023", document=issued_by("bbs-2023"), signer=ISSUER)
    for suite in SELECTIVE:
        shown = derived(both, f"{SUBJECT}/familyName", cryptosuite=suite)
        assert shown["proof"]["cryptosuite"] == suite
        one = data_integrity.verify_proofs(
            shown,
            expected_purpose="assertionMethod",
            expected_challenge=None,
            expected_domain=None,
            resolve=dids.resolve,
            allowed=EVERY_SUITE,
            now=world.NOW,
            contexts=world.contexts(),
        )
        assert one.proofs[0].cryptosuite == suite
    with pytest.raises(PassportError) as refusal:
        derived(both, f"{SUBJECT}/familyName")
    assert refusal.value.code == "PROOF_GENERATION_ERROR"


def test_two_copies_share_no_label_key_or_signature():
    documents = [issued(randomness=secrets.token_bytes) for _ in range(2)]
    parts = [ecdsa_sd_proof_value.read_base(d["proof"]["proofValue"]) for d in documents]
    assert parts[0].hmac_key != parts[1].hmac_key
    assert parts[0].public_key != parts[1].public_key
    assert not set(parts[0].signatures) & set(parts[1].signatures)


def test_two_shown_copies_of_a_bbs_proof_have_no_octets_of_proof_in_common():
    made = issued_by("bbs-2023")
    values = [
        bbs_proof_value.read_derived(
            derived(made, randomness=secrets.token_bytes)["proof"]["proofValue"]
        ).proof
        for _ in range(2)
    ]
    pieces = [{value[i : i + 16] for i in range(0, len(value), 16)} for value in values]
    assert not pieces[0] & pieces[1]


def test_a_presentation_holds_what_was_derived_and_names_its_holder(selective):
    shown = derived(selective, f"{SUBJECT}/id", f"{SUBJECT}/familyName")
    document, holder = verify_presented(presented(shown))
    assert holder == did_of(HOLDER)
    (received,) = document.document["verifiableCredential"]
    data_integrity.check_subject(check(received).document, expected_holder=holder)


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "eddsa-rdfc-2022"])
def test_a_presentation_without_named_holder_is_its_signers(suite):
    made = presented(cryptosuite=suite, document={"holder": None, "verifiableCredential": None})
    assert "holder" not in made
    assert verify_presented(made)[1] == did_of(HOLDER)


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
def test_json_that_is_no_linked_data_is_signed_as_it_is(suite):
    made = issued(suite, document={"issuer": did_of(SIGNERS[suite]), "any": [1, None, {"x": 2.5}]})
    assert "@context" not in made["proof"]
    assert verify(made).document["any"] == [1, None, {"x": 2.5}]
    with pytest.raises(PassportError) as refusal:
        verify({**made, "any": [1, None, {"x": 2.25}]})
    assert refusal.value.code == "di.signature"


def test_a_chain_of_statements_binds_the_later_proof_to_the_earlier():
    identifier = "urn:uuid:26329423-bec9-4b2e-88cb-000000000001"
    first = issued("ecdsa-rdfc-2019", proof_id=identifier)
    both = issued("eddsa-rdfc-2022", document=first, previous_proof=[identifier], signer=ISSUER_ED)
    assert [proof.cryptosuite for proof in verify(both).proofs] == [
        "ecdsa-rdfc-2019",
        "eddsa-rdfc-2022",
    ]
    changed = copy.deepcopy(both)
    changed["proof"][0]["proofValue"] = issued("ecdsa-rdfc-2019", proof_id=identifier)["proof"][
        "proofValue"
    ]
    with pytest.raises(PassportError) as refusal:
        verify(changed)
    assert refusal.value.code == "di.signature"


def test_adding_a_proof_leaves_the_document_that_it_was_given_alone():
    document = credential(ISSUER)
    before = copy.deepcopy(document)
    issued(document=document)
    assert document == before


def test_a_presentation_header_binds_a_bbs_proof_to_one_request():
    made = issued_by("bbs-2023")
    shown = derived(made, presentation_header=b"request 1")
    assert check(shown, expected_presentation_header=b"request 1")
    with pytest.raises(PassportError) as refusal:
        check(shown, expected_presentation_header=b"request 2")
    assert refusal.value.code == "di.signature"


def test_a_p384_key_signs_no_statements_one_by_one():
    with pytest.raises(PassportError) as refusal:
        issued(signer=generate_signer("ES384"))
    assert refusal.value.code == "di.cryptosuite"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T11:00:00Z", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("2026-11-23T11:00:00", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("2026-11-23T11:00:00.5Z", datetime(2026, 11, 23, 11, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23T11:00:00+14:00", datetime(2026, 11, 22, 21, tzinfo=UTC)),
        ("2026-11-23T11:00:00-05:30", datetime(2026, 11, 23, 16, 30, tzinfo=UTC)),
        ("2024-02-29T00:00:00-00:00", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_their_offset_and_without_one_as_utc(text, moment):
    assert times.read_time(text, "created") == moment


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_the_calendar_can_still_be_compared(text):
    assert times.read_time(text, "expires") + timedelta(days=1)
    assert times.read_time(text, "expires") - timedelta(days=1)


def test_times_are_written_to_the_second_in_utc():
    assert times.write_time(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
