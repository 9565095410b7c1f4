"""Twins, marriages, changed numbers: what is sure, what is asked, what is somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.service.passports import birthday
from wallet.service.whose import Kin, among, compare

SAME, UNSURE, DIFFERENT = Kin.SAME, Kin.UNSURE, Kin.DIFFERENT


def person(given="Ann", family="Zephyrine", born="2019-05-02", number=None, verified=True):
    found = {}
    if given:
        found["givenNames"] = [given]
    if family:
        found["familyName"] = family
    if born:
        found["birthDate"] = born
    if number:
        status = "01" if verified else "02"
        found["nhsNumber"] = {"value": number, "verificationStatus": status}
    return found


A, B = "9990000026", "9990000034"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(person(number=A), person(number=A), SAME, id="the same in all"),
        pytest.param(person(number=A), person(), SAME, id="a number that one does not show"),
        pytest.param(person(), person(), SAME, id="full name and birth date without numbers"),
        pytest.param(person("ANN"), person("Ann"), SAME, id="capitals"),
        pytest.param(person(number=A), person("", "", "", number=A), SAME, id="number alone"),
        pytest.param(person(number=A), person("Beth", number=B), DIFFERENT, id="twins"),
        pytest.param(person(), person("Beth"), UNSURE, id="twins without numbers, or a nickname"),
        pytest.param(person(), person(""), UNSURE, id="twins and no given name"),
        pytest.param(person(number=A), person("", number=B), UNSURE, id="twins, or a new number"),
        pytest.param(
            person(number=A), person("Beth", number=A), UNSURE, id="a number on a twin's record"
        ),
        pytest.param(person(number=A), person(family="Jones", number=A), SAME, id="a marriage"),
        pytest.param(
            person(number=A),
            person(family="Jones", number=A, verified=False),
            UNSURE,
            id="a marriage, the number not verified",
        ),
        pytest.param(
            person(number=A),
            person("", "Jones", number=A),
            UNSURE,
            id="a marriage, or somebody with her number",
        ),
        pytest.param(person(), person(family="Jones"), UNSURE, id="a marriage without numbers"),
        pytest.param(person(number=A), person(number=B), UNSURE, id="a changed number"),
        pytest.param(
            person(number=A), person(family="Jones", number=B), UNSURE, id="an adoption"
        ),
        pytest.param(
            person(number=A), person(born="1990-05-02", number=B), DIFFERENT, id="parent and child"
        ),
        pytest.param(
            person(number=A), person(born="2019-05-03", number=A), UNSURE, id="a corrected date"
        ),
        pytest.param(person(), person(born="1990-05-02"), UNSURE, id="named after a parent"),
        pytest.param(person(), person("Bo", born="1990-05-02"), DIFFERENT, id="two of a family"),
        pytest.param(person(), person("Bo", "Jones"), DIFFERENT, id="a birthday in common"),
        pytest.param(person(), {}, UNSURE, id="a record that names nobody"),
        pytest.param({}, {}, UNSURE, id="two that name nobody"),
    ],
)  # fmt: skip
def test_two_records_are_of_one_person_of_two_or_it_is_asked(one, other, expected):
    assert compare(one, other) is expected
    assert compare(other, one) is expected


def test_one_record_of_somebody_else_keeps_a_record_out():
    held = [person(number=A), person("Beth", number=B)]
    assert among(person(number=A), held) is DIFFERENT
    assert among(person(number=A), held[:1]) is SAME
    assert among(person(number=A), []) is UNSURE


SUBJECTS = st.builds(
    person,
    given=st.sampled_from(["", "Ann", "Beth"]),
    family=st.sampled_from(["", "Zephyrine", "Jones"]),
    born=st.sampled_from(["", "2019-05-02", "1990"]),
    number=st.sampled_from([None, A, B]),
    verified=st.booleans(),
)


@given(SUBJECTS, SUBJECTS)
def test_order_makes_no_difference_and_the_same_record_is_never_another_persons(one, other):
    assert compare(one, other) is compare(other, one)
    assert compare(one, one) is not DIFFERENT


@given(SUBJECTS, SUBJECTS)
def test_what_is_sure_never_contradicts_itself(one, other):
    if compare(one, other) is SAME:
        for name in ("birthDate", "givenNames"):
            assert name not in one or name not in other or one[name] == other[name]


@pytest.mark.parametrize(
    ("born", "years", "expected"),
    [
        ("2015-11-25", 11, "2026-11-25"),
        ("2015-11", 11, "2026-11-01"),
        ("2015", 11, "2026-01-01"),
        ("2012-02-29", 11, "2023-03-01"),
        ("", 11, None),
        ("soon", 11, None),
        ("2015-13-01", 11, None),
    ],
)
def test_a_birthday_is_the_earliest_day_that_it_can_be(born, years, expected):
    found = birthday(born, years)
    assert (found.isoformat() if found else None) == expected
