"""Lending on the pages: chosen, looked at, compared, lent, taken in, and ended; and what is not."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from lending_world import later
from wallet_pages import BOUNDARY, Browser, filled
from wallet_world import PASSPHRASE

from healthpassport.record_words import day
from wallet.handing import invite

STRANGER = {"origin": "https://evil.example"}
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture
def owner(world, tmp_path):
    made = filled(world, tmp_path / "owner")
    yield made
    made.close()


@pytest.fixture
def helper(world, tmp_path):
    made = world.wallet(tmp_path / "helper")
    yield made
    made.close()


@pytest.fixture
def inside(owner):
    return Browser(owner).enter()


@pytest.fixture
def theirs(helper):
    return Browser(helper).enter()


def plain(answer):
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def ticked(answer, name):
    boxes = re.findall(rf'<input [^>]*name="{name}"[^>]*>', answer.text)
    return [re.search('value="([^"]*)"', box)[1] for box in boxes if " checked" in box]


def allergies(owner):
    return next(r.id for r in owner.records() if r.type == "AllergySummary")


def form(owner, text, *lines, step="look", **fields):
    """One line of the allergies, unless told otherwise."""
    record = allergies(owner)
    chosen = {"record": record, "line": [f"{record}:{n}" for n in lines or (2,)]}
    return {"invitation": text, "step": step, "how": "week", **chosen, **fields}


def package_of(inside, owner, helper, *lines, **fields):
    text = helper.helpers.invite("Mair").text
    sent = form(owner, text, *lines, agree="yes", do="lend", **fields)
    answer = inside.fill("/helping/lend", sent)
    assert "Give this file to Mair" in answer.text, plain(answer)
    gift = owner.helpers.given()[0]
    return inside.get(f"/helping/{gift.id}/package").text.strip()


def bring(theirs, name, text, *more):
    """Post a package, pasted (``package``) or as a ``file``."""
    kind = '; filename="p.txt"' if name == "file" else ""
    parts = [(f'name="{name}"{kind}', text), *((f'name="{n}"', v) for n, v in more)]
    body = "".join(
        f"--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n{value}\r\n"
        for head, value in parts
    )
    return theirs.post("/helping/add", (body + f"--{BOUNDARY}--\r\n").encode(), **MULTIPART)


@pytest.mark.parametrize("how", ["package", "file"])
def test_a_part_is_lent_compared_and_shown_as_a_part(inside, owner, helper, theirs, how):
    package = package_of(inside, owner, helper)
    looked = bring(theirs, how, package)
    page = plain(looked)
    assert "Quillon Zephyrine" in page
    assert "1 of 2" in page
    assert "This is a part." in page
    assert " ".join(owner.helpers.given()[0].words) in page
    assert helper.records() == ()
    assert bring(theirs, "package", package, ("agree", "yes")).headers["location"] == "/people"
    home = plain(theirs.get("/"))
    assert "You are acting for Quillon Zephyrine" in home
    assert "1 of 2 entries" in home
    assert "The list is not whole." in home
    record = plain(theirs.get(f"/records/{allergies(helper)}"))
    assert "1 of 2 entries" in record
    assert "Something wrong?" not in record


def test_before_lending_the_owner_sees_what_the_helper_will_see(inside, owner, helper):
    text = helper.helpers.invite("Mair").text
    page = plain(inside.fill("/helping/lend", form(owner, text, step="choose", do="look")))
    in_a_week = day((datetime.now(UTC) + timedelta(days=7)).date(), "en")
    assert f"Mair will see, until {in_a_week}:" in page
    assert "1 of 2" in page
    assert "They will see that the list is not whole." in page
    assert " ".join(helper.helpers.read(text).words) in page
    assert "What they see or copy, you cannot take back." in page
    assert owner.helpers.given() == ()


def test_nothing_is_lent_before_the_words_were_compared(inside, owner, helper):
    text = helper.helpers.invite("Mair").text
    answer = inside.fill("/helping/lend", form(owner, text, do="lend"))
    assert answer.status == 400
    assert "Compare the words first" in answer.text
    assert owner.helpers.given() == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"record": []}, "Choose what to lend."),
        ({"line": []}, "Choose what to lend."),
        ({"record": ["1", "zz", "f" * 14]}, "Choose what to lend."),
        ({"how": "day"}, "This end date cannot be used."),
        (
            {"how": "day", "until_day": "31", "until_month": "2", "until_year": "2027"},
            "This end date cannot be used.",
        ),
        (
            {"how": "day", "until_day": "1", "until_month": "1", "until_year": "2020"},
            "This end date cannot be used.",
        ),
        (
            {"how": "day", "until_day": "1", "until_month": "1", "until_year": "9" * 9},
            "This end date cannot be used.",
        ),
        ({"invitation": "nonsense"}, "This is not an invitation that we can read."),
        ({"invitation": ""}, "This is not an invitation that we can read."),
    ],
)
def test_what_cannot_be_lent_is_told_and_the_ticks_stay(inside, owner, helper, fields, words):
    text = helper.helpers.invite("Mair").text
    sent = form(owner, text, agree="yes", do="lend") | fields
    answer = inside.fill("/helping/lend", sent)
    assert answer.status == 400
    assert words in answer.text
    assert owner.helpers.given() == ()
    if "how" in fields:
        assert ticked(answer, "line") == sent["line"]
        assert ticked(answer, "record") == [sent["record"]]


def test_an_invitation_past_its_end_and_a_used_one_lend_nothing(inside, owner, helper, world):
    text = helper.helpers.invite("Mair").text
    sent = form(owner, text, agree="yes", do="lend")
    assert inside.fill("/helping/lend", sent).status == 200
    again = inside.fill("/helping/lend", sent)
    assert "You have said yes to this one before." in again.text
    old = invite("Mair", now=world.world.clock().replace(year=2025), random=secrets.token_bytes)
    late = inside.fill("/helping/lend", {**sent, "invitation": old.invitation.text})
    assert "The time of this invitation is over." in late.text
    assert len(owner.helpers.given()) == 1


@pytest.mark.parametrize("step", ["choose", "look"])
def test_unticked_lines_outlive_a_change_of_language(inside, owner, helper, step):
    text = helper.helpers.invite("Mair").text
    sent = form(owner, text, step=step)
    moved = inside.fill("/language", {"back": "/helping/lend", "language": "cy", **sent})
    page = inside.follow(moved)
    if step == "look":
        assert "Benthyg hwn?" in page.text
        assert "1 o 2" in page.text
    else:
        assert ticked(page, "line") == sent["line"]


def test_nothing_is_lent_added_or_ended_from_elsewhere_or_while_locked(inside, owner, helper):
    text = helper.helpers.invite("Mair").text
    sent = form(owner, text, agree="yes", do="lend")
    assert inside.fill("/helping/lend", sent, **STRANGER).status == 403
    gift = owner.helpers.give(text, [owner.part(allergies(owner))])
    for path in ("/helping/invite", f"/helping/{gift.id}/end"):
        assert inside.fill(path, {"name": "Eve"}, **STRANGER).status == 403
    owner.lock()
    for path in ("/helping", "/helping/lend", "/helping/add", f"/helping/{gift.id}/package"):
        assert inside.get(path).headers["location"] == "/unlock"
    assert inside.fill(f"/helping/{gift.id}/end", {}).headers["location"] == "/unlock"
    owner.unlock(PASSPHRASE)
    assert [one.active for one in owner.helpers.given()] == [True]
    assert owner.helpers.invitations() == ()


def test_a_forged_or_foreign_package_adds_nothing_and_stays_on_the_page(
    inside, owner, helper, theirs
):
    package = package_of(inside, owner, helper)
    forged = package[:-30] + ("A" if package[-30] != "A" else "B") + package[-29:]
    for sent in (forged, package[:200], "nonsense", "", "<script>alert(1)</script>"):
        answer = bring(theirs, "package", sent, ("agree", "yes"))
        assert answer.status == 400
        assert "<script>alert" not in answer.text
    assert forged in bring(theirs, "package", forged).text
    other = bring(inside, "package", package, ("agree", "yes"))  # the owner's own wallet
    assert other.status == 400
    assert "This package is for someone else" in other.text
    assert helper.records() == ()


def test_a_package_past_its_end_adds_nothing(inside, owner, helper):
    package = package_of(inside, owner, helper)
    later(helper, days=8)
    answer = bring(Browser(helper).enter(), "package", package, ("agree", "yes"))
    assert answer.status == 400
    assert helper.records() == ()


def test_ending_says_what_it_does_and_ends_once(inside, owner, helper):
    package_of(inside, owner, helper)
    path = f"/helping/{owner.helpers.given()[0].id}/end"
    page = plain(inside.get(path))
    assert "We ask the surgery to withdraw these copies." in page
    assert "you cannot take back" in page
    assert inside.fill(path, {}).headers["location"] == "/helping"
    assert "This has ended." in plain(inside.get("/helping"))
    assert [one.active for one in owner.helpers.given()] == [False]


@pytest.mark.parametrize("gift", ["zz", "00000000000000", "%2e%2e", "9"])
@pytest.mark.parametrize("what", ["end", "package"])
def test_what_was_not_lent_is_not_there(inside, gift, what):
    assert inside.get(f"/helping/{gift}/{what}").status == 404


def test_private_details_stay_unless_ticked(inside, owner, helper):
    page = inside.fill("/helping/lend", {"invitation": helper.helpers.invite("Mair").text})
    assert ticked(page, "record") == []
    assert ticked(page, "detail") == []


def test_a_scanned_invitation_leads_to_lending(inside, helper):
    text = helper.helpers.invite("Mair").text
    path = inside.bring(text)
    assert path == "/helping/lend"
    assert text in inside.get(path).text
