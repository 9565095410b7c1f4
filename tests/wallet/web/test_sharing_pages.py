"""Answering on the page: what is ticked goes out, what was unticked stays so, whatever happens."""

from __future__ import annotations

import re

import pytest
from wallet_pages import Browser, filled
from wallet_world import PASSPHRASE

BOX = re.compile(r'<input class="hp-box__input" type="checkbox"[^>]*>')


@pytest.fixture(scope="module")
def one_wallet(whole_world, tmp_path_factory):
    made = filled(whole_world, tmp_path_factory.mktemp("sharing-pages"))
    yield made
    made.close()


@pytest.fixture
def inside(one_wallet, world):
    if one_wallet.locked:
        one_wallet.unlock(PASSPHRASE)
    return Browser(one_wallet).enter()


def boxes(text):
    """The boxes of a page in order: mark, and whether it is ticked."""
    found = [(re.search(r'value="([^"]*)"', b)[1], " checked" in b) for b in BOX.findall(text)]
    assert found, text
    return found


def ticked(text):
    return [mark for mark, on in boxes(text) if on]


def asked(inside, world):
    request = world.ask()
    return request, inside.bring(request["link"])


def all_boxes(inside, path):
    return [mark for mark, _ in boxes(inside.get(path).text)]


def test_what_is_ticked_reaches_the_desk_and_nothing_else(inside, world):
    request, path = asked(inside, world)
    marks = all_boxes(inside, path)
    left_out = marks[3]
    sent = [mark for mark in marks if mark != left_out]
    looked = inside.fill(path, {"tick": sent, "do": "share"})
    if looked.status == 200:  # a second look, where the other side could be misled
        sure = re.search(r'name="sure" value="([0-9a-f]+)"', looked.text)[1]
        looked = inside.fill(path, {"tick": sent, "do": "share", "sure": sure})
    assert "Shared with" in inside.follow(looked).text
    assert world.seen(request)["result"]["verdict"] == "accepted"


def test_before_a_partial_list_goes_out_the_person_looks_once_more(inside, world):
    request, path = asked(inside, world)
    marks = all_boxes(inside, path)
    some = marks[:-1]
    if len(ticked(inside.fill(path, {"tick": some}).text)) == len(marks):
        pytest.fail("the last box stayed ticked")
    allergy_left_out = [mark for mark in marks if mark != marks[-2]]
    again = inside.fill(path, {"tick": allergy_left_out, "do": "share"})
    assert "Look once more" in again.text
    assert "They will see that the list is not whole." in again.text
    assert "result" not in world.seen(request) or world.seen(request)["result"] is None


def test_a_second_look_counts_for_those_boxes_alone(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    first = [mark for mark in marks if mark != marks[-2]]
    again = inside.fill(path, {"tick": first, "do": "share"})
    sure = re.search(r'name="sure" value="([0-9a-f]+)"', again.text)[1]
    other = [mark for mark in marks if mark not in marks[-4:]]
    answer = inside.fill(path, {"tick": other, "do": "share", "sure": sure})
    assert answer.status == 200
    assert "Look once more" in answer.text


def test_an_unticked_box_never_comes_back_ticked_by_an_error(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    for do in ({"do": "share"}, {"do": "look"}, {}, {"do": "nonsense"}):
        answer = inside.fill(path, {"tick": marks[1:2], **do})
        assert ticked(answer.text) == marks[1:2]
    none = inside.fill(path, {"do": "share"})
    assert ticked(none.text) == []
    assert none.status == 409
    assert "Nothing was shared" in none.text
    assert ticked(inside.get(path).text) == []


def test_ticks_outlive_the_lock_and_a_box_of_another_run_fits_nowhere(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    inside.visit.wallet.lock()
    assert inside.fill(path, {"tick": marks[:2], "do": "share"}).headers["location"] == "/unlock"
    back = inside.fill("/unlock", {"secret": PASSPHRASE})
    page = inside.follow(back).text
    assert "Share your information?" in page
    assert ticked(page) == marks[:2]
    assert ticked(inside.fill(path, {"tick": ["1", "2", "f" * 18]}).text) == []


def test_ticks_outlive_a_change_of_language(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    moved = inside.fill("/language", {"back": path, "language": "cy", "tick": marks[:3]})
    page = inside.follow(moved).text
    assert "Rhannu eich gwybodaeth?" in page
    assert ticked(page) == marks[:3]
    inside.fill("/language", {"back": path, "language": "en", "tick": ticked(page)})
    assert ticked(inside.get(path).text) == marks[:3]


def test_locking_by_hand_forgets_values_and_keeps_ticks(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    inside.fill("/lock", {"back": path, "tick": marks[:1]})
    assert inside.visit.opened(path.rpartition("/")[2]).value is None
    page = inside.follow(inside.fill("/unlock", {"secret": PASSPHRASE})).text
    assert ticked(page) == marks[:1]


def test_not_sharing_is_an_answer_and_says_that_care_goes_on(inside, world):
    request, path = asked(inside, world)
    page = inside.follow(inside.fill(path, {"do": "decline"})).text
    for words in ("Nothing was shared", "You will still be treated.", "tel:111", "tel:999"):
        assert words in page
    assert world.seen(request)["result"] is None
    again = inside.fill(path, {"tick": [], "do": "decline"})
    assert again.status == 409


def test_a_question_is_answered_once(inside, world):
    _, path = asked(inside, world)
    marks = all_boxes(inside, path)
    first = inside.fill(path, {"tick": marks, "do": "share"})
    assert first.status == 303
    assert inside.fill(path, {"tick": marks, "do": "share"}).status == 404


@pytest.mark.parametrize(
    "link",
    [
        "openid4vp://?client_id=x509_hash:evil&request_uri=https://evil.example/r",
        "openid4vp://?client_id=evil",
        "nonsense",
        "https://evil.example/",
        "javascript:alert(1)",
        "\u202e" * 50,
    ],
)
def test_who_is_not_known_gets_nothing_and_learns_nothing(inside, world, link):
    page = inside.get(inside.bring(link))
    assert page.status >= 400
    assert 'name="tick"' not in page.text
    assert "Try a new code" in page.text
    assert world.wire.sent == []


@pytest.mark.parametrize("path", ["/share/x", "/shared/x", "/not-shared/x", "/add/x", "/added/x"])
def test_an_address_that_names_nothing_shows_nothing(inside, path):
    assert inside.get(path).status == 404
