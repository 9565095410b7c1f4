"""Today's list: what was asked, how it stands, and nothing of a patient."""

from __future__ import annotations

from datetime import timedelta

from asgi_calls import call
from card_desk import made
from card_form import send
from desk_world import full_wallet, handle_of

from verifier.service import Progress
from verifier.web.app import DESK
from verifier.web.today import STATES


def listed(app):
    page = call(app, "GET", "/today")
    assert page.status == 200
    return page.text


def answered(world, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), held.answer(request))
    return view


def test_an_empty_day_says_so(app):
    assert "Nothing was asked." in listed(app)


def test_every_state_has_words():
    assert set(STATES) == set(Progress)


def test_a_result_in_memory_has_a_link_and_no_clinical_word(world, app, desk):
    view = answered(world, desk)
    page = listed(app)
    assert f'href="/requests/{view.id}"' in page
    assert "Emergency admission" in page
    assert "Answered" in page
    assert not any(word in page for word in ("Penicillin", "EXAMPLE", "999 000", view.link))


def test_a_closed_result_has_no_link_any_more(world, app, desk):
    view = answered(world, desk)
    desk.close(view.id, desk=DESK)
    assert view.id not in listed(app)
    assert "Closed and forgotten" in listed(app)


def test_a_result_whose_time_is_over_is_forgotten_by_looking_at_the_list(world, app, desk, clock):
    view = answered(world, desk)
    clock.offset = desk.settings.result_lifetime + timedelta(seconds=1)
    page = listed(app)
    assert view.id not in page
    assert "Closed and forgotten" in page
    assert len(desk.holding) == 0


def test_an_open_question_can_be_looked_at_and_one_that_ran_out_cannot(app, desk, clock):
    view = desk.ask("medicines_check", desk=DESK)
    assert f'href="/requests/{view.id}"' in listed(app)
    clock.offset = timedelta(minutes=10)
    page = listed(app)
    assert view.id not in page
    assert "The time ran out" in page


def test_another_desks_questions_are_not_listed(app, desk):
    view = desk.ask("emergency_admission", desk="ward 9")
    assert view.id not in listed(app)


def test_what_is_older_than_a_day_is_not_listed(app, desk, clock):
    clock.offset = timedelta(days=-1, minutes=-1)
    desk.ask("emergency_admission", desk=DESK)
    clock.offset = timedelta()
    assert "Nothing was asked." in listed(app)


def test_a_card_is_listed_until_it_is_forgotten(world, app):
    where = send(app, made(world)).headers["location"]
    page = listed(app)
    assert f'href="{where}"' in page
    assert "Penicillin" not in page
    call(app, "POST", f"{where}/close", headers={"origin": "http://localhost"})
    assert "Emergency card" not in listed(app)


def test_a_question_whose_template_was_removed_since_stands_under_its_old_name(app, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    kept = desk.templates._by_name.pop("emergency_admission")
    try:
        assert "emergency_admission" in listed(app)
        assert call(app, "GET", f"/requests/{view.id}").status == 200
    finally:
        desk.templates._by_name["emergency_admission"] = kept


def test_the_list_is_there_in_welsh_and_an_unknown_language_is_none(world, app, desk):
    answered(world, desk)
    welsh = call(app, "GET", "/today", headers={"cookie": "desk-language=cy"}).text
    assert '<html lang="cy"' in welsh
    assert "Derbyniad brys" in welsh
    other = call(app, "GET", "/today", headers={"cookie": "desk-language=../cy"}).text
    assert '<html lang="en"' in other
