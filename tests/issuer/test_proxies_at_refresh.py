"""Who may act for a young person is checked at every issue and refresh (clinical.md rule 13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fhir_examples import PATIENT, WHO, concept
from pydantic import ValidationError
from returning_wallet import NUT, Returning, offered, source_site, tell
from simulated_issuer import NOW, refused

from healthpassport.formats import format_named
from issuer import service
from issuer.service.validity import birthday, days_valid
from issuer.settings import Settings

MOTHER = {
    "resourceType": "RelatedPerson",
    "id": "mother",
    "patient": WHO,
    "name": [{"text": "Mair Example"}],
}


def consent(agreed="2020-01-01", **more):
    return {
        "resourceType": "Consent",
        "status": "active",
        "patient": WHO,
        "dateTime": agreed,
        "scope": concept("patient-privacy", text="May see the record"),
        "category": [concept("59284-0", text="Consent")],
        "provision": {"actor": [{"reference": {"reference": "RelatedPerson/mother"}}]},
    } | more


def child(born):
    return PATIENT | {"birthDate": born}


def collected(wallet):
    answer = wallet.ask_credential("ProxyAuthority")
    assert answer.status == 200, answer.body
    text = answer.json()["credentials"][0]["credential"]
    return format_named("dc+sd-jwt").open_held(text)


def wallet_of(site, born, *consents):
    tell(site, NUT, MOTHER, *(consents or (consent(),)), patient=child(born))
    return Returning.of(site, offered(site))


def test_a_copy_ends_with_the_day_before_the_birthday_of_a_review(tmp_path):
    site = source_site(tmp_path)  # it is 1 November 2026
    held = collected(wallet_of(site, "2015-11-11"))
    assert held.expires_at == datetime(2026, 11, 10, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "days"),
    [
        ("2015-11-02", 0),
        ("2015-11-03", 1),
        ("2015-12-25", 28),
        ("2010-11-10", 8),
        ("2020-01-01", 28),
        ("1958-07-14", 28),
        ("2015", 28),
        ("2015-12", 28),
        ("2015-11-31", 28),
        ("not a day", 28),
    ],
)
def test_the_days_of_a_proxy_record(tmp_path, born, days):
    site = source_site(tmp_path)
    found = days_valid(site.settings, "ProxyAuthority", {"birthDate": born}, today=NOW.date())
    assert found == days


def test_other_records_know_no_review(tmp_path):
    site = source_site(tmp_path)
    payload = {"birthDate": "2015-11-02"}
    assert days_valid(site.settings, "AllergySummary", payload, today=NOW.date()) == 90


def test_a_leap_day_counts_early(tmp_path):
    assert str(birthday("2016-02-29", 11)) == "2027-02-28"


@pytest.mark.parametrize(
    ("born", "agreed"),
    [("2015-11-11", "2020-01-01"), ("2010-11-11", "2022-01-01")],
    ids=["11", "16"],
)
def test_at_11_and_at_16_it_stops_until_somebody_looks_again(tmp_path, born, agreed):
    site = source_site(tmp_path)
    wallet = wallet_of(site, born, consent(agreed))
    collected(wallet)
    site.pass_time(days=10)
    wallet.refresh()
    refused(wallet.ask_credential("ProxyAuthority"), "invalid_credential_request")
    # The older copy stands no more, whether or not the wallet goes on.
    assert [e.status for e in service.issued(site.issuer)] == [3]
    tell(site, NUT, MOTHER, consent("2026-11-11"), patient=child(born))
    wallet.refresh()
    assert collected(wallet).expires_at - site.now > timedelta(days=27)


def test_the_first_review_may_be_set_and_is_never_later_than_13(tmp_path):
    site = source_site(tmp_path, proxy_review_age=13)
    wallet = wallet_of(site, "2014-11-01")  # twelve today
    assert collected(wallet).payload["items"][0]["unit"]["text"] == "Mair Example"
    with pytest.raises(ValidationError, match=r"proxy_review_age"):
        Settings(**(site.settings.model_dump() | {"proxy_review_age": 14}))


def test_an_authority_is_judged_today_whatever_day_the_source_speaks_for(tmp_path):
    site = source_site(tmp_path)
    old = {"resourceType": "Composition", "date": "2026-01-01", "title": "Summary"}
    tell(site, old, NUT, MOTHER, consent(), patient=child("2015-10-31"))  # eleven since yesterday
    made = offered(site)
    assert "ProxyAuthority" not in made.record_types


@pytest.mark.parametrize(
    "ended",
    [
        consent(status="inactive"),
        consent(status="entered-in-error"),
        consent(provision={**consent()["provision"], "period": {"end": "2026-10-31"}}),
    ],
    ids=["inactive", "error", "ended"],
)
def test_an_authority_that_ended_is_marked_at_the_next_refresh(tmp_path, ended):
    site = source_site(tmp_path)
    wallet = wallet_of(site, "2020-01-01")
    collected(wallet)
    tell(site, NUT, MOTHER, ended, patient=child("2020-01-01"))
    wallet.refresh()
    assert wallet.get("/holder/grant").status == 200  # the source is read, and no more is asked
    assert [e.status for e in service.issued(site.issuer)] == [3]


def test_of_two_parents_each_ends_alone(tmp_path):
    site = source_site(tmp_path)
    father = {**MOTHER, "id": "father", "name": [{"text": "Huw Example"}]}
    his = consent(provision={"actor": [{"reference": {"reference": "RelatedPerson/father"}}]})
    tell(site, NUT, MOTHER, father, consent(), his, patient=child("2020-01-01"))
    wallet = Returning.of(site, offered(site))
    names = [item["unit"]["text"] for item in collected(wallet).payload["items"]]
    assert sorted(names) == ["Huw Example", "Mair Example"]
    tell(
        site, NUT, MOTHER, father, consent(), his | {"status": "inactive"},
        patient=child("2020-01-01"),
    )  # fmt: skip
    wallet.refresh()
    names = [item["unit"]["text"] for item in collected(wallet).payload["items"]]
    assert names == ["Mair Example"]
