"""Issue, hold, choose, present and verify: what each side gets, and what it is refused."""

from __future__ import annotations

import secrets
from datetime import timedelta
from types import MappingProxyType

import forge
import pytest
from forge import CHALLENGE, HOLDER, ISSUER, NOW

from healthpassport.encoding import parse_b64url_json
from healthpassport.errors import PassportError
from healthpassport.formats import FORMATS, format_named, sd_jwt, sd_jwt_vc
from healthpassport.formats.sd_jwt import Decoys
from healthpassport.keys import generate_signer
from healthpassport.summary import SectionState

PAYLOAD = {
    "vct": forge.VCT,
    "state": "items",
    "itemCount": 2,
    "familyName": "Example",
    "givenNames": ["Given", "Middle"],
    "items": [
        {"unit": {"text": "Penicillin", "coding": [{"code": "1"}]}, "onset": "2001"},
        {"unit": {"text": "Latex"}, "onset": "2010", "recorder": "Dr Example"},
    ],
}
DISCLOSABLE = (
    ("familyName",),
    ("givenNames",),
    ("items", None),
    ("items", None, "onset"),
    ("items", None, "recorder"),
    ("items", None, "never-there"),
)


def issued(**changes: object) -> str:
    arguments = {
        "payload": PAYLOAD,
        "disclosable": DISCLOSABLE,
        "signer": ISSUER,
        "iss": "https://surgery.example",
        "holder_jwk": HOLDER.public_key.jwk(),
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "salts": secrets.token_bytes,
    }
    return sd_jwt_vc.issue(**(arguments | changes))


def shown(held: sd_jwt_vc.Held, *places: tuple) -> dict:
    text = sd_jwt_vc.present(
        held, disclose=places, challenge=CHALLENGE, holder_signer=HOLDER, now=NOW
    )
    return forge.verify(text)


HELD = forge.as_wallet(issued())


def test_a_wallet_reads_back_everything_that_was_issued():
    registered = {"iss", "iat", "exp", "cnf"}
    assert {n: v for n, v in HELD.payload.items() if n not in registered} == PAYLOAD
    assert sd_jwt_vc.open_held(issued()).payload == HELD.payload


def test_a_presentation_without_a_choice_shows_what_cannot_be_hidden():
    seen = shown(HELD)
    assert seen.payload["items"] == []
    assert seen.payload["itemCount"] == 2
    assert "familyName" not in seen.payload
    assert seen.disclosed == frozenset()
    assert (seen.iss, seen.vct) == ("https://surgery.example", forge.VCT)
    assert (seen.issued_at, seen.expires_at) == (NOW, NOW + timedelta(days=30))
    assert seen.not_before is None


def test_what_holds_a_chosen_value_goes_out_with_it():
    seen = shown(HELD, ("items", 1, "onset"))
    assert seen.payload["items"] == [{"unit": {"text": "Latex"}, "onset": "2010"}]
    assert seen.disclosed == {("items", 0), ("items", 0, "onset")}


def test_what_is_nested_in_a_chosen_value_stays_hidden_unless_it_is_chosen_too():
    seen = shown(HELD, ("items", 0), ("items", 1, "recorder"))
    assert seen.payload["items"] == [
        {"unit": PAYLOAD["items"][0]["unit"]},
        {"unit": {"text": "Latex"}, "recorder": "Dr Example"},
    ]


def test_a_plain_value_is_shown_through_the_disclosure_that_holds_it():
    seen = shown(HELD, ("items", 0, "unit", "text"), ("state",))
    assert seen.payload["items"] == [{"unit": PAYLOAD["items"][0]["unit"]}]


@pytest.mark.parametrize(
    "place",
    [("nothing",), ("items", 2), ("items", 0, "recorder"), ("state", "deeper"), ("items", -1)],
)
def test_a_place_that_the_record_does_not_have_is_refused(place):
    with pytest.raises(PassportError, match=r"sdjwt\.path_unknown"):
        shown(HELD, place)


def test_another_holder_cannot_present():
    with pytest.raises(PassportError, match=r"sdjwt\.cnf_not_mine"):
        sd_jwt_vc.present(
            HELD, disclose=(), challenge=CHALLENGE, holder_signer=forge.OTHER_HOLDER, now=NOW
        )


SELECTIONS = {
    "name": ([("familyName",)], {("familyName",)}),
    "every-unit": ([("items", None, "unit")], {("items", 0), ("items", 1)}),
    "optional": (
        [("items", None, "recorder")],
        {("items", 1), ("items", 1, "recorder")},
    ),
    "whole-list": (
        [("items",)],
        {
            ("items", 0),
            ("items", 0, "onset"),
            ("items", 1),
            ("items", 1, "onset"),
            ("items", 1, "recorder"),
        },
    ),
    "one-entry": ([("items", 0)], {("items", 0), ("items", 0, "onset")}),
    "always-plain": ([("state",)], set()),
    "inside-a-disclosure": ([("givenNames", 1)], {("givenNames",)}),
    "nothing-there": ([("nothing",), ("items", 7), ("state", None), ("items", "unit")], set()),
}


@pytest.mark.parametrize(("paths", "places"), SELECTIONS.values(), ids=SELECTIONS)
def test_claims_path_pointers_become_disclosures(paths, places):
    assert sd_jwt_vc.select(HELD, paths) == places


def test_a_value_can_be_chosen_without_its_contents():
    assert sd_jwt_vc.select(HELD, [("items", None)], with_contents=False) == {
        ("items", 0),
        ("items", 1),
    }


def test_the_tree_names_every_value_and_what_carries_it():
    by_place = {claim.place: claim for claim in sd_jwt_vc.tree(HELD)}
    assert by_place[("state",)].carried_by is None
    assert by_place[("familyName",)].disclosable
    text = by_place[("items", 0, "unit", "text")]
    assert (text.value, text.disclosable, text.carried_by) == ("Penicillin", False, ("items", 0))
    onset = by_place[("items", 1, "onset")]
    assert (onset.disclosable, onset.carried_by) == (True, ("items", 1, "onset"))
    assert [c.place for c in sd_jwt_vc.tree(HELD) if c.disclosable] == [
        place for place in by_place if place in HELD.places
    ]


def digest_counts(token: str) -> tuple[int, int, set[int]]:
    """Digests at the top, elements of items, and digests in each item."""
    parsed = sd_jwt.parse(token)
    held = sd_jwt_vc.open_held(token)
    entries = [held.places[("items", index)].value for index in range(2)]
    return (
        len(parsed.payload["_sd"]),
        len(parsed.payload["items"]),
        {len(entry["_sd"]) for entry in entries},
    )


def test_decoys_make_entries_with_and_without_optional_fields_look_alike():
    assert digest_counts(issued()) == (4, 4, {4})
    assert digest_counts(issued(decoys=Decoys(members=5, elements=3))) == (5, 3, {5})
    assert digest_counts(issued(decoys=Decoys())) == (2, 2, {1, 2})


def test_an_entry_without_any_optional_field_gets_decoys_too():
    payload = PAYLOAD | {"items": [{"unit": {"text": "Latex"}}]}
    held = forge.as_wallet(issued(payload=payload))
    assert len(held.places[("items", 0)].value["_sd"]) == 4
    assert held.payload["items"] == payload["items"]


def test_digests_are_sorted_and_salts_are_long_and_fresh():
    payload = {"vct": forge.VCT} | {f"field{n:03}": n for n in range(100)}
    paths = [(name,) for name in payload if name != "vct"]
    parsed = sd_jwt.parse(issued(payload=payload, disclosable=paths))
    assert parsed.payload["_sd"] == sorted(parsed.payload["_sd"])
    salts = {parse_b64url_json(text)[0][0] for text in parsed.disclosures}
    assert len(salts) == 100
    assert {len(salt) for salt in salts} == {24}


def test_the_header_holds_the_certificates_or_else_the_thumbprint():
    assert sd_jwt.parse(issued()).header == {
        "typ": "dc+sd-jwt",
        "alg": "ES256",
        "kid": ISSUER.public_key.thumbprint(),
    }
    chained = sd_jwt.parse(issued(x5c=(b"\x30\x00", b"\x31\x00")))
    assert "kid" not in chained.header
    assert chained.certificates() == (b"\x30\x00", b"\x31\x00")


def test_status_and_holder_are_signed_in_the_open():
    status = {"status_list": {"idx": 7, "uri": "https://surgery.example/status/1"}}
    parsed = sd_jwt.parse(issued(status=status))
    assert parsed.payload["status"] == status
    assert parsed.payload["cnf"] == {"jwk": HOLDER.public_key.jwk()}
    assert (parsed.iss, parsed.vct) == ("https://surgery.example", forge.VCT)
    assert parsed.issued_at() == NOW


def test_a_record_for_nobody_can_be_shown_only_where_no_proof_is_wanted():
    text = issued(holder_jwk=None)
    assert forge.verify(text, challenge=None).holder_key is None
    with pytest.raises(PassportError, match=r"kb\.missing"):
        forge.verify(text)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payload": {"state": "items"}}, "sdjwtvc.vct"),
        ({"payload": PAYLOAD | {"iss": "https://other.example"}}, "sdjwt.claim_name_collision"),
        ({"payload": PAYLOAD | {"_sd": []}}, "sdjwt.claim_name_reserved"),
        ({"payload": PAYLOAD | {"a": {"...": 1}}}, "sdjwt.claim_name_reserved"),
        ({"disclosable": [("vct",)]}, "sdjwtvc.protected_claim_disclosed"),
        ({"disclosable": [("status", "status_list")]}, "sdjwtvc.protected_claim_disclosed"),
        ({"holder_jwk": HOLDER.private_jwk()}, "jwk.private"),
        ({"holder_jwk": {"kty": "RSA"}}, "jws.key_alg_mismatch"),
    ],
)
def test_an_issuer_is_refused_what_no_verifier_would_take(changes, code):
    with pytest.raises(PassportError) as refusal:
        issued(**changes)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [({}, "cred.issued_at"), ({"iat": "now"}, "cred.time_type")],
)
def test_a_token_that_does_not_say_when_it_was_issued_chooses_no_key(payload, code):
    parsed = sd_jwt.parse(forge.jwt(payload) + "~")
    assert (parsed.iss, parsed.vct) == (None, None)
    with pytest.raises(PassportError) as refusal:
        parsed.issued_at()
    assert refusal.value.code == code


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
def test_an_issuer_may_sign_with_any_algorithm_of_the_table(algorithm):
    signer = generate_signer(algorithm)
    text = forge.bound(issued(signer=signer))
    assert forge.verify(text, issuer_key=signer.public_key)
    with pytest.raises(PassportError, match=r"jws\.alg_not_allowed"):
        forge.verify(text, issuer_key=signer.public_key, expected_algorithms={"RS256"})


def test_the_table_of_formats_knows_two_and_no_more():
    assert list(FORMATS) == ["dc+sd-jwt", "ldp_vc"]
    assert len(FORMATS) == 2
    assert format_named("dc+sd-jwt") is sd_jwt_vc
    with pytest.raises(PassportError, match=r"cred\.format_unknown"):
        format_named("vc+sd-jwt")
    with pytest.raises(TypeError):
        FORMATS["jwt_vc_json"] = sd_jwt_vc


def test_tuples_and_read_only_mappings_are_issued_like_lists_and_dicts():
    more = MappingProxyType({"a": MappingProxyType({"b": 1})})
    payload = PAYLOAD | {"givenNames": ("A", "B"), "more": more}
    held = forge.as_wallet(issued(payload=payload))
    assert held.payload["givenNames"] == ["A", "B"]
    assert held.payload["more"] == {"a": {"b": 1}}


def test_a_state_of_an_enumeration_is_issued_as_its_text():
    held = forge.as_wallet(issued(payload=PAYLOAD | {"state": SectionState.NONE_KNOWN}))
    assert held.payload["state"] == "none_known"


def test_a_record_for_nobody_cannot_be_presented():
    held = sd_jwt_vc.open_held(issued(holder_jwk=None))
    with pytest.raises(PassportError, match=r"kb\.cnf_missing"):
        shown(held)
