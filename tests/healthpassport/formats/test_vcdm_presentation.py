"""Presentations, envelopes and related resources of the VC Data Model 2.0."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from vcdm_examples import (
    BASE,
    HOLDER,
    NOW,
    checked,
    credential,
    envelope,
    presentation,
    token,
)

from healthpassport.encoding import b64_encode
from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm import Envelope, check_presentation, open_envelope
from healthpassport.multibase import encode_base58, encode_base64url

FILE = "https://library.example/rules.json"
OWN = {"issuer": HOLDER, "proof": ...}


def sri(function: str, data: bytes) -> str:
    return f"{function}-{b64_encode(hashlib.new(function, data).digest())}"


def multihash(data: bytes) -> bytes:
    return b"\x12\x20" + hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    "document",
    [
        presentation(),
        presentation(at_context=BASE, type="VerifiablePresentation", holder=...),
        presentation(verifiableCredential=...),
        presentation(verifiableCredential=credential()),
        presentation(credential(), credential(type="VerifiableCredential")),
        presentation(holder={"id": HOLDER, "name": "A reader"}),
        presentation(credential(**OWN)),
        presentation(credential(issuer={"id": HOLDER}, proof=...), holder={"id": HOLDER}),
        presentation(termsOfUse={"type": "Policy"}, id="urn:uuid:7"),
    ],
)
def test_a_conforming_presentation_is_read(document: dict[str, Any]):
    assert "VerifiablePresentation" in check_presentation(document, now=NOW).types


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (presentation(at_context=...), "@context"),
        (presentation(at_context=[FILE, BASE]), "@context"),
        (presentation(type=...), "type"),
        (presentation(type=["VerifiableCredential"]), "type"),
        (presentation(id="seven"), "id"),
        (presentation(holder="A reader"), "holder"),
        (presentation(holder={"name": "A reader"}), "holder.id"),
        (presentation(holder=None), "holder"),
        (presentation(verifiableCredential=[]), "verifiableCredential"),
        (presentation(verifiableCredential=FILE), "verifiableCredential"),
        (presentation(verifiableCredential=[token("vc+jwt")]), "verifiableCredential"),
        (presentation(7), "verifiableCredential"),
        (presentation(credential(type=[])), "verifiableCredential[0].type"),
        (presentation(credential(), credential(issuer="x")), "verifiableCredential[1].issuer"),
        (presentation(termsOfUse={"id": FILE}), "termsOfUse.type"),
        (presentation(refreshService={"id": FILE}), "refreshService.type"),
        (presentation(proof="z58"), "proof"),
    ],
)
def test_a_presentation_that_the_model_does_not_allow_is_refused_by_its_place(
    document: dict[str, Any], place: str
):
    with pytest.raises(CredentialError) as refused:
        check_presentation(document, now=NOW)
    assert refused.value.code == "vcdm.malformed_value"
    assert place in refused.value.detail


@pytest.mark.parametrize(
    "document",
    [
        presentation(credential(proof=...)),
        presentation(credential(**OWN), holder=...),
        presentation(credential(**OWN), holder="did:example:somebody-else"),
        presentation(credential(), credential(**OWN), proof=...),
    ],
)
def test_a_credential_that_nothing_secures_is_refused(document: dict[str, Any]):
    with pytest.raises(CredentialError) as refused:
        check_presentation(document, now=NOW)
    assert refused.value.code == "vcdm.unsecured"


def test_an_expired_credential_in_a_presentation_is_refused_unless_the_caller_judges_it():
    document = presentation(credential(validUntil="2026-02-01T00:00:00Z"))
    with pytest.raises(CredentialError) as refused:
        check_presentation(document, now=NOW)
    assert refused.value.code == "cred.expired"
    assert check_presentation(document, now=NOW, expired_accepted=True).contents


def test_an_enveloped_record_is_handed_out_unread():
    text = token("dc+sd-jwt", disclosures=True)
    document = presentation(envelope("application/dc+sd-jwt", text), credential())
    enveloped, embedded = check_presentation(document, now=NOW).contents
    assert enveloped == Envelope("application/dc+sd-jwt", text)
    assert embedded != enveloped


def test_an_envelope_may_be_in_base64():
    text = token("vc+jwt")
    document = envelope("application/vc+jwt;base64", b64_encode(text.encode()))
    found = open_envelope(document, expected_type="EnvelopedVerifiableCredential")
    assert found == Envelope("application/vc+jwt", text)


def test_an_enveloped_presentation_is_opened_as_one():
    document = envelope(
        "application/vp+jwt", token("vp+jwt"), type="EnvelopedVerifiablePresentation"
    )
    found = open_envelope(document, expected_type="EnvelopedVerifiablePresentation")
    assert found.media_type == "application/vp+jwt"
    with pytest.raises(CredentialError):
        check_presentation(document, now=NOW)


@pytest.mark.parametrize(
    "document",
    [
        envelope("application/vc+jwt", token("dc+sd-jwt", disclosures=True)),
        envelope("application/dc+sd-jwt", token("vc+jwt")),
        envelope("application/dc+sd-jwt", token("dc+sd-jwt")),
        envelope("application/vc+sd-jwt", token("dc+sd-jwt", disclosures=True)),
        envelope("application/vc+jwt", token("vp+jwt")),
        envelope("application/vc+jwt", token("JWT")),
        envelope("application/vc+jwt", token(None)),
        envelope("application/vp+jwt", token("vp+jwt")),
        envelope("application/jwt", token("vc+jwt")),
        envelope("text/html", "<p>"),
        envelope("", token("vc+jwt")),
        envelope("application/vc+jwt", ""),
        envelope("application/vc+jwt", "a.b.c"),
        envelope("application/vc+jwt", token("vc+jwt") + ".more"),
    ],
)
def test_di_037_an_envelope_that_is_not_what_its_label_says_is_refused(document: dict[str, Any]):
    with pytest.raises(CredentialError) as refused:
        check_presentation(presentation(document), now=NOW)
    assert refused.value.code == "di.media_type"


@pytest.mark.parametrize(
    "changes",
    [
        {"at_context": ...},
        {"at_context": []},
        {"at_context": "https://www.w3.org/ns/credentials/examples/v2"},
        {"id": ...},
        {"id": token("vc+jwt")},
        {"id": "https://library.example/card.jwt"},
        {"id": "data:application/vc+jwt"},
        {"id": "data:application/vc+jwt;charset=utf-8," + token("vc+jwt")},
        {"id": "data:application/vc+jwt;base64," + token("vc+jwt")},
        {"id": ["data:application/vc+jwt," + token("vc+jwt")]},
        {"type": ["EnvelopedVerifiableCredential", "VerifiableCredential"]},
    ],
)
def test_an_envelope_of_another_shape_is_refused(changes: dict[str, Any]):
    document = envelope("application/vc+jwt", token("vc+jwt"), **changes)
    with pytest.raises(CredentialError) as refused:
        check_presentation(presentation(document), now=NOW)
    assert refused.value.code == "vcdm.malformed_value"


def test_an_envelope_larger_than_a_token_may_be_is_refused():
    document = envelope("application/vc+jwt", "A" * 600_000)
    with pytest.raises(CredentialError) as refused:
        check_presentation(presentation(document), now=NOW)
    assert refused.value.code == "limit.size"


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": sri("sha256", b"{}")},
        {"digestSRI": sri("sha384", b"{}"), "mediaType": "application/ld+json"},
        {"digestSRI": f"{sri('sha512', b'[]')} {sri('sha512', b'{}')}"},
        {"digestMultibase": encode_base64url(multihash(b"{}"))},
        {"digestMultibase": [encode_base58(multihash(b"{}"))]},
        {"digestSRI": sri("sha384", b"{}"), "digestMultibase": encode_base58(multihash(b"{}"))},
    ],
)
def test_a_related_resource_at_hand_is_compared(digests: dict[str, Any]):
    document = credential(relatedResource=[{"id": FILE} | digests])
    assert checked(document, resources={FILE: b"{}"}).unchecked_resources == ()
    assert checked(document).unchecked_resources == (FILE,)
    with pytest.raises(CredentialError) as refused:
        checked(document, resources={FILE: b'{"altered": 1}'})
    assert refused.value.code == "vcdm.digest"


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": f"{sri('sha256', b'{}')} {sri('sha384', b'[]')}"},
        {"digestSRI": sri("sha384", b"{}"), "digestMultibase": encode_base58(multihash(b"[]"))},
    ],
)
def test_the_strongest_digest_and_both_properties_must_hold(digests: dict[str, Any]):
    with pytest.raises(CredentialError) as refused:
        checked(credential(relatedResource={"id": FILE} | digests), resources={FILE: b"{}"})
    assert refused.value.code == "vcdm.digest"


@pytest.mark.parametrize(
    "value",
    [
        [],
        FILE,
        [FILE],
        {"id": FILE},
        {"digestSRI": sri("sha256", b"{}")},
        {"id": "rules", "digestSRI": sri("sha256", b"{}")},
        {"id": FILE, "digestSRI": ""},
        {"id": FILE, "digestSRI": []},
        {"id": FILE, "digestSRI": 7},
        {"id": FILE, "digestSRI": "md5-AAAA"},
        {"id": FILE, "digestSRI": "sha256-AAAA"},
        {"id": FILE, "digestSRI": "sha256-_-8="},
        {"id": FILE, "digestSRI": " ".join([sri("sha256", b"{}")] * 9)},
        {"id": FILE, "digestMultibase": "AAAA"},
        {"id": FILE, "digestMultibase": encode_base58(hashlib.sha256(b"{}").digest())},
        {"id": FILE, "digestMultibase": encode_base58(b"\x12\x21" + bytes(33))},
        {"id": FILE, "digestSRI": sri("sha256", b"{}"), "mediaType": "json"},
        {"id": FILE, "digestSRI": sri("sha256", b"{}"), "mediaType": 7},
        [{"id": FILE, "digestSRI": sri("sha256", b"{}")}] * 2,
    ],
)
def test_a_related_resource_of_another_shape_is_refused(value: Any):
    with pytest.raises(CredentialError) as refused:
        checked(credential(relatedResource=value))
    assert refused.value.code == "vcdm.malformed_value"
