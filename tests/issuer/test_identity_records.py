"""PatientIdentity of a made-up person: names and places in use, ages only of a whole birth date."""

from __future__ import annotations

import pytest
from fhir_examples import NOW, PATIENT, SOURCE, bundle, data

from issuer.fhir import extract
from issuer.records import build


def test_old_and_ended_names_and_addresses_are_not_used():
    person = PATIENT | {
        "name": [
            {"use": "old", "family": "Before"},
            {"use": "official", "family": "Then", "period": {"end": "2001"}},
            {"use": "usual", "family": "Now", "given": ["A", "B"]},
        ],
        "address": [
            {"use": "old", "line": ["1 Old Row"], "postalCode": "ZZ99 3AA"},
            {"use": "home", "line": ["2 New Row"], "postalCode": "ZZ99 3AB"},
        ],
        "deceasedDateTime": "2020-01-01",
        "gender": "Female",
    }
    summary = build(extract(data(bundle(person))), source=SOURCE, now=NOW)
    subject = summary.records[0].subject
    assert subject["familyName"] == "Now"
    assert subject["givenNames"] == ["A", "B"]
    assert subject["addressLines"] == ["2 New Row"]
    assert subject["gender"] == "female"
    assert summary.records[0].always == {"deceased": True}


@pytest.mark.parametrize(
    ("born", "over16", "over18"),
    [("2010-11-01", True, False), ("2010-11-02", False, False), ("2008-11-01", True, True),
     ("2008", None, None)],
)  # fmt: skip
def test_ages_are_told_only_of_a_whole_birth_date(born, over16, over18):
    found = build(
        extract(data(bundle(PATIENT | {"birthDate": born}))), source=SOURCE, now=NOW
    ).records[0]
    assert found.subject.get("ageOver16") is over16
    assert found.subject.get("ageOver18") is over18
