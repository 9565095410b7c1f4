"""Invitations, and what may be lent: plain names, one answer, one person, an end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from family import ANN, about, numbered
from lending_world import add, copies, later, lent, record, refused

from healthpassport.encoding import b64url_decode, b64url_encode


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "hp-helper-package:AAAA",
        "hp-helper-invitation:",
        "hp-helper-invitation:e30",
        "hp-helper-invitation:" + "A" * 600,
        "hp-helper-invitation:" + b64url_encode(b'{"v":1,"v":1}'),
    ],
)
def test_what_is_no_invitation_is_refused(owner, text):
    with refused("helper.invitation"):
        owner.helpers.read(text)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"id": "AA"},
        {"key": "AAAA"},
        {"key": 1},
        {"name": ""},
        {"name": "x" * 41},
        {"name": "a\u202eb"},
        {"until": "soon"},
        {"until": 10**18},
        {"until": True},
        {"more": 1},
    ],
)
def test_a_bent_invitation_is_refused(owner, helper, change):
    text = helper.helpers.invite("Mair").text
    members = json.loads(b64url_decode(text.partition(":")[2]))
    bent = json.dumps(members | change).encode()
    with refused("helper.invitation"):
        owner.helpers.read("hp-helper-invitation:" + b64url_encode(bent))


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x1b[2J", "a\u202eb"])
def test_a_helper_has_a_plain_name(helper, name):
    with refused("helper.name"):
        helper.helpers.invite(name)


def test_an_invitation_with_a_key_that_agrees_with_nobody_is_refused(owner, helper):
    text = helper.helpers.invite("Mair").text
    members = json.loads(b64url_decode(text.partition(":")[2])) | {"key": b64url_encode(bytes(32))}
    bent = "hp-helper-invitation:" + b64url_encode(json.dumps(members).encode())
    with refused("helper.invitation"):
        owner.helpers.give(bent, [owner.part(record(owner))])
    assert len(copies(owner)) == 10


def test_an_invitation_is_answered_once_and_within_seven_days(world, owner, helper):
    invitation = helper.helpers.invite("Mair")
    owner.helpers.give(invitation.text, [owner.part(record(owner))])
    with refused("helper.used"):
        owner.helpers.give(invitation.text, [owner.part(record(owner))])
    second = helper.helpers.invite("Mair")
    gift = owner.helpers.give(second.text, [owner.part(record(owner))])
    later(owner, days=8)
    with refused("helper.invitation_ended"):
        owner.helpers.give(helper.helpers.invite("Mair").text, [owner.part(record(owner))])
    later(helper, days=8)
    assert helper.helpers.invitations() == ()
    with refused("helper.not_for_you"):  # its key is gone
        helper.helpers.look(gift.package)


def test_not_more_than_ten_invitations_are_open(helper):
    for _ in range(10):
        helper.helpers.invite("Mair")
    with refused("helper.too_many_invitations"):
        helper.helpers.invite("Mair")


@pytest.mark.parametrize("days", [-1, 367, 4000])
def test_an_end_date_is_within_a_year(world, owner, helper, days):
    day = world.world.clock().date() + timedelta(days=days)
    with refused("helper.until"):
        owner.helpers.give(
            helper.helpers.invite("Mair").text, [owner.part(record(owner))], until=day
        )
    assert len(copies(owner)) == 10


def test_one_copy_always_stays_and_shown_ones_are_never_lent(world, owner, helper):
    part = owner.part(record(owner))
    for _ in range(2):
        owner.helpers.give(helper.helpers.invite("Mair").text, [part])
    with refused("helper.no_copies"):
        owner.helpers.give(helper.helpers.invite("Mair").text, [part])
    identity = owner.part(record(owner, "PatientIdentity"))
    for _ in range(4):
        owner.share(owner.prepare(world.ask()["link"]))
    gift = owner.helpers.give(helper.helpers.invite("Mair").text, [identity])
    assert len(gift.records[0].places) == 1


def test_nothing_of_two_people_is_lent_together(world, owner, helper):
    add(world, owner, about(numbered(ANN)), person="new")
    mine = owner.part(owner.records("me")[0].id)
    hers = owner.part(owner.records("Ann")[0].id)
    invitation = helper.helpers.invite("Mair").text
    with refused("helper.two_people"):
        owner.helpers.give(invitation, [mine, hers])
    for parts in ([], [mine, mine]):
        with refused("helper.nothing_chosen"):
            owner.helpers.give(invitation, parts)


def test_what_is_lent_is_not_lent_on_and_own_words_never(owner, helper):
    lent(owner, helper)
    (_, borrowed) = helper.records("Quillon")
    invitation = owner.helpers.invite("Quillon").text
    with refused("helper.not_yours"):
        helper.helpers.give(invitation, [helper.part(borrowed.id)])
    with refused("helper.not_yours"):
        helper.people.rename("Quillon", mine=True)
    with refused("helper.not_yours"):
        helper.move(borrowed.id, "me")
    with refused("helper.not_yours"):
        helper.say("Dizzy", person="Quillon")
    owner.say("Dizzy")
    with refused("helper.own_words"):
        owner.helpers.give(invitation, [owner.part(record(owner, "PatientStated"))])
