"""A source is read again by its plain name, and nothing beside its folder ever is."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from fhir_examples import PATIENT, allergy
from hypothesis import given
from hypothesis import strategies as st
from returning_wallet import LATEX, NAME, NUT, Returning, offered, source_site, tell, texts
from simulated_issuer import Site, refused

from healthpassport.errors import SourceError
from issuer import service
from issuer.client import FolderSource


@pytest.fixture
def site(tmp_path):
    return source_site(tmp_path)


def wrong(code):
    return pytest.raises(SourceError, match=f"^{code}: ")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../rowan.json",
        "source/../rowan.json",
        "/etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "a\0b",
        "a\n",
        "-rf",
        "x" * 129,
        "café.json",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(site, name):
    with wrong("source.name"):
        offered(site, name=name)


@given(name=st.text(max_size=40))
def test_no_name_whatever_reads_outside_the_folder(tmp_path_factory, name):
    top = tmp_path_factory.getbasetemp() / "outside"
    (top / "in").mkdir(parents=True, exist_ok=True)
    (top / "secret").write_bytes(b"secret")
    (top / "in" / "good").write_bytes(b"good")
    with suppress(SourceError):
        assert FolderSource(top / "in").read(name) == b"good"


def test_what_is_no_plain_file_is_not_read(site, tmp_path):
    folder = site.settings.source_folder
    (tmp_path / "elsewhere.json").write_bytes(b"{}")
    (folder / "link.json").symlink_to(tmp_path / "elsewhere.json")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    with (folder / "big.json").open("wb") as file:
        file.truncate(8 * 1_048_576 + 1)
    for name in ("link.json", "folder.json", "pipe.json", "big.json"):
        with wrong("source.unreadable"):
            offered(site, name=name)
    with wrong("source.unknown"):
        offered(site, name="missing.json")


def test_without_a_folder_there_is_no_source(tmp_path):
    with wrong("source.none"):
        offered(Site(tmp_path))


def test_an_offer_by_the_api_may_name_a_source(site):
    def ask(body):
        headers = {"authorization": f"Bearer {site.api_key}", "content-type": "application/json"}
        return site.call("POST", "/offers", body=body, headers=headers)

    answer = ask(b'{"source": "rowan.json", "recordTypes": ["AllergySummary"]}')
    assert answer.status == 201, answer.body
    assert answer.json()["recordTypes"] == ["AllergySummary"]
    for body in (b'{"source": "rowan.json", "bundle": {}}', b'{"source": 7}', b"{}"):
        assert ask(body).json()["code"] == "offer.request"
    assert ask(b'{"source": "../x"}').json()["code"] == "source.name"
    assert ask(b'{"source": "rowan.json", "sourceKind": "folder"}').status == 201
    assert ask(b'{"source": "rowan.json", "sourceKind": "fhir"}').json()["code"] == "source.none"
    for body in (b'{"source": "rowan.json", "sourceKind": 7}', b'{"sourceKind": "folder"}'):
        assert ask(body).json()["code"] == "offer.request"


def test_a_refresh_tells_what_the_source_says_now(site):
    wallet = Returning.of(site, offered(site))
    assert texts(wallet.ask_credential()) == ["Allergy to peanut", "Allergy to latex"]
    tell(site, LATEX)
    assert wallet.refresh().status == 200
    answer = wallet.ask_credential()
    assert texts(answer) == ["Allergy to latex"]


def test_the_older_copies_are_replaced_when_the_wallet_holds_the_newer(site):
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    site.pass_time(days=10)
    tell(site, NUT)
    wallet.refresh()
    answer = wallet.ask_credential()
    assert [entry.status for entry in service.issued(site.issuer)] == [0, 0]
    wallet.accept(answer)
    assert [entry.status for entry in service.issued(site.issuer)] == [0, 3]
    wallet.accept(answer)  # twice is once
    assert [entry.status for entry in service.issued(site.issuer)] == [0, 3]


def test_only_the_types_that_were_chosen_are_given_again(site):
    wallet = Returning.of(site, offered(site, wanted=("AllergySummary",)))
    wallet.refresh()
    assert wallet.ask_credential("AllergySummary").status == 200
    refused(wallet.ask_credential("PatientIdentity"), "invalid_credential_request")


def denied(wallet, code, status=400):
    wallet.refresh()
    answer = wallet.ask_credential()
    refused(answer, "credential_request_denied", status)
    assert answer.json()["code"] == code


def test_a_source_that_names_somebody_else_gives_nothing(site):
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    number = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}]
    tell(site, NUT, patient=PATIENT | {"identifier": number})
    denied(wallet, "grant.other_person", 409)
    tell(site, NUT, patient=PATIENT | {"birthDate": "1959-07-14"})
    denied(wallet, "grant.other_person", 409)
    assert [entry.status for entry in service.issued(site.issuer)] == [0]
    tell(site, NUT)
    wallet.refresh()
    assert wallet.ask_credential().status == 200


def test_a_person_may_change_their_name(site):
    wallet = Returning.of(site, offered(site))
    tell(site, NUT, patient=PATIENT | {"name": [{"family": "Married", "given": ["Given"]}]})
    wallet.refresh()
    assert wallet.ask_credential().status == 200


@pytest.mark.parametrize(
    "patient",
    [
        {"active": False},
        {"deceasedBoolean": True},
        {"deceasedDateTime": "2026-10-31"},
        {"meta": {"security": [{"code": "R"}]}},
    ],
    ids=["left", "died", "died-on", "restricted"],
)
def test_leaving_or_death_stops_refresh_and_marks_every_copy(site, patient):
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential("PatientIdentity").status == 200
    assert wallet.ask_credential().status == 200
    tell(site, NUT, patient=PATIENT | patient)
    denied(wallet, "grant.closed")
    assert [entry.status for entry in service.issued(site.issuer)] == [2, 2]
    answer = wallet.refresh()
    refused(answer, "invalid_grant")
    assert answer.json()["code"] == "grant.closed"


def test_a_wrong_note_of_death_can_be_undone_by_the_practice(site):
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    tell(site, NUT, patient=PATIENT | {"deceasedBoolean": True})
    denied(wallet, "grant.closed")
    [entry] = service.issued(site.issuer)
    service.change_status(site.issuer, issuance=entry.id, change=service.Change.REINSTATE)
    assert [entry.status for entry in service.issued(site.issuer)] == [0]


def test_nobody_who_left_or_died_is_offered_a_record_that_would_be_read_again(site):
    tell(site, NUT, patient=PATIENT | {"deceasedBoolean": True})
    with wrong("offer.gone"):
        offered(site)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"resourceType": "Bundle"}'])
def test_a_source_that_cannot_be_read_changes_nothing(site, content):
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    path = site.settings.source_folder / NAME
    good = path.read_bytes()
    path.write_bytes(content)
    denied(wallet, "grant.source_failed", 503)
    path.unlink()
    denied(wallet, "grant.source_failed", 503)
    assert [entry.status for entry in service.issued(site.issuer)] == [0]
    path.write_bytes(good)
    assert wallet.ask_credential().status == 200  # the same access token goes on


def test_entries_of_another_person_in_the_source_stop_it(site):
    wallet = Returning.of(site, offered(site))
    tell(site, NUT, allergy() | {"patient": {"reference": "Patient/other"}})
    denied(wallet, "grant.source_failed", 503)


def test_a_lost_answer_is_given_again_to_the_very_same_request(site):
    wallet = Returning.of(site, offered(site))
    wallet.refresh()
    nonce = wallet.nonce()
    proofs = [wallet.proof(nonce) for _ in range(2)]
    first = wallet.ask_credential(proofs=proofs)
    tell(site, LATEX)
    again = wallet.ask_credential(proofs=proofs)
    assert again.json() == first.json()
