"""Whom staff expect: typed on the page, compared with what is shared, kept nowhere."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from asgi_calls import call
from desk_world import full_wallet, handle_of
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.nhs_numbers import is_nhs_number
from verifier.web import create_app
from verifier.web.app import DESK
from verifier.web.expecting import WRONG_DATE, WRONG_NUMBER, typed

FORM = {"origin": "http://localhost", "content-type": "application/x-www-form-urlencoded"}
RIGHT = {
    "family_name": " example ",
    "birth_day": "14",
    "birth_month": "7",
    "birth_year": "1958",
    "nhs_number": "999 000 0018",
}
AGREES = "What you typed of the person whom you expect agrees with what was shared."


@pytest.fixture
def app(desk):
    return create_app(desk.settings, desk)


def ask(app, **fields):
    body = urlencode({"template": "emergency_admission", **fields}).encode()
    return call(app, "POST", "/requests", headers=FORM, body=body)


def result(world, app, desk, **fields):
    """The page after a patient has answered, in words."""
    answer = ask(app, **fields)
    assert answer.status == 303, answer.text
    view = desk.look(answer.headers["location"].rpartition("/")[2], desk=DESK)
    wallet = full_wallet(world)
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), wallet.answer(request))
    page = call(app, "GET", f"/requests/{view.id}").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_asks_whom_staff_expect_and_no_field_must_be_filled(app):
    page = call(app, "GET", "/").text
    assert "Whom do you expect?" in page
    for name in RIGHT:
        assert f'name="{name}"' in page
    assert page.count("(optional)") == 3
    assert 'autocomplete="off"' in page


def test_who_agrees_in_all_that_was_typed_is_said_to_agree(world, app, desk):
    page = result(world, app, desk, **RIGHT)
    assert AGREES in page
    assert "is not that of the person admitted" not in page


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"family_name": "Other"}, "family name"),
        ({"birth_year": "1959"}, "date of birth"),
        ({"nhs_number": "9990000026"}, "NHS number"),
    ],
)
def test_each_difference_has_a_warning_of_its_own_and_hides_nothing(other, name, world, app, desk):
    page = result(world, app, desk, **(RIGHT | other))
    assert f"The {name} is not that of the person admitted" in page
    assert page.count("is not that of the person admitted") == 1
    assert AGREES not in page
    assert "Penicillin" in page


def test_what_was_left_empty_is_not_compared(world, app, desk):
    assert AGREES in result(world, app, desk, family_name="Example")
    assert AGREES not in result(world, app, desk)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"birth_day": "31", "birth_month": "2", "birth_year": "1958"}, WRONG_DATE),
        ({"birth_day": "14"}, WRONG_DATE),
        ({"birth_day": "14", "birth_month": "July", "birth_year": "1958"}, WRONG_DATE),
        ({"birth_day": "1", "birth_month": "1", "birth_year": "99999"}, WRONG_DATE),
        ({"birth_day": "٣", "birth_month": "1", "birth_year": "1958"}, WRONG_DATE),
        ({"nhs_number": "999000001"}, WRONG_NUMBER),
        ({"nhs_number": "9990000019"}, WRONG_NUMBER),
        ({"nhs_number": "٩٩٩٠٠٠٠٠١٨"}, WRONG_NUMBER),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field_and_nothing_is_asked(
    fields, words, app, desk
):
    before = len(desk.recent(desk=DESK))
    answer = ask(app, **fields)
    assert answer.status == 400
    assert words in answer.text
    assert "<title>Error: " in answer.text
    assert len(desk.recent(desk=DESK)) == before


def test_what_was_typed_stays_on_the_page_beside_an_error_and_is_escaped(app):
    answer = ask(app, family_name='O"<b>', nhs_number="1")
    assert answer.status == 400
    assert "O&#34;&lt;b&gt;" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert 'value="emergency_admission" checked' in answer.text


def test_a_field_that_is_far_too_long_is_refused(app):
    assert ask(app, family_name="x" * 201).status == 400
    assert ask(app, family_name="x" * 5000).status == 413


def test_nothing_of_the_person_expected_is_stored_or_logged(world, app, desk, caplog, capfd):
    fields = RIGHT | {"family_name": "Quillonsdale", "birth_year": "1931"}
    result(world, app, desk, **fields)
    ask(app, **(fields | {"nhs_number": "9990000019"}))
    kept = b"".join(path.read_bytes() for path in desk.settings.home.rglob("*") if path.is_file())
    said = caplog.text + "".join(capfd.readouterr())
    for word in ("Quillonsdale", "1931-07-14"):
        assert word.encode() not in kept
        assert word not in said


def test_the_address_of_a_request_holds_nothing_that_was_typed(app):
    assert "example" not in ask(app, **RIGHT).headers["location"].lower()


@given(st.text(max_size=12))
def test_an_nhs_number_is_ten_digits_that_fit_and_nothing_else(text):
    assert is_nhs_number(text) is False or sum(c.isdigit() for c in text) == 10


@pytest.mark.parametrize("number", ["9990000018", "999 000 0026", "999-000-0034", "9434765919"])
def test_a_number_may_be_spaced(number):
    assert is_nhs_number(number)


@given(*(st.text(max_size=6) for _ in range(5)))
def test_any_typing_gives_a_person_an_error_or_nobody(name, day, month, year, number):
    found = typed(name, day, month, year, number)
    assert found.errors or found.expected is not None or not (name + day + number).strip()
