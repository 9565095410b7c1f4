"""A second, post-quantum signature: others read past it, and who asks for it is not deceived."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import forge
import pytest
from forge import CHALLENGE, HOLDER, ISSUER
from jwcrypto.jwk import JWK
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from healthpassport.encoding import b64url_decode, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import PassportError
from healthpassport.formats import ldp_vc, sd_jwt, sd_jwt_vc
from healthpassport.formats.sd_jwt import second_signature
from healthpassport.formats.sd_jwt.disclosure import digest, write_disclosure
from healthpassport.jose import jws
from healthpassport.keys import generate_signer

SECOND, OTHER = generate_signer("ML-DSA-44"), generate_signer("ML-DSA-44")
NOW = datetime.now(UTC).replace(microsecond=0)  # other packages look at the clock themselves
CLAIMS = {"vct": forge.VCT, "familyName": "Example", "items": [{"unit": "Latex"}, {"unit": "Nuts"}]}
DISCLOSABLE = (("familyName",), ("items", None))
SIGNATURE = (second_signature.CLAIM,)


def issued(**changes):
    parts = {
        "payload": CLAIMS,
        "disclosable": DISCLOSABLE,
        "signer": ISSUER,
        "second_signer": SECOND,
        "iss": "https://surgery.example",
        "holder_jwk": HOLDER.public_key.jwk(),
        "issued_at": NOW - timedelta(minutes=1),
        "expires_at": NOW + timedelta(days=30),
        "salts": secrets.token_bytes,
    }
    return sd_jwt_vc.issue(**(parts | changes))


def presented(text, *, without=()):
    held = sd_jwt_vc.open_held(text)
    chosen = [place for place in held.places if place not in without]
    return sd_jwt_vc.present(
        held, disclose=chosen, challenge=CHALLENGE, holder_signer=HOLDER, now=NOW
    )


def checked(text, *, second_key=SECOND.public_key, now=NOW):
    return sd_jwt_vc.verify(
        sd_jwt_vc.parse(text),
        issuer_key=ISSUER.public_key,
        challenge=CHALLENGE,
        now=now,
        second_key=second_key,
    )


def refused(code, text, **named):
    with pytest.raises(PassportError) as caught:
        checked(text, **named)
    assert caught.value.code == code


def resigned(text, change):
    """As one who can forge ES256, but not ML-DSA, would alter header and payload."""
    signed, *disclosures, last = text.split("~")
    parsed = jws.parse(signed)
    header, payload = change(dict(parsed.header), parsed.payload)
    return "~".join([jws.sign(header=header, payload=payload, signer=ISSUER), *disclosures, last])


def test_both_signatures_are_accepted():
    credential = checked(presented(issued()))
    assert credential.payload["familyName"] == "Example"


def test_a_verifier_that_does_not_ask_accepts_it_with_and_without():
    text = issued()
    assert checked(presented(text), second_key=None).payload["items"] == CLAIMS["items"]
    without = checked(presented(text, without=[SIGNATURE]), second_key=None)
    assert second_signature.CLAIM not in without.payload


def test_the_other_disclosures_can_be_held_back_as_ever():
    shown = presented(issued(), without=[("familyName",), ("items", 0)])
    credential = checked(shown)
    assert "familyName" not in credential.payload
    assert credential.payload["items"] == [{"unit": "Nuts"}]


@pytest.mark.parametrize("without", [[], [SIGNATURE], [("familyName",), ("items", 1)]])
def test_the_sd_jwt_package_reads_it(without):
    public = JWK(**ISSUER.public_key.jwk())
    text = presented(issued(), without=without)
    payload = SDJWTVerifier(
        text, lambda _iss, _header: public, CHALLENGE.audience, CHALLENGE.nonce
    ).get_verified_payload()
    assert (second_signature.CLAIM in payload) == (SIGNATURE not in without)
    assert payload["vct"] == forge.VCT


@pytest.mark.parametrize("without", [[], [SIGNATURE], [("familyName",), ("items", 1)]])
def test_the_openvc_package_reads_it(without):
    found = SdJwtVcProofSuite().verify(
        presented(issued(), without=without),
        public_key_jwk=ISSUER.public_key.jwk(),
        require_key_binding=True,
        audience=CHALLENGE.audience,
        nonce=CHALLENGE.nonce,
    )
    assert found


def test_a_wallet_of_the_sd_jwt_package_carries_the_signature_to_a_verifier_that_asks():
    holder = SDJWTHolder(issued())
    wanted = {"familyName": True, second_signature.CLAIM: True}
    key = JWK(**HOLDER.private_jwk())
    holder.create_presentation(wanted, CHALLENGE.nonce, CHALLENGE.audience, key)
    # The package writes `typ` as we want it; what it chose to show is checked with both keys.
    shown = checked(holder.sd_jwt_presentation, now=datetime.now(UTC))
    assert shown.payload["familyName"] == "Example"


def test_a_signature_that_was_held_back_is_told_from_one_that_was_never_made():
    text = issued()
    refused("pq.withheld", presented(text, without=[SIGNATURE]))
    refused("pq.missing", presented(issued(second_signer=None)))


def test_another_key_than_the_trusted_one_is_refused():
    refused("pq.key", presented(issued(second_signer=OTHER)))
    refused("pq.key", presented(issued()), second_key=OTHER.public_key)
    refused("pq.key", presented(issued()), second_key=ISSUER.public_key)


def test_only_a_post_quantum_key_signs_second():
    with pytest.raises(PassportError, match=r"pq\.key"):
        issued(second_signer=generate_signer())


def test_a_claim_of_the_signatures_name_is_refused_at_issuance():
    with pytest.raises(PassportError, match=r"sdjwt\.claim_name_collision"):
        issued(payload={**CLAIMS, second_signature.CLAIM: "mine"})


def replaced(text, disclosure):
    """``text`` with another disclosure of the second signature, its digest put in and resigned."""
    signed, *disclosures, last = text.split("~")
    old = disclosures[-1]
    text = "~".join([signed, *disclosures[:-1], disclosure, last])
    return resigned(
        text,
        lambda header, payload: (
            header,
            payload.replace(digest(old).encode(), digest(disclosure).encode()),
        ),
    )


def test_who_can_forge_the_first_signature_alters_nothing_unnoticed():
    text = issued()

    def change(header, payload):
        return header, payload.replace(forge.VCT.encode(), forge.VCT.encode() + b"2")

    refused("pq.signature", presented(resigned(text, change)))


def test_an_added_or_removed_digest_is_noticed():
    text = issued()

    def added(header, payload):
        claims = parse_json_object(payload)
        return header, dump_json({**claims, "_sd": [*claims["_sd"], "B" * 43]})

    refused("pq.signature", presented(resigned(text, added)))


def test_an_altered_header_is_noticed():
    change = lambda header, payload: ({**header, "x": 1}, payload)  # noqa: E731 - one line
    refused("pq.signature", presented(resigned(issued(), change)))


def test_a_header_that_no_longer_names_the_second_signature_is_refused():
    def change(header, payload):
        return {name: value for name, value in header.items() if name != "pq"}, payload

    refused("pq.missing", presented(resigned(issued(), change)))
    refused("pq.missing", presented(resigned(issued(), lambda h, p: ({**h, "pq": "yes"}, p))))


@pytest.mark.parametrize("named", [{}, {"alg": "ES256"}, {"alg": "ML-DSA-44", "kid": 1}])
def test_a_header_that_names_something_else_is_refused(named):
    refused("pq.key", presented(resigned(issued(), lambda h, p: ({**h, "pq": named}, p))))


@pytest.mark.parametrize("value", [1, None, "", "not base64url!", b64url_encode(bytes(2_420))])
def test_what_is_no_signature_is_refused(value):
    other = write_disclosure("salt", second_signature.CLAIM, value)
    refused("pq.signature", presented(replaced(issued(), other)))


def test_a_signature_of_another_record_is_refused():
    first, second = issued(), issued()
    refused("pq.signature", presented(replaced(first, second.split("~")[-2])))


def test_a_placeholder_that_stands_in_the_payload_is_refused():
    def change(header, payload):
        claims = parse_json_object(payload)
        return header, dump_json({**claims, "_sd": [*claims["_sd"], second_signature.BLANK]})

    refused("pq.signature", presented(resigned(issued(), change)))


def test_the_second_signature_is_no_jws_of_its_own():
    text = issued()
    signed, disclosure = text.split("~")[0], text.split("~")[-2]
    head, body, _ = signed.split(".")
    blank = b64url_decode(body).replace(
        digest(disclosure).encode(), second_signature.BLANK.encode()
    )
    value = parse_value(disclosure)
    token = f"{head}.{b64url_encode(blank)}.{value}"
    with pytest.raises(PassportError):
        jws.verify(
            token,
            key=SECOND.public_key,
            expected_typ="dc+sd-jwt",
            expected_algorithms={"ES256", "ML-DSA-44"},
        )


def parse_value(disclosure):
    return sd_jwt.disclosure.read_disclosure(disclosure).value


def test_a_record_signed_with_the_second_key_alone_is_refused():
    text = presented(issued(signer=SECOND, second_signer=None))
    with pytest.raises(PassportError, match=r"jws\.alg_not_allowed"):
        sd_jwt_vc.verify(
            sd_jwt_vc.parse(text), issuer_key=SECOND.public_key, challenge=CHALLENGE, now=NOW
        )


def kept(text, second_key):
    return sd_jwt_vc.read_held(
        text,
        issuer_key=ISSUER.public_key,
        holder_key=HOLDER.public_key,
        now=NOW,
        second_key=second_key,
    )


def test_a_wallet_checks_on_receipt_what_the_list_has_a_key_for():
    assert SIGNATURE in kept(issued(), SECOND.public_key).places
    assert kept(issued(second_signer=None), SECOND.public_key)
    assert kept(issued(second_signer=OTHER), None)
    with pytest.raises(PassportError, match=r"pq\.key"):
        kept(issued(second_signer=OTHER), SECOND.public_key)
    altered = resigned(issued(), lambda header, payload: ({**header, "x": 1}, payload))
    with pytest.raises(PassportError, match=r"pq\.signature"):
        kept(altered, SECOND.public_key)
    stripped = "~".join([*issued().split("~")[:-2], ""])
    with pytest.raises(PassportError, match=r"pq\.withheld"):
        kept(stripped, SECOND.public_key)


def test_a_format_that_carries_no_second_signature_refuses_to_make_one():
    with pytest.raises(PassportError, match=r"pq\.format"):
        ldp_vc.issue(
            payload=CLAIMS,
            disclosable=DISCLOSABLE,
            signer=ISSUER,
            iss="https://surgery.example",
            holder_jwk=None,
            issued_at=NOW,
            expires_at=NOW + timedelta(days=1),
            salts=secrets.token_bytes,
            second_signer=SECOND,
        )
