"""Entries of both kinds of status list: what a credential names, and what a list says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthpassport.errors import StatusError
from healthpassport.status.bitstring import BitstringEntry
from healthpassport.status.bitstring_writing import build, encode
from healthpassport.status.entries import WITHDRAWN, StatusList
from healthpassport.status.held_bitstring import HeldBitstringList, held_bitstring
from healthpassport.status.lookup import entries, look_up
from healthpassport.status.reference import StatusReference
from healthpassport.status.token_status_list import HeldStatusList

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
URI = "https://surgery.example/status/bitstring/1"
TOKEN = StatusReference(URI, 7)
BIT = BitstringEntry("revocation", 7, URI)


def claim(purpose="revocation", **changes):
    return {**BitstringEntry(purpose, 7, URI).claim(), **changes}


def list_of(**changes):
    """The credential of a list in which entry 7 is marked; a change to None leaves it out."""
    subject = {
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": encode(build(size=131_072, marked=[7])),
    }
    given = {"id": URI, "type": ["VerifiableCredential", "BitstringStatusListCredential"]}
    document = {**given, "credentialSubject": subject, **changes}
    return {name: value for name, value in document.items() if value is not None}


def read(document=None, *, issued_at=NOW, expires_at=None) -> HeldBitstringList:
    return held_bitstring(
        document or list_of(),
        expected_uri=URI,
        issued_at=issued_at,
        expires_at=expires_at,
        now=NOW,
    )


def with_ttl(value):
    return list_of(credentialSubject={**list_of()["credentialSubject"], "ttl": value})


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"status": TOKEN.claim()}, (TOKEN,)),
        ({"credentialStatus": claim()}, (BIT,)),
        (
            {"credentialStatus": [claim(), claim("suspension")]},
            (BIT, BitstringEntry("suspension", 7, URI)),
        ),
    ],
)
def test_every_entry_that_a_credential_names_is_found(claims, found):
    assert entries(claims) == found


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        pytest.param({}, "status.missing", id="none"),
        pytest.param({"credentialStatus": []}, "status.missing", id="an empty list"),
        pytest.param({"credentialStatus": claim("suspension")}, "status.missing", id="only one"),
        pytest.param({"credentialStatus": "x"}, "status.missing", id="a text"),
        pytest.param({"credentialStatus": [claim()] * 5}, "status.reference", id="too many"),
        pytest.param(
            {"credentialStatus": claim(), "status": TOKEN.claim()},
            "status.reference",
            id="two kinds",
        ),
        pytest.param({"credentialStatus": claim("message")}, "status.purpose", id="a message"),
        pytest.param({"credentialStatus": claim(statusListIndex=7)}, "status.index", id="a number"),
    ],
)
def test_entries_that_could_not_tell_of_a_withdrawal_are_refused(claims, code):
    with pytest.raises(StatusError) as caught:
        entries(claims)
    assert caught.value.code == code


def test_a_list_answers_for_entries_of_its_own_kind_alone():
    token = HeldStatusList(NOW, None, None, URI, StatusList(2, 16, b"\x00\x40\x00\x00"))
    assert look_up(TOKEN, token) == WITHDRAWN
    assert look_up(BIT, read()) == WITHDRAWN
    for entry, held in ((BIT, token), (TOKEN, read())):
        with pytest.raises(StatusError, match=r"^status\.reference"):
            look_up(entry, held)


@pytest.mark.parametrize(
    ("document", "times", "code"),
    [
        pytest.param(list_of(type=["VerifiableCredential"]), {}, "status.claims", id="no list"),
        pytest.param(list_of(type=None), {}, "status.claims", id="no type"),
        pytest.param(list_of(id=f"{URI}0"), {}, "status.sub_mismatch", id="another address"),
        pytest.param(list_of(credentialSubject=None), {}, "status.claims", id="no subject"),
        pytest.param(list_of(), {"issued_at": None}, "status.claims", id="of no day"),
        pytest.param(
            list_of(), {"issued_at": NOW + timedelta(hours=1)}, "status.not_yet", id="of tomorrow"
        ),
        pytest.param(
            list_of(), {"expires_at": NOW - timedelta(hours=1)}, "status.expired", id="past its end"
        ),
        *(
            pytest.param(with_ttl(ttl), {}, "status.ttl", id=f"ttl {ttl!r}")
            for ttl in (0, -1, True, "900000", 1.5)
        ),
    ],
)
def test_a_list_that_cannot_be_relied_on_is_refused(document, times, code):
    with pytest.raises(StatusError) as caught:
        read(document, **times)
    assert caught.value.code == code


def test_a_list_has_one_bit_an_entry_and_grows_old():
    held = read(with_ttl(900_000))
    assert held.bits == 1
    assert held.refresh_at(NOW) == NOW + timedelta(minutes=15)
    held.require_current(now=NOW + timedelta(days=3), max_age=timedelta(days=3))
    with pytest.raises(StatusError, match=r"^status\.stale"):
        held.require_current(now=NOW + timedelta(days=3, seconds=1), max_age=timedelta(days=3))
