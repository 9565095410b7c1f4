"""The calls of the VC-API: what is issued verifies, and nothing else ever answers 200."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from vc_api_world import CREDENTIAL, SELECTIVE, STATUS, V1, V2, Holder, World
from vcdm_examples import envelope, token

from healthpassport import vc_api
from healthpassport.multibase import decode

SUITES = tuple(vc_api.PROFILES)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def holder() -> Holder:
    return Holder()


def refused(answer: vc_api.Answer, code: str) -> None:
    assert answer.status == 400
    assert answer.media_type == "application/problem+json"
    assert (answer.body["verified"], answer.body["status"]) == (False, 400)
    assert answer.body["code"] == code
    [error] = answer.body["errors"]
    assert error["code"] == code


def altered(document: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    change(copied)
    return copied


@pytest.mark.parametrize("profile", SUITES)
def test_what_every_suite_issues_is_verified(world: World, profile: str):
    shown = world.shown(profile)
    assert shown["issuer"] == world.issuers.issuer(profile).body["id"]
    assert shown["proof"]["cryptosuite"] == vc_api.PROFILES[profile].cryptosuite
    answer = world.verify(shown)
    assert (answer.status, answer.body["verified"]) == (200, True)
    assert answer.body == {"verified": True, "checks": [], "warnings": [], "errors": []}


@pytest.mark.parametrize("profile", SUITES)
@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["credentialSubject"].update(name="Another"),
        lambda c: c.update(validUntil="2030-01-01T00:00:00Z"),
        lambda c: c["proof"].update(created="2020-01-01T00:00:00Z"),
        lambda c: c["proof"].update(proofPurpose="authentication"),
        lambda c: c["proof"].pop("proofPurpose"),
        lambda c: c["proof"].update(cryptosuite="ecdsa-xyz-2099"),
        lambda c: c["proof"].update(type="Ed25519Signature2020"),
        lambda c: c["proof"].update(proofValue=c["proof"]["proofValue"][:-2]),
        lambda c: c["proof"].update(proofValue=c["proof"]["proofValue"][1:]),
        lambda c: c["proof"].update(verificationMethod="did:key:zNobody#zNobody"),
        lambda c: c.update(issuer="did:example:somebody"),
        lambda c: c.update(proof=None),
        lambda c: c.pop("proof"),
        lambda c: c.pop("@context"),
    ],
)
def test_whatever_is_changed_afterwards_is_refused(
    world: World, profile: str, change: Callable[[dict[str, Any]], object]
):
    answer = world.verify(altered(world.shown(profile), change))
    assert answer.status == 400
    assert answer.body["verified"] is False


@pytest.mark.parametrize("profile", SELECTIVE)
def test_an_issuers_base_proof_is_for_the_holder_and_not_for_a_verifier(world: World, profile: str):
    refused(world.verify(world.issue(profile)), "di.proof_value")


def test_what_was_not_selected_is_not_in_a_derived_credential(world: World):
    shown = world.shown("ecdsa-sd-2023")
    assert "lends" not in shown["credentialSubject"]
    assert shown["credentialSubject"]["name"] == "A reader"


@pytest.mark.parametrize("pointers", [None, "/issuer", ["/nothing/there"], [7], ["issuer"]])
def test_pointers_that_select_nothing_derive_nothing(world: World, pointers: Any):
    answer = world.derive(world.issue("ecdsa-sd-2023"), pointers)
    assert answer.status == 400


def test_a_plain_proof_derives_nothing(world: World):
    assert world.derive(world.issue(), ["/issuer"]).status == 400


@pytest.mark.parametrize("profile", SUITES)
def test_an_undefined_term_is_refused_whatever_signs(world: World, profile: str):
    given = altered(CREDENTIAL, lambda c: c["credentialSubject"].update(bloodGroup="A"))
    refused(world.issuers.issue(profile, {"credential": given}), "jsonld.term_undefined")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "vcapi.request"),
        ([], "vcapi.request"),
        ({}, "vcapi.request"),
        ({"credential": "eyJ"}, "vcapi.request"),
        ({"credential": CREDENTIAL, "options": []}, "vcapi.request"),
        ({"credential": CREDENTIAL, "options": {"mandatoryPointers": "/issuer"}}, "vcapi.request"),
        ({"credential": CREDENTIAL, "options": {"credentialStatus": "yes"}}, "vcapi.request"),
        (
            {"credential": CREDENTIAL, "options": {"credentialStatus": {"type": "Other"}}},
            "vcapi.request",
        ),
        (
            {
                "credential": CREDENTIAL,
                "options": {"credentialStatus": STATUS | {"statusPurpose": "x"}},
            },
            "vcapi.request",
        ),
        ({"credential": CREDENTIAL | {"issuer": "did:example:another"}}, "vcapi.issuer"),
        ({"credential": CREDENTIAL | {"issuer": {"id": "did:example:another"}}}, "vcapi.issuer"),
        ({"credential": CREDENTIAL | {"issuer": None}}, "vcdm.malformed_value"),
        ({"credential": CREDENTIAL | {"issuer": "a library"}}, "vcdm.malformed_value"),
        ({"credential": CREDENTIAL | {"proof": {"type": "DataIntegrityProof"}}}, "vcapi.secured"),
        ({"credential": CREDENTIAL | {"type": []}}, "vcdm.malformed_value"),
        ({"credential": CREDENTIAL | {"credentialSubject": {}}}, "vcdm.malformed_value"),
        (
            {"credential": CREDENTIAL | {"@context": [V2, "https://no.example/v1"]}},
            "jsonld.context_unknown",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_issued_is_refused(world: World, body: Any, code: str):
    refused(world.issuers.issue("eddsa-rdfc-2022", body), code)


def test_mandatory_pointers_of_a_suite_that_withholds_nothing_are_refused(world: World):
    body = {"credential": CREDENTIAL, "options": {"mandatoryPointers": ["/issuer"]}}
    refused(world.issuers.issue("eddsa-rdfc-2022", body), "PROOF_GENERATION_ERROR")


def test_an_issuer_signs_in_its_own_name_with_what_is_said_of_it(world: World):
    given = CREDENTIAL | {"issuer": {"name": "A library"}}
    answer = world.issuers.issue("eddsa-rdfc-2022", {"credential": given})
    issued = answer.body["verifiableCredential"]
    did = world.issuers.issuer("eddsa-rdfc-2022").body["id"]
    assert issued["issuer"] == {"name": "A library", "id": did}
    assert world.verify(issued).status == 200


def test_there_is_no_issuer_of_another_name(world: World):
    for answer in (world.issuers.issuer("rsa"), world.issuers.issue("rsa", {})):
        assert (answer.status, answer.body["code"]) == (404, "vcapi.profile")


def test_a_credential_signed_with_anothers_key_is_refused(world: World):
    other = World()
    other.issuers = vc_api.Issuers(vc_api.issuers(bytes(31) + b"\1"), other.around)
    stolen = altered(world.issue(), lambda c: c.pop("proof"))
    own = other.issuers.known["eddsa-rdfc-2022"]
    from healthpassport.vc_api.issuing import signed  # noqa: PLC0415

    forged = signed(stolen, own, (), world.around, now=world.now)
    refused(world.verify(forged), "trust.key_not_of_issuer")


def test_a_credential_of_the_older_model_is_read_and_its_proof_terms_are_added(world: World):
    given = {
        "@context": [V1],
        "type": ["VerifiableCredential"],
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:reader"},
    }
    answer = world.issuers.issue("eddsa-rdfc-2022", {"credential": given})
    issued = answer.body["verifiableCredential"]
    assert issued["@context"] == [V1, "https://w3id.org/security/data-integrity/v2"]
    assert world.verify(issued).status == 200


def test_a_period_that_is_over_or_ahead_is_issued_and_not_verified(world: World):
    for changes, code in (
        ({"validUntil": "2026-01-01T00:00:00Z"}, "cred.expired"),
        ({"validFrom": "2027-01-01T00:00:00Z"}, "cred.not_yet_valid"),
    ):
        answer = world.issuers.issue("ecdsa-rdfc-2019", {"credential": CREDENTIAL | changes})
        assert answer.status == 201
        refused(world.verify(answer.body["verifiableCredential"]), code)


def test_a_proof_from_the_future_is_refused():
    early = World()
    issued = early.issue()
    early.later(minutes=-5)
    refused(early.verify(issued), "di.created")


def test_a_challenge_or_domain_that_the_proof_does_not_carry_is_refused(world: World):
    issued = world.issue()
    refused(world.verify(issued, challenge="c"), "INVALID_CHALLENGE_ERROR")
    refused(world.verify(issued, domain="d"), "INVALID_DOMAIN_ERROR")
    refused(world.verify(issued, challenge=7), "vcapi.request")


@pytest.mark.parametrize("body", [None, {}, {"verifiableCredential": "eyJ"}, "text"])
def test_what_is_no_call_is_refused(world: World, body: Any):
    for call in (vc_api.verify_credential, vc_api.derive_credential, vc_api.verify_presentation):
        refused(call(body, world.around), "vcapi.request")


def test_nothing_is_answered_200_for_an_envelope(world: World, holder: Holder):
    document = envelope("application/vc+jwt", token("vc+jwt"))
    refused(world.verify(document), "vcapi.enveloped")
    enveloped = document | {"type": "EnvelopedVerifiablePresentation"}
    refused(world.verify_presentation(enveloped), "vcapi.enveloped")
    presentation = holder.present(world, document)
    refused(world.verify_presentation(presentation, challenge="c", domain="d"), "vcapi.enveloped")


def test_a_problem_bears_the_name_that_its_specification_gives_it(world: World):
    given = altered(world.issue(), lambda c: c.update(type=["VerifiableCredential", 7]))
    told = world.verify(given).body
    assert told["type"] == "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
    given = altered(world.issue(), lambda c: c["proof"].pop("proofPurpose"))
    told = world.verify(given).body
    assert told["type"] == "https://w3id.org/security#PROOF_VERIFICATION_ERROR"


# -- presentations --------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", SUITES)
def test_a_presentation_for_this_request_is_verified(world: World, holder: Holder, profile: str):
    presentation = holder.present(world, world.shown(profile))
    answer = world.verify_presentation(presentation, challenge="c", domain="d")
    assert answer.status == 200, answer.body


def test_a_presentation_without_credentials_or_with_the_holders_own_is_verified(
    world: World, holder: Holder
):
    own = CREDENTIAL | {"issuer": holder.did}
    for presentation in (
        holder.present(world, verifiableCredential=...),
        holder.present(world, own),
        holder.present(world, world.issue(), own, holder={"id": holder.did}),
    ):
        answer = world.verify_presentation(presentation, challenge="c", domain="d")
        assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"challenge": "another", "domain": "d"}, "INVALID_CHALLENGE_ERROR"),
        ({"challenge": "c", "domain": "another"}, "INVALID_DOMAIN_ERROR"),
        ({"challenge": "", "domain": "d"}, "INVALID_CHALLENGE_ERROR"),
        ({"challenge": ["c"], "domain": "d"}, "vcapi.request"),
    ],
)
def test_a_presentation_for_another_request_is_refused(
    world: World, holder: Holder, options: dict[str, Any], code: str
):
    refused(world.verify_presentation(holder.present(world, world.issue()), **options), code)


def test_a_presentation_is_refused_with_one_bad_credential_among_good_ones(
    world: World, holder: Holder
):
    bad = altered(world.issue(), lambda c: c["credentialSubject"].update(name="Another"))
    presentation = holder.present(world, world.issue(), bad, world.issue())
    refused(world.verify_presentation(presentation, challenge="c", domain="d"), "di.signature")


def test_a_presentation_signed_by_another_than_its_holder_is_refused(world: World, holder: Holder):
    presentation = holder.present(world, world.issue(), holder=Holder().did)
    refused(
        world.verify_presentation(presentation, challenge="c", domain="d"),
        "match.holder_binding",
    )


def test_a_presentation_without_proof_or_with_one_for_another_purpose_is_refused(
    world: World, holder: Holder
):
    bare = altered(holder.present(world, world.issue()), lambda p: p.pop("proof"))
    refused(world.verify_presentation(bare), "PROOF_VERIFICATION_ERROR")
    wrong = holder.present(world, world.issue(), purpose="assertionMethod")
    refused(world.verify_presentation(wrong, challenge="c", domain="d"), "PROOF_VERIFICATION_ERROR")


def test_a_presentation_altered_afterwards_is_refused(world: World, holder: Holder):
    presentation = holder.present(world, world.issue())
    changed = altered(presentation, lambda p: p["verifiableCredential"].append(world.issue()))
    refused(world.verify_presentation(changed, challenge="c", domain="d"), "di.signature")


# -- status ---------------------------------------------------------------------------------------


def test_a_requested_status_leads_to_a_signed_list_of_zeroes(world: World):
    issued = world.issue(credentialStatus=STATUS)
    status = issued["credentialStatus"]
    name = status["statusListCredential"].rpartition("/")[2]
    answer = world.issuers.status_list(name)
    assert answer.status == 200
    assert world.verify(answer.body).status == 200
    subject = answer.body["credentialSubject"]
    assert subject["statusPurpose"] == "revocation"
    assert not any(gzip.decompress(decode(subject["encodedList"])))
    assert world.verify(issued).body["warnings"] == []


def test_a_revoked_or_suspended_credential_is_refused(world: World):
    for purpose in ("revocation", "suspension"):
        issued = world.issue(credentialStatus=[STATUS | {"statusPurpose": purpose}])
        status = issued["credentialStatus"]
        name = status["statusListCredential"].rpartition("/")[2]
        world.around.statuses._lists[name].marked.add(int(status["statusListIndex"]))
        refused(world.verify(issued), "status.revoked")


def test_indices_are_not_given_twice_nor_in_order(world: World):
    statuses = [world.around.statuses.entry(STATUS) for _ in range(200)]
    indices = [int(status["statusListIndex"]) for status in statuses]
    assert len(set(indices)) == 200
    assert indices != sorted(indices)


def test_the_status_list_of_another_is_not_fetched_and_that_is_said(world: World):
    status = STATUS | {"statusListIndex": "7", "statusListCredential": "https://no.example/1"}
    given = CREDENTIAL | {"credentialStatus": status}
    issued = world.issuers.issue("eddsa-rdfc-2022", {"credential": given}).body
    answer = world.verify(issued["verifiableCredential"])
    assert answer.status == 200
    assert [warning["code"] for warning in answer.body["warnings"]] == ["vcapi.status_unseen"]


@pytest.mark.parametrize("name", ["revocation-2", "suspension", "..", ""])
def test_there_is_no_status_list_of_another_name(name: str):
    assert World().issuers.status_list(name).status == 404


def test_di_036_a_verified_credential_leads_to_no_request(world: World, monkeypatch):
    import socket  # noqa: PLC0415

    def refuse(*_: object, **__: object):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    given = CREDENTIAL | {
        "credentialSchema": {"id": "https://attacker.example/s", "type": "JsonSchema"},
        "termsOfUse": {"id": "https://attacker.example/t", "type": "https://attacker.example/T"},
        "evidence": {"id": "https://attacker.example/e", "type": "https://attacker.example/E"},
    }
    issued = world.issuers.issue("eddsa-rdfc-2022", {"credential": given})
    assert world.verify(issued.body["verifiableCredential"]).status == 200
