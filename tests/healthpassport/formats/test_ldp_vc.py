"""What the format of W3C records refuses by itself, at the desk and in the wallet."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from record_examples import allergies
from verification_world import CHALLENGE, NOW, W3C, Surgery, present

from healthpassport.credential import Challenge
from healthpassport.errors import PassportError
from healthpassport.formats import ldp_vc, sd_jwt_vc
from healthpassport.keys.signer import generate_signer

HOLDER = generate_signer()
SURGERY = Surgery(format=W3C)
KEY = SURGERY.signer.public_key
ISSUED = SURGERY.issue(allergies(), HOLDER)
SHOWN = present(ISSUED, HOLDER)


def changed(text, **members):
    """``text`` with other members at its top; a change to None leaves the member out."""
    found = {**json.loads(text), **members}
    return json.dumps({name: value for name, value in found.items() if value is not None})


def refused(code, work, *arguments, **given):
    with pytest.raises(PassportError) as caught:
        work(*arguments, **given)
    assert caught.value.code == code


def verify(text, **changes):
    given = {"issuer_key": KEY, "challenge": CHALLENGE, "now": NOW} | changes
    return ldp_vc.verify(ldp_vc.parse(text), **given)


def test_a_presentation_is_read_for_its_request():
    seen = verify(SHOWN)
    assert (seen.iss, seen.holder_key) == (SURGERY.iss, HOLDER.public_key)
    assert seen.header["cryptosuite"] == "ecdsa-sd-2023"


@pytest.mark.parametrize(
    ("challenge", "text", "code"),
    [
        pytest.param(None, SHOWN, "kb.unexpected", id="where no binding is wanted"),
        pytest.param(CHALLENGE, ISSUED, "kb.missing", id="where one is"),
        pytest.param(Challenge("", "x"), SHOWN, "kb.nonce", id="without a nonce"),
        pytest.param(Challenge("n" * 32, ""), SHOWN, "kb.nonce", id="without an audience"),
    ],
)
def test_a_binding_is_there_exactly_where_it_is_wanted(challenge, text, code):
    refused(code, verify, text, challenge=challenge)


@pytest.mark.parametrize("later", [timedelta(minutes=6), timedelta(minutes=-2)])
def test_a_binding_was_made_just_now(later):
    with pytest.raises(PassportError) as caught:
        verify(SHOWN, now=NOW + later)
    assert caught.value.code in {"kb.iat", "di.created"}


def test_what_another_format_made_is_refused():
    other = Surgery()
    text = other.issue(allergies(), HOLDER)
    refused(
        "cred.format_unknown",
        ldp_vc.verify,
        sd_jwt_vc.parse(text),
        issuer_key=KEY,
        challenge=None,
        now=NOW,
    )
    refused(
        "cred.format_unknown",
        ldp_vc.present,
        sd_jwt_vc.open_held(text),
        disclose=(),
        challenge=CHALLENGE,
        holder_signer=HOLDER,
        now=NOW,
        random=os.urandom,
    )


def test_a_second_signature_that_is_wanted_is_missing():
    refused("pq.missing", verify, SHOWN, second_key=KEY)


def test_a_suite_that_is_not_allowed_is_refused():
    refused("di.policy", verify, SHOWN, allowed={"eddsa-rdfc-2022"})


@pytest.mark.parametrize(
    "held",
    [
        pytest.param([], id="none"),
        pytest.param([json.loads(ISSUED)] * 2, id="two"),
        pytest.param(["text"], id="text"),
        pytest.param(None, id="no member"),
    ],
)
def test_a_presentation_holds_one_credential(held):
    refused("ldp.presentation", ldp_vc.parse, changed(SHOWN, verifiableCredential=held))


def test_a_text_beyond_the_limit_is_refused_unread():
    refused("limit.size", ldp_vc.parse, "{" + " " * 262_144 + "}")


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"type": ["VerifiableCredential"]}, id="no type of ours"),
        pytest.param({"@context": ["https://www.w3.org/ns/credentials/v2"]}, id="no context"),
        pytest.param({"credentialSubject": None}, id="no subject"),
        pytest.param({"credentialSubject": [json.loads(ISSUED)["credentialSubject"]]}, id="a list"),
        pytest.param({"credentialSubject": {"type": "ProblemSummary"}}, id="another subject"),
    ],
)
def test_what_is_no_record_is_not_read_as_one(members):
    refused("ldp.type", ldp_vc.record, json.loads(changed(ISSUED, **members)))


def test_a_subject_cannot_say_its_own_type_again():
    subject = {**json.loads(ISSUED)["credentialSubject"], "vct": "https://other.example"}
    document = json.loads(changed(ISSUED, credentialSubject=subject))
    refused("record.member_unknown", ldp_vc.record, document)


def test_what_is_claimed_before_any_check_is_only_claimed():
    parsed = ldp_vc.parse(changed(ISSUED, issuer={"id": "did:example:x"}, validFrom=None))
    assert (parsed.iss, parsed.key_name(), parsed.certificates()) == (None, "", ())
    refused("cred.issued_at", parsed.issued_at)
    nobody = ldp_vc.parse(changed(ISSUED, credentialSubject={"id": "did:web:x.example"}))
    assert nobody.holder_key() is None
    assert ldp_vc.parse(changed(ISSUED, credentialSubject="x")).holder_key() is None


def test_a_wallet_takes_what_an_issuer_sends_and_nothing_that_was_shown():
    given = {"issuer_key": KEY, "holder_key": HOLDER.public_key, "now": NOW}
    held = ldp_vc.read_held(ISSUED, **given)
    assert held.issued_at < NOW < held.expires_at
    refused("ldp.presentation", ldp_vc.read_held, SHOWN, **given)
    other = given | {"holder_key": generate_signer().public_key}
    refused("match.holder_binding", ldp_vc.read_held, ISSUED, **other)
    stranger = given | {"issuer_key": generate_signer().public_key}
    refused("did.unresolved", ldp_vc.read_held, ISSUED, **stranger)


def test_only_what_can_be_withheld_can_be_chosen():
    held = ldp_vc.open_held(ISSUED)
    given = {"challenge": CHALLENGE, "holder_signer": HOLDER, "now": NOW, "random": os.urandom}
    refused("sdjwt.path_unknown", ldp_vc.present, held, disclose=[("state",)], **given)
    refused("sdjwt.path_unknown", ldp_vc.present, held, disclose=[("items", 9)], **given)
    foreign = given | {"holder_signer": generate_signer()}
    refused("match.holder_binding", ldp_vc.present, held, disclose=(), **foreign)
