"""The desk's service: what an answer must be, and records that must not be believed."""

from __future__ import annotations

import pytest
from desk_world import (
    Clock,
    code_of,
    full_wallet,
    identity,
    opened,
    post,
    wallet_with,
)
from record_examples import allergies

from healthpassport.credential import Challenge, DeskState, Presentation
from healthpassport.encoding import b64url_decode, b64url_encode, dump_json, parse_json_object
from healthpassport.jose.jwe import encrypt, generate_encryption_key
from healthpassport.protocols.oid4vp import (
    encode_response,
)
from verifier.service import Progress

# -- what the answer must be ----------------------------------------------------------------


def test_vpr_008_without_identity_nothing_is_accepted(world, desk):
    wallet = wallet_with(world, allergies(subject={}))
    view, request = opened(desk, wallet)
    held = wallet_with(world, allergies(subject={}))
    body = held.answer(request, presentation=_items_only(held, request))
    assert code_of(post, desk, view, body) == "dcql.claim_missing"


def _items_only(wallet, request):
    """What a wallet that ignores claim sets would send: the items without the person."""
    from healthpassport.credential import Credential  # noqa: PLC0415
    from healthpassport.formats import sd_jwt_vc  # noqa: PLC0415

    opened_record = sd_jwt_vc.open_held(next(iter(wallet.held.values())))
    text = sd_jwt_vc.present(
        opened_record,
        disclose=[("items", 0)],
        challenge=Challenge(request.nonce, request.client_id),
        holder_signer=wallet.world.holder,
        now=Clock()(),
    )
    return Presentation({"allergies": (Credential("dc+sd-jwt", text),)})


def test_vpr_010_another_type_than_asked_for_is_refused(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    swapped = Presentation({"allergies": shown.answers["medications"]})
    body = wallet.answer(request, presentation=swapped)
    assert code_of(post, desk, view, body) == "dcql.type_mismatch"


def test_vpr_012_without_the_record_that_is_needed_the_answer_is_refused(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet, "medicines_check")
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    rest = {name: found for name, found in shown.answers.items() if name != "medications"}
    body = wallet.answer(request, presentation=Presentation(rest))
    assert code_of(post, desk, view, body) == "dcql.set_unsatisfied"
    seen = desk.look(view.id, desk="ward")
    assert (seen.progress, seen.code) == (Progress.FAILED, "dcql.set_unsatisfied")


def jwe_with(request, **header):
    """A JWE whose protected header is changed after encryption."""
    head, *rest = encrypt(b"{}", recipient_jwk=request.encryption_jwk).split(".")
    changed = parse_json_object(b64url_decode(head)) | header
    return encode_response(".".join([b64url_encode(dump_json(changed)), *rest]))


HEADERS = [
    ("vpr-016", {"zip": "DEF"}, "jwe.zip_not_allowed"),
    ("vpr-017-rsa", {"alg": "RSA1_5"}, "jwe.alg_not_allowed"),
    ("vpr-017-dir", {"alg": "dir"}, "jwe.alg_not_allowed"),
    ("vpr-017-pbes2", {"alg": "PBES2-HS256+A128KW", "p2c": 2**31}, "jwe.alg_not_allowed"),
    ("vpr-017-cbc", {"enc": "A128CBC-HS256"}, "jwe.alg_not_allowed"),
    (
        "vpr-017-curve",
        {"epk": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}},
        "jwe.alg_not_allowed",
    ),
    ("vpr-019-apv", {"apv": "YQ"}, "jwe.decrypt"),
    ("vpr-019-apu", {"apu": "YQ"}, "jwe.decrypt"),
    ("vpr-015-kid", {"kid": "other"}, "jwe.decrypt"),
]


@pytest.mark.parametrize(("header", "code"), [r[1:] for r in HEADERS], ids=[r[0] for r in HEADERS])
def test_an_unreadable_message_is_refused_and_leaves_the_question_open(world, desk, header, code):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    assert code_of(post, desk, view, jwe_with(request, **header)) == code
    assert desk.look(view.id, desk="ward").progress is Progress.FETCHED
    post(desk, view, wallet.answer(request))
    assert desk.look(view.id, desk="ward").progress is Progress.ANSWERED


def test_vpr_015_a_message_to_another_questions_key_is_refused(world, desk):
    wallet = full_wallet(world)
    view, _ = opened(desk, wallet)
    _, other = opened(desk, wallet)
    assert code_of(post, desk, view, wallet.answer(other)) == "jwe.decrypt"
    _, stranger = generate_encryption_key("k")
    body = encode_response(encrypt(b"{}", recipient_jwk=stranger))
    assert code_of(post, desk, view, body) == "jwe.decrypt"


def test_vpr_014_a_plain_answer_is_refused(desk):
    view = desk.ask("medicines_check", desk="ward")
    assert code_of(post, desk, view, b"vp_token=%7B%7D") == "vp.not_encrypted"


# -- records that must not be believed ------------------------------------------------------


def test_a_withdrawn_record_is_hidden_and_named(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    try:
        world.set_status(1)
        desk.update()
        assert code_of(post, desk, view, wallet.answer(request)) == "status.revoked"
    finally:
        world.set_status(0)
    summary = desk.look(view.id, desk="ward").summary
    section = summary.section("AllergySummary")
    assert (section.state, section.items) == (DeskState.FAILED_CHECK, ())
    assert "status.revoked" in summary.codes


def test_two_people_in_one_answer_are_refused(world, desk):
    other = {
        "nhsNumber": {"value": "9990000026", "verificationStatus": "01"},
        "familyName": "Other",
        "givenNames": ["Another"],
        "birthDate": "1970-01-01",
    }
    wallet = wallet_with(world, identity(), allergies(subject=other))
    view, request = opened(desk, wallet)
    assert code_of(post, desk, view, wallet.answer(request)) == "match.subject_mismatch"
    states = {s.state for s in desk.look(view.id, desk="ward").summary.sections}
    assert DeskState.ITEMS not in states
