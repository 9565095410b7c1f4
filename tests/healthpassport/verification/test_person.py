from __future__ import annotations

import pytest

from healthpassport.verification.person import Match, compare, contradicts, identifies


def person(number: str | None = None, family: str | None = None, born: str | None = None) -> dict:
    return {
        **({"nhsNumber": {"value": number, "verificationStatus": "01"}} if number else {}),
        **({"familyName": family} if family else {}),
        **({"birthDate": born} if born else {}),
    }


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        (person(number="9990000018"), True),
        (person(family="Example", born="1958-07-14"), True),
        (person(family="Example"), False),
        (person(born="1958-07-14"), False),
        ({"givenNames": ["Given"]}, False),
        ({"nhsNumber": "9990000018"}, False),
        ({}, False),
    ],
)
def test_a_person_is_named_by_nhs_number_or_by_family_name_and_birth_date(subject, named):
    assert identifies(subject) is named


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        (person("9990000018"), person("9990000018"), Match.SAME),
        (person("9990000018"), person("9990000026"), Match.DIFFERENT),
        (person("9990000018", "Smith"), person("9990000018", "Jones"), Match.SAME),
        (
            person("9990000018", born="1958-07-14"),
            person("9990000018", born="1985-07-14"),
            Match.DIFFERENT,
        ),
        (
            person(family="Example", born="1958-07-14"),
            person(family=" EXAMPLE ", born="1958-07-14"),
            Match.SAME,
        ),
        (
            person(family="Example", born="1958-07-14"),
            person(family="Other", born="1958-07-14"),
            Match.DIFFERENT,
        ),
        (person("9990000018"), person(family="Example", born="1958-07-14"), Match.UNKNOWN),
        (person(family="Example"), person(family="Example"), Match.UNKNOWN),
        ({}, {}, Match.UNKNOWN),
    ],
)
def test_two_subjects_compare_by_what_both_show(one, other, match):
    assert compare(one, other) is match
    assert compare(other, one) is match


def test_two_people_in_one_presentation_contradict():
    assert contradicts([person("9990000018"), person("9990000018"), person("9990000026")])


def test_a_record_that_names_nobody_contradicts_nobody():
    assert not contradicts([person("9990000018"), {}])
