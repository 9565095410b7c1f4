"""What a type says may be hidden is what is accepted."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import timedelta

import forge
import pytest
from forge import HOLDER, ISSUER, NOW

import schemas
from healthpassport.errors import CredentialError
from healthpassport.formats import sd_jwt_vc
from healthpassport.formats.sd_jwt_vc.type_metadata import (
    TypeRules,
    check_integrity,
    check_type,
    read_type,
)

BASE, CHILD = "https://types.example/base/1", "https://types.example/child/1"


def refuses():
    return pytest.raises(CredentialError, match=r"sdjwtvc\.type_metadata")


def rules(*claims: dict, **more: object) -> TypeRules:
    document = {"vct": BASE, "claims": list(claims)} | more
    return read_type(BASE, {BASE: json.dumps(document).encode()})


def child(*claims: dict) -> TypeRules:
    base = [
        {"path": ["a"], "sd": "always"},
        {"path": ["b"], "mandatory": True},
        {"path": ["c"]},
    ]
    documents = {
        BASE: json.dumps({"vct": BASE, "claims": base}).encode(),
        CHILD: json.dumps({"vct": CHILD, "extends": BASE, "claims": claims}).encode(),
    }
    return read_type(CHILD, documents)


def check(known: TypeRules, payload: dict, *disclosed: tuple, complete: bool = True) -> None:
    check_type(known, payload=payload, disclosed=disclosed, complete=complete)


def test_a_claim_is_hidden_where_it_must_be_and_plain_where_it_must_be():
    known = rules({"path": ["a"], "sd": "always"}, {"path": ["b"], "sd": "never"})
    check(known, {"a": 1, "b": 2}, ("a",))
    check(known, {})
    with refuses():
        check(known, {"a": 1})
    with refuses():
        check(known, {"b": 1}, ("b",))


def test_every_element_of_an_array_counts_on_its_own():
    known = rules({"path": ["l", None], "sd": "always"}, {"path": ["l", None, "u"], "sd": "never"})
    check(known, {"l": [{"u": 1}, {}]}, ("l", 0), ("l", 1))
    with refuses():
        check(known, {"l": [{"u": 1}, {}]}, ("l", 0))
    with refuses():
        check(known, {"l": [{"u": 1}]}, ("l", 0), ("l", 0, "u"))


def test_a_mandatory_claim_is_missed_only_where_its_absence_proves_something():
    hidden = rules({"path": ["a"], "sd": "always", "mandatory": True})
    check(hidden, {}, complete=False)
    plain = rules({"path": ["a"], "sd": "never", "mandatory": True})
    for known, complete in ((hidden, True), (plain, True), (plain, False)):
        with refuses():
            check(known, {}, complete=complete)


@pytest.mark.parametrize("payload", [{"l": 1}, {"l": {"x": 1}}, {"l": [1]}])
def test_a_path_that_does_not_fit_is_an_error(payload):
    with refuses():
        check(rules({"path": ["l", None, "u"]}), payload)


def test_an_extending_type_inherits_and_may_only_be_stricter():
    known = child({"path": ["c"], "sd": "never"}, {"path": ["a"], "mandatory": True})
    by_path = {rule.path: (rule.sd, rule.mandatory) for rule in known.claims}
    assert by_path == {
        ("a",): ("always", True),
        ("b",): ("allowed", True),
        ("c",): ("never", False),
    }


LOOSER = [{"path": ["a"], "sd": "never"}, {"path": ["a"], "sd": "allowed"}]


@pytest.mark.parametrize("claim", [*LOOSER, {"path": ["b"], "mandatory": False}])
def test_an_extending_type_loosens_nothing(claim):
    with refuses():
        child(claim)


MALFORMED = {
    "claims": {"claims": {}},
    "claim": {"claims": ["a"]},
    "no-path": {"claims": [{}]},
    "empty-path": {"claims": [{"path": []}]},
    "index": {"claims": [{"path": ["a", 0]}]},
    "sd": {"claims": [{"path": ["a"], "sd": "sometimes"}]},
    "sd-as-list": {"claims": [{"path": ["a"], "sd": ["never"]}]},
    "mandatory": {"claims": [{"path": ["a"], "mandatory": "yes"}]},
    "extends-nothing-known": {"extends": CHILD},
    "extends-a-number": {"extends": 1},
    "another-type": {"vct": CHILD},
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_document_is_refused(change):
    with refuses():
        rules(**change)


def chain(length: int, *, closed: bool) -> dict[str, bytes]:
    names = [f"https://types.example/{n}" for n in range(length)]
    following = [*names[1:], names[0] if closed else None]
    return {
        name: json.dumps({"vct": name} | ({"extends": after} if after else {})).encode()
        for name, after in zip(names, following, strict=True)
    }


@pytest.mark.parametrize(
    "documents",
    [chain(1, closed=True), chain(2, closed=True), chain(9, closed=False)],
    ids=["sdj-055-itself", "sdj-055-circle", "sdj-055-too-long"],
)
def test_types_that_extend_each_other_without_end_are_refused(documents):
    with refuses():
        read_type(next(iter(documents)), documents)
    assert read_type("https://types.example/0", chain(8, closed=False)).claims == ()


DOCUMENT = json.dumps({"vct": BASE}).encode()


def integrity(name: str, document: bytes = DOCUMENT) -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, document).digest()).decode()}"


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_a_document_with_the_right_hash_is_read(name):
    assert read_type(BASE, {BASE: DOCUMENT}, integrity=integrity(name)).vct == BASE
    check_integrity(DOCUMENT, f"{integrity(name, b'other')} {integrity(name)}?option")


@pytest.mark.parametrize(
    "value",
    [
        integrity("sha256", b"other"),
        f"{integrity('sha256')} {integrity('sha512', b'other')}",
        "sha256-!!!",
        "md5-AAAA",
        "",
        5,
    ],
)
def test_sdj_055_a_document_with_another_hash_is_refused(value):
    with refuses():
        read_type(BASE, {BASE: DOCUMENT}, integrity=value)


def test_the_types_of_this_project_accept_what_its_own_trees_hide():
    name = "AllergySummary"
    metadata = schemas.load(f"generated/type-metadata/{name}.json")
    known = read_type(metadata["vct"], {metadata["vct"]: json.dumps(metadata).encode()})
    tree = schemas.load(f"generated/disclosures/{name}.json")
    paths = [tuple(path) for path in (tree["disclosures"] if isinstance(tree, dict) else tree)]
    payload = {
        "vct": metadata["vct"],
        "source": {"ods": "A12345", "name": "Example Surgery", "system": "demo"},
        "state": "items",
        "itemCount": 1,
        "asOf": "2026-11-01",
        "window": "all",
        "warnings": [],
        "endedCount": 0,
        "familyName": "Example",
        "items": [{"unit": {"text": "Latex"}, "onset": "2010"}],
    }
    arguments = {
        "payload": payload,
        "signer": ISSUER,
        "iss": "https://surgery.example",
        "holder_jwk": HOLDER.public_key.jwk(),
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=1),
        "salts": secrets.token_bytes,
    }
    held = sd_jwt_vc.open_held(sd_jwt_vc.issue(disclosable=paths, **arguments))
    check_type(known, payload=held.payload, disclosed=held.places, complete=True)
    hidden = sd_jwt_vc.open_held(sd_jwt_vc.issue(disclosable=[*paths, ("state",)], **arguments))
    with refuses():
        check_type(known, payload=hidden.payload, disclosed=hidden.places, complete=True)
    assert metadata["vct"] == forge.VCT
