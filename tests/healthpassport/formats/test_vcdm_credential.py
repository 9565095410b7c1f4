"""Credentials that the VC Data Model 2.0 allows, and every kind that it does not."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcdm_examples import BASE, NOW, checked, credential

from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm import MODEL_1, READABLE, check_credential
from healthpassport.formats.vcdm.syntax import is_url

URL = "https://library.example/thing"
ENGLISH = {"@value": "A card", "@language": "en"}
WELSH = {"@value": "Cerdyn", "@language": "cy-GB", "@direction": "ltr"}
STATUS = {
    "id": f"{URL}#7",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "7",
    "statusListCredential": URL,
}

ALLOWED: list[dict[str, Any]] = [
    {"at_context": BASE, "type": "VerifiableCredential"},
    {"at_context": [BASE]},
    {"at_context": [BASE, "https://www.w3.org/ns/credentials/undefined-terms/v2"]},
    {"id": ...},
    {"id": "did:example:card"},
    {"type": ["https://library.example/terms#LibraryCard", "VerifiableCredential"]},
    {"name": "A card", "description": ENGLISH},
    {"name": [ENGLISH, WELSH]},
    {"issuer": "did:key:zIssuer"},
    {"issuer": {"id": URL, "name": [ENGLISH], "description": "lends books"}},
    {"credentialSubject": {"name": "A reader"}},
    {"credentialSubject": [{"id": URL}, {"name": "Another"}]},
    {"validFrom": ..., "validUntil": ...},
    {"validFrom": "2026-01-01T24:00:00Z"},
    {"validFrom": "2026-01-01T00:00:00.123456789-12:45"},
    {"validFrom": "-0044-03-15T12:00:00Z"},
    {"validUntil": "12026-01-01T00:00:00Z"},
    {"validUntil": "9999-12-31T24:00:00-14:00"},
    {"credentialStatus": STATUS},
    {"credentialStatus": [STATUS, {"type": "SomethingElse"}]},
    {"credentialSchema": {"id": URL, "type": "JsonSchema"}},
    {"termsOfUse": [{"type": "Policy"}, {"type": "Policy", "id": URL}]},
    {"evidence": {"type": ["Evidence"], "id": URL}},
    {"refreshService": {"type": "Service", "url": URL}},
    {"proof": ...},
    {"proof": [{"type": "DataIntegrityProof"}]},
]

MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"at_context": ...}, "@context"),
    ({"at_context": None}, "@context"),
    ({"at_context": []}, "@context"),
    ({"at_context": [URL, BASE]}, "@context"),
    ({"at_context": ["https://www.w3.org/2018/credentials/v1"]}, "@context"),
    ({"at_context": [BASE, 7]}, "@context"),
    ({"at_context": [BASE, None]}, "@context"),
    ({"at_context": [BASE, "not a url"]}, "@context"),
    ({"at_context": [BASE, "https ://library.example/"]}, "@context"),
    ({"at_context": [BASE, URL, URL]}, "@context"),
    ({"at_context": [BASE, "https://www.w3.org/ns/credentials/undefined-terms/v2", URL]}, "last"),
    ({"id": None}, "id"),
    ({"id": "card-7"}, "id"),
    ({"id": [URL]}, "id"),
    ({"id": "https://"}, "id"),
    ({"id": "did:example:"}, "id"),
    ({"type": ...}, "type"),
    ({"type": []}, "type"),
    ({"type": "LibraryCard"}, "type"),
    ({"type": ["VerifiableCredential", 7]}, "type"),
    ({"type": ["VerifiableCredential", ""]}, "type"),
    ({"type": ["VerifiableCredential", "@json"]}, "type"),
    ({"type": ["VerifiableCredential", "two words"]}, "type"),
    ({"type": {"id": "VerifiableCredential"}}, "type"),
    ({"name": 7}, "name"),
    ({"name": []}, "name"),
    ({"name": {"@value": 7}}, "name"),
    ({"name": {"@language": "en"}}, "name"),
    ({"description": ENGLISH | {"url": URL}}, "description"),
    ({"description": ENGLISH | {"@type": URL}}, "description"),
    ({"description": ENGLISH | {"@language": "much too long a tag"}}, "description"),
    ({"description": ENGLISH | {"@language": None}}, "description"),
    ({"description": ENGLISH | {"@direction": "up"}}, "description"),
    ({"issuer": ...}, "issuer"),
    ({"issuer": None}, "issuer"),
    ({"issuer": "A library"}, "issuer"),
    ({"issuer": [URL]}, "issuer"),
    ({"issuer": {"name": "A library"}}, "issuer.id"),
    ({"issuer": {"id": None}}, "issuer.id"),
    ({"issuer": {"id": URL, "name": ENGLISH | {"url": URL}}}, "issuer.name"),
    ({"credentialSubject": ...}, "credentialSubject"),
    ({"credentialSubject": {}}, "credentialSubject"),
    ({"credentialSubject": []}, "credentialSubject"),
    ({"credentialSubject": [{"name": "A reader"}, {}]}, "credentialSubject"),
    ({"credentialSubject": "did:example:reader"}, "credentialSubject"),
    ({"credentialSubject": {"id": ["did:example:a", "did:example:b"]}}, "credentialSubject.id"),
    ({"credentialSubject": {"id": None}}, "credentialSubject.id"),
    ({"validFrom": "1 January 2026"}, "validFrom"),
    ({"validFrom": 1_767_225_600}, "validFrom"),
    ({"validFrom": "2026-02-30T00:00:00Z"}, "validFrom"),
    ({"validFrom": "2026-01-01T24:00:01Z"}, "validFrom"),
    ({"validFrom": "2026-01-01T23:59:60Z"}, "validFrom"),
    ({"validUntil": "2027-01-01"}, "validUntil"),
    ({"validUntil": "2027-01-01T00:00:00+14:30"}, "validUntil"),
    ({"validUntil": "٢٠٢٧-01-01T00:00:00Z"}, "validUntil"),
    ({"validUntil": None}, "validUntil"),
    ({"credentialStatus": {"id": URL}}, "credentialStatus.type"),
    ({"credentialStatus": STATUS | {"id": "entry 7"}}, "credentialStatus.id"),
    ({"credentialStatus": STATUS | {"id": [URL, URL]}}, "credentialStatus.id"),
    ({"credentialStatus": STATUS | {"id": URL}}, "credentialStatus.id"),
    ({"credentialStatus": []}, "credentialStatus"),
    ({"credentialStatus": URL}, "credentialStatus"),
    ({"credentialSchema": {"type": "JsonSchema"}}, "credentialSchema.id"),
    ({"credentialSchema": {"id": "schema", "type": "JsonSchema"}}, "credentialSchema.id"),
    ({"credentialSchema": {"id": URL}}, "credentialSchema.type"),
    ({"termsOfUse": {"id": URL}}, "termsOfUse.type"),
    ({"termsOfUse": [{"type": "Policy"}, {}]}, "termsOfUse.type"),
    ({"evidence": {}}, "evidence.type"),
    ({"evidence": {"type": "Evidence", "id": "film"}}, "evidence.id"),
    ({"refreshService": {"id": URL}}, "refreshService.type"),
    ({"renderMethod": {"id": URL}}, "renderMethod.type"),
    ({"confidenceMethod": [{"id": URL}]}, "confidenceMethod.type"),
    ({"proof": None}, "proof"),
    ({"proof": []}, "proof"),
    ({"proof": "z58"}, "proof"),
    ({"proof": {"cryptosuite": "eddsa-rdfc-2022"}}, "proof.type"),
    ({"proof": [{"type": ["DataIntegrityProof"]}]}, "proof.type"),
]


@pytest.mark.parametrize("changes", ALLOWED, ids=str)
def test_a_conforming_credential_is_read(changes: dict[str, Any]):
    assert checked(credential(**changes), now=None).version == "2.0"


@pytest.mark.parametrize(("changes", "place"), MALFORMED, ids=str)
def test_a_value_that_the_model_does_not_allow_is_refused_by_its_place(
    changes: dict[str, Any], place: str
):
    with pytest.raises(CredentialError) as refused:
        checked(credential(**changes))
    assert refused.value.code == "vcdm.malformed_value"
    assert place in refused.value.detail


@pytest.mark.parametrize("document", [None, [], "eyJ", 7, [credential()]])
def test_what_is_no_object_is_refused(document: Any):
    with pytest.raises(CredentialError) as refused:
        checked(document)
    assert refused.value.code == "vcdm.parsing"


def test_what_was_read_is_handed_on():
    found = checked(credential(credentialStatus=STATUS))
    assert found.issuer == "https://library.example/issuer"
    assert found.types == ("VerifiableCredential", "LibraryCard")
    assert found.valid_until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert found.statuses == (STATUS,)
    assert [proof["type"] for proof in found.proofs] == ["DataIntegrityProof"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"validUntil": "2026-10-31T23:59:59Z"}, "cred.expired"),
        ({"validFrom": "2026-11-01T12:01:01Z"}, "cred.not_yet_valid"),
        ({"validFrom": "2026-03-01T00:00:00Z", "validUntil": "2026-02-01T00:00:00Z"}, "vcdm.range"),
        ({"validUntil": "2027-01-01T00:00:00"}, "vcdm.malformed_value"),
        ({"validFrom": "2026-01-01T00:00:00"}, "vcdm.malformed_value"),
    ],
)
def test_di_031_a_period_that_is_over_ahead_inverted_or_without_a_zone_is_refused(
    changes: dict[str, Any], code: str
):
    with pytest.raises(CredentialError) as refused:
        checked(credential(**changes))
    assert refused.value.code == code


def test_the_end_is_compared_on_the_time_line_and_not_as_text():
    ended = credential(validUntil="2026-11-01T12:30:00+01:00")
    with pytest.raises(CredentialError) as refused:
        checked(ended)
    assert refused.value.code == "cred.expired"
    assert checked(ended, expired_accepted=True).valid_until == NOW - timedelta(minutes=30)


def test_an_issuer_may_date_ahead_but_not_the_wrong_way_round():
    ahead = credential(validFrom="2030-01-01T00:00:00Z", validUntil="2031-01-01T00:00:00Z")
    assert checked(ahead, now=None).valid_from == datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(CredentialError) as refused:
        checked(credential(validUntil="2020-01-01T00:00:00Z"), now=None)
    assert refused.value.code == "vcdm.range"


def test_di_036_no_address_in_a_credential_is_ever_followed(monkeypatch):
    def refuse(*_: object, **__: object):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    hostile = "https://attacker.example/collect"
    document = credential(
        at_context=[BASE, hostile],
        termsOfUse={"type": "Policy", "id": hostile},
        evidence={"type": "Evidence", "id": hostile},
        credentialSchema={"type": "JsonSchema", "id": hostile},
        refreshService={"type": "Service", "id": hostile},
        credentialStatus=STATUS | {"statusListCredential": hostile},
        relatedResource={"id": hostile, "digestSRI": "sha256-" + "A" * 43 + "="},
    )
    assert checked(document).unchecked_resources == (hostile,)


def test_the_older_model_is_read_only_where_it_is_asked_for():
    old = credential(
        at_context=[MODEL_1.context],
        validFrom=...,
        validUntil=...,
        issuanceDate="2026-01-01T00:00:00Z",
        expirationDate="2026-06-01T00:00:00Z",
    )
    with pytest.raises(CredentialError):
        checked(old)
    assert checked(old, models=READABLE, expired_accepted=True).version == "1.1"
    with pytest.raises(CredentialError) as refused:
        checked(old, models=READABLE)
    assert refused.value.code == "cred.expired"
    del old["issuanceDate"]
    with pytest.raises(CredentialError) as refused:
        checked(old, models=READABLE)
    assert "issuanceDate" in refused.value.detail


def test_more_objects_than_a_credential_needs_are_refused():
    for changes in (
        {"credentialSubject": [{"name": "A reader"}] * 101},
        {"at_context": [BASE] + [{}] * 100},
    ):
        with pytest.raises(CredentialError):
            checked(credential(**changes))


@pytest.mark.parametrize(
    "text",
    [
        "https://library.example",
        "https://library.example/a?b=c#d",
        "https://[::1]:8443/a",
        "urn:uuid:5d0ef0c1-8e50-4f0e-8a3f-6c1c39bb3a01",
        "did:key:zAbc#zAbc",
        "mailto:someone@example.org",
        "https://bücher.example/ä",
    ],
)
def test_a_url_is_absolute(text: str):
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https:library.example",
        "https:///path",
        "//library.example/a",
        "library.example",
        "1https://library.example",
        "https://library.example/a b",
        "https://library.example/a\n",
        'https://library.example/"',
        "https://library.example/<a>",
        "https://library.example/{a}",
        "https://library.example\\a",
        "did:",
        "did:Example:a",
        "urn:" + "a" * 5_000,
    ],
)
def test_a_relative_reference_or_a_foreign_character_makes_no_url(text: str):
    assert not is_url(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(BASE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    name=st.sampled_from([*credential(), "relatedResource", "credentialStatus", "name"]),
    value=JSON,
)
def test_whatever_a_member_holds_the_answer_is_a_credential_or_a_refusal_of_ours(name, value):
    code = "vcdm."
    try:
        check_credential(credential() | {name: value}, now=NOW)
    except CredentialError as refused:
        code = refused.code
    assert code.startswith(("vcdm.", "cred.", "limit."))
