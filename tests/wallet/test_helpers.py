"""Two real wallets: one lends chosen parts until a date, the other shows them and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from family import ANN, MAIR, about, numbered
from simulated_issuer import summary
from wallet_world import ISSUER, past_of

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from wallet.handing import invite, package, read_invitation, seal_package
from wallet.service import HistoryKind, lending, shelf
from wallet.service.gifts import owner_signer, read_invitations
from wallet.service.passports import read_passports


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def add(world, wallet, made=None, **more):
    offer = world.offer(made)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin, **more)


@pytest.fixture
def owner(filled_wallet):
    """Holds an identity and two allergies, five copies of each."""
    return filled_wallet


@pytest.fixture
def helper(world, tmp_path):
    """Another person's wallet, with records of their own."""
    made = world.wallet(tmp_path / "helper")
    add(world, made, about(numbered(MAIR)))
    world.wire.calm()
    yield made
    made.close()


def record(wallet, kind="AllergySummary"):
    return next(view.id for view in wallet.records() if view.type == kind)


def lent(owner, helper, items=None, **more):
    """The owner's identity and allergies, lent and kept; returns the gift."""
    invitation = helper.helpers.invite("Mair")
    parts = [
        owner.part(record(owner, "PatientIdentity")),
        owner.part(record(owner), items=items),
    ]
    gift = owner.helpers.give(invitation.text, parts, **more)
    helper.helpers.keep(helper.helpers.look(gift.package))
    return gift


def later(wallet, **span):
    """The same wallet, some time on; its vault counts that as idle."""
    clock = wallet._around.clock
    wallet.close()
    wallet._around = replace(wallet._around, clock=lambda: clock() + timedelta(**span))
    wallet.unlock("three made-up words")
    return wallet


def test_a_helper_shows_what_was_lent_and_staff_are_told(world, owner, helper):
    gift = lent(owner, helper)
    lender = next(one for one in helper.people.list() if one.until)
    assert (lender.name, lender.records, lender.mine) == ("Quillon Zephyrine", 2, False)
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    assert question.acting_for == "Quillon Zephyrine"
    helper.share(question)
    seen = world.seen(request)["result"]
    assert seen["verdict"] == "accepted"
    allergies = next(s for s in seen["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["shown"], allergies["total"]) == ("items", 2, 2)
    assert gift.until.date() == world.world.clock().date() + timedelta(days=92)


def test_copies_that_are_lent_leave_the_owners_stock(owner, helper):
    before = {json.loads(text)["text"] for text in copies(owner)}
    lent(owner, helper)
    assert len(copies(owner)) == 6
    theirs = {json.loads(text)["text"].partition("~")[0] for text in copies(helper)}
    left = {json.loads(text)["text"].partition("~")[0] for text in copies(owner)}
    assert not theirs & left
    assert len(theirs & {text.partition("~")[0] for text in before}) == 4


def copies(wallet):
    vault = wallet._vault
    return [vault.read("copies", row) for row in vault.rows("copies")]


def test_the_helper_holds_no_more_than_what_was_chosen(world, owner, helper):
    lent(owner, helper, items={2})
    shown = [view for view in helper.records("Quillon") if view.type == "AllergySummary"]
    assert [(view.shown, view.item_count) for view in shown] == [(1, 2)]
    texts = [json.loads(text)["text"] for text in copies(helper)]
    told = [sd_jwt_vc.open_held(text).payload.get("items") for text in texts]
    parts = [items for items in told if items and len(items) == 1]
    assert [items[0]["unit"]["text"] for items in parts] == ["Natural rubber latex"] * 2
    assert "Penicillin" not in str(parts)


def test_a_part_of_the_allergies_never_looks_like_all_of_them(world, owner, helper):
    lent(owner, helper, items={2})
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    (whole,) = [tick for tick in question.ticks if tick.label == "Allergies"]
    assert "(1 of 2)" in whole.value
    receipt = helper.share(question)
    assert any(line.startswith("Allergies: 1/2") for line in receipt.what)
    result = world.seen(request)["result"]
    allergies = next(s for s in result["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["shown"], allergies["total"]) == ("partly_shared", 1, 2)
    assert result["allergyHeading"] == "Known allergies"


@pytest.mark.parametrize("items", [set(), {0}, {3}, {1, 3}, {-1}])
def test_a_list_is_not_lent_without_a_line_of_it(owner, helper, items):
    invitation = helper.helpers.invite("Mair")
    with refused("helper.nothing_chosen"):
        owner.helpers.give(invitation.text, [owner.part(record(owner), items=items)])
    assert len(copies(owner)) == 10


def test_where_somebody_lives_is_lent_only_when_it_is_chosen(world, wallet, helper):
    made = summary()
    subject = {**made.records[0].subject, "phone": "01632 960000", "postcode": "LS1 1AB"}
    add(world, wallet, replace(made, records=(replace(made.records[0], subject=subject),)))
    identity = record(wallet, "PatientIdentity")
    for private, expected in (((), set()), (("phone",), {"phone"})):
        invitation = helper.helpers.invite("Mair")
        gift = wallet.helpers.give(invitation.text, [wallet.part(identity, private=private)])
        helper.helpers.keep(helper.helpers.look(gift.package))
        (view,) = helper.records("Quillon")
        held = set(helper.show(view.id).payload) & {"phone", "postcode"}
        assert held == expected


def test_words_are_the_same_on_both_screens_and_differ_for_every_key(owner, helper):
    invitation = helper.helpers.invite("Mair")
    read = owner.helpers.read(f"  {invitation.text[:40]}\n{invitation.text[40:]} ")
    assert read == invitation
    assert len(read.words) == 6
    assert helper.helpers.invite("Mair").words != invitation.words
    gift = owner.helpers.give(invitation.text, [owner.part(record(owner))])
    received = helper.helpers.look(gift.package)
    assert received.words == gift.words
    assert received.words != invitation.words
    assert not received.known


def test_a_second_package_of_the_same_wallet_is_known_and_goes_to_the_same_passport(owner, helper):
    lent(owner, helper, items={1})
    invitation = helper.helpers.invite("Mair")
    gift = owner.helpers.give(invitation.text, [owner.part(record(owner))], until=None)
    received = helper.helpers.look(gift.package)
    assert received.known
    helper.helpers.keep(received)
    assert len([one for one in helper.people.list() if one.until]) == 1
    (allergies,) = [v for v in helper.records("Quillon") if v.type == "AllergySummary"]
    assert (allergies.shown, allergies.item_count) == (2, 2)


def test_the_owner_sees_what_was_given_and_the_helper_nothing_of_it(world, owner, helper):
    owner.share(owner.prepare(world.ask()["link"]))
    gift = lent(owner, helper, items={1})
    entry = past_of(owner)[0]
    assert (entry.kind, entry.who, entry.retention) == (
        HistoryKind.GIVEN, "Mair", gift.until.date().isoformat(),
    )  # fmt: skip
    assert "Allergies: 1/2" in entry.what
    assert [e.kind for e in past_of(helper)] == [HistoryKind.ADDED, HistoryKind.ADDED]
    helper.share(helper.prepare(world.ask()["link"], "Quillon"))
    assert past_of(helper)[0].kind is HistoryKind.SHARED
    assert HistoryKind.SHARED not in [e.kind for e in past_of(owner)[:1]]
    (view,) = owner.helpers.given()
    assert (view.name, view.person_name, view.active) == ("Mair", "Quillon Zephyrine", True)


# -- the package -------------------------------------------------------------------------------


@pytest.fixture
def given(owner, helper):
    """A package that is on its way: the helper, and its text."""
    invitation = helper.helpers.invite("Mair")
    return owner.helpers.give(invitation.text, [owner.part(record(owner))]).package


def nothing_kept(helper):
    return all(one.until is None for one in helper.people.list())


def test_a_package_for_another_key_is_refused(world, given, helper, tmp_path):
    other = world.wallet(tmp_path / "other")
    with refused("helper.not_for_you"):
        other.helpers.look(given)
    other.helpers.invite("Other")
    with refused("helper.not_for_you"):
        other.helpers.look(given)
    other.close()
    helper.helpers.look(given)


def test_a_package_is_kept_once(given, helper):
    received = helper.helpers.look(given)
    helper.helpers.keep(received)
    for use in (lambda: helper.helpers.look(given), lambda: helper.helpers.keep(received)):
        with refused("helper.not_for_you"):
            use()


@pytest.mark.parametrize("place", [0, 3, 17, 40, 60, 2000, -1])
def test_an_altered_package_is_refused(given, helper, place):
    octets = bytearray(b64url_decode(given.removeprefix(package.PREFIX)))
    octets[place] ^= 1
    with pytest.raises(PassportError) as error:
        helper.helpers.look(package.PREFIX + b64url_encode(bytes(octets)))
    assert error.value.code in {"helper.package", "helper.not_for_you"}
    assert nothing_kept(helper)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[: len(text) // 2], "helper.package"),
        (lambda text: text[: len(package.PREFIX) + 24], "helper.package"),
        (lambda _text: "", "helper.package"),
        (lambda _text: "hp-helper-invitation:AAAA", "helper.package"),
        (lambda text: text + "=", "helper.package"),
        (lambda text: text + "A" * 2_000_000, "helper.too_much"),
        (lambda text: text + "A" * 1_100_000, "helper.too_much"),
        (lambda text: " " * 2_000_000 + text, "helper.too_much"),
    ],
)
def test_what_is_no_whole_package_is_refused(given, helper, change, code):
    with refused(code):
        helper.helpers.look(change(given))
    assert nothing_kept(helper)


def test_spaces_of_a_mail_program_do_no_harm(given, helper):
    lines = "\r\n".join(given[start : start + 76] for start in range(0, len(given), 76))
    assert helper.helpers.look(lines).lines[0].label == "Allergies"


def sealed_anew(owner, helper, *, signer=None, change=None, invitation=None, to=None):
    """A package as an attacker could make who saw the invitation; ``change`` alters its claims."""
    (_, own), *_ = read_invitations(helper._vault)
    asked = invitation or own.invitation
    signer = signer or owner_signer(owner._vault)
    vault = owner._vault
    stored = json.loads(vault.read("copies", vault.rows("copies")[0]))
    key = package.signer_from_private_jwk(stored["key"])
    handed = package.HandedRecord("dc+sd-jwt", (package.HandedCopy(stored["text"], key),))
    now = owner._around.clock()
    real = jws.sign

    def bent(*, header, payload, signer):
        claims = dict(payload)
        if change:
            header = change(claims) or header
        return real(header=header, payload=claims, signer=signer)

    package.jws.sign = bent
    try:
        return seal_package(
            [handed], invitation=to or asked, owner=signer, made=now, until=now + timedelta(days=9)
        )
    finally:
        package.jws.sign = real


def test_what_the_tests_make_themselves_is_sound_until_it_is_bent(owner, helper):
    helper.helpers.invite("Mair")
    assert helper.helpers.look(sealed_anew(owner, helper)).lines


def test_a_package_that_somebody_else_signed_is_refused(owner, helper):
    helper.helpers.invite("Mair")
    mine = owner_signer(owner._vault).public_key.jwk()
    forged = sealed_anew(
        owner, helper, signer=generate_signer(), change=lambda c: c.update({"from": mine})
    )
    with refused("helper.not_signed"):
        helper.helpers.look(forged)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: {"typ": "jwt"}, "helper.not_signed"),
        (lambda c: c.update({"from": {}}), "helper.package"),
        (lambda c: c.update({"from": "x"}), "helper.package"),
        (lambda c: c.update({"v": 2}), "helper.package"),
        (lambda c: c.update({"more": 1}), "helper.package"),
        (lambda c: c.pop("until") and None, "helper.package"),
        (lambda c: c.update({"until": "soon"}), "helper.package"),
        (lambda c: c.update({"until": True}), "helper.package"),
        (lambda c: c.update({"until": 10**18}), "helper.package"),
        (lambda c: c.update({"until": c["made"] + 400 * 86400}), "helper.package"),
        (lambda c: c.update({"made": c["made"] + 3600}), "helper.package"),
        (lambda c: c.update({"until": c["made"] - 60}), "helper.ended"),
        (lambda c: c.update({"invitation": "AAAA"}), "helper.not_for_you"),
        (lambda c: c.update({"to": "AAAA"}), "helper.not_for_you"),
        (lambda c: c.update({"records": []}), "helper.package"),
        (lambda c: c.update({"records": c["records"] * 31}), "helper.package"),
        (lambda c: c.update({"records": {}}), "helper.package"),
        (lambda c: c["records"][0].update({"format": "mso_mdoc"}), "helper.package"),
        (lambda c: c["records"][0].update({"copies": []}), "helper.package"),
        (lambda c: c["records"][0].update({"copies": c["records"][0]["copies"] * 11}),
         "helper.package"),
        (lambda c: c["records"][0]["copies"][0].pop("key") and None, "helper.package"),
        (lambda c: c["records"][0]["copies"][0].update({"key": {"kty": "EC"}}), "helper.package"),
        (lambda c: c["records"][0]["copies"][0].update({"key": generate_signer().private_jwk()}),
         "wallet.credential_rejected"),
        (lambda c: c["records"][0]["copies"][0].update({"text": "a~"}),
         "wallet.credential_rejected"),
        (lambda c: c["records"][0]["copies"][0].update({"text": 1}), "helper.package"),
    ],
)  # fmt: skip
def test_what_an_owner_signed_must_be_sound_too(owner, helper, change, code):
    helper.helpers.invite("Mair")
    with refused(code):
        helper.helpers.look(sealed_anew(owner, helper, change=change))
    assert nothing_kept(helper)


def test_a_package_that_was_passed_on_is_refused(owner, helper, world, tmp_path):
    """Somebody opens a package that was for them and seals it again for another invitation."""
    helper.helpers.invite("Mair")
    (_, own), *_ = read_invitations(helper._vault)
    elsewhere = invite("Other", now=world.world.clock(), random=helper._around.random)
    passed_on = sealed_anew(
        owner,
        helper,
        change=lambda c: c.update(
            {
                "invitation": b64url_encode(elsewhere.invitation.id),
                "to": b64url_encode(elsewhere.invitation.key),
            }
        ),
        to=own.invitation,
    )
    with refused("helper.not_for_you"):
        helper.helpers.look(passed_on)


def test_records_of_another_wallet_do_not_join_those_of_the_first(world, owner, helper, tmp_path):
    lent(owner, helper)
    thief = world.wallet(tmp_path / "thief")
    add(world, thief)
    gift = thief.helpers.give(helper.helpers.invite("Mair").text, [thief.part(record(thief))])
    with refused("helper.other_owner"):
        helper.helpers.look(gift.package)
    thief.close()


# -- invitations and giving --------------------------------------------------------------------


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


# -- ending ------------------------------------------------------------------------------------


def test_after_the_end_date_nothing_can_be_shown_and_all_of_it_is_gone(world, owner, helper):
    lent(owner, helper)
    link = world.ask()["link"]
    over = world.world.clock() - timedelta(seconds=1)
    vault = helper._vault
    rows = [r for r in shelf.read_records(vault) if r.until]
    (passport,) = (one for one in read_passports(vault) if one.lent)
    with vault.transaction() as writer:
        for stored in rows:
            writer.replace("records", stored.row, shelf._record_bytes(replace(stored, until=over)))
        writer.replace("people", passport.row, replace(passport, until=over).wire())
    with refused("helper.ended"):
        helper.prepare(link, "Quillon")
    assert helper.prepare(link).person == helper.people.find("me").id
    helper.lock()
    helper.unlock("three made-up words")
    assert [one.name for one in helper.people.list()] == ["Mair Morgan"]
    assert len(copies(helper)) == 10
    assert past_of(helper)[0].kind is HistoryKind.REMOVED


def test_the_end_comes_by_itself_when_the_helpers_wallet_opens(world, owner, helper):
    lent(owner, helper, until=world.world.clock().date())
    later(helper, days=1)
    assert [one.name for one in helper.people.list()] == ["Mair Morgan"]


def test_ending_asks_each_issuer_for_exactly_those_copies(owner, helper, monkeypatch):
    gift = lent(owner, helper, items={1})
    keys = {json.loads(text)["text"].partition("~")[0] for text in copies(helper)}
    asked = []
    helpers = owner.helpers
    helpers._withdraw = lambda iss, person, places: asked.append((iss, person, places))
    ended = helpers.end(gift.id)
    places = [place for _iss, _person, found in asked for place in found]
    assert [len(found) for _iss, _person, found in asked] == [2, 2]
    statuses = set()
    for text in keys:
        status = json.loads(b64url_decode(text.split(".")[1]))["status"]["status_list"]
        statuses.add((status["uri"], status["idx"]))
    assert set(places) <= statuses
    assert ended.left == ()
    assert not ended.active
    assert ended.package == ""
    assert past_of(owner)[0].kind is HistoryKind.ENDED
    helpers.end(gift.id)
    assert len(asked) == 2  # once is enough


def test_an_issuer_that_is_away_is_asked_again(world, owner, helper):
    gift = lent(owner, helper)
    helpers = owner.helpers
    world.wire.down.add(ISSUER.removeprefix("https://"))
    ended = helpers.end(gift.id)
    world.wire.down.clear()
    assert ended.left == ("Example Surgery",)
    asked = []
    helpers._withdraw = lambda *where: asked.append(where)
    assert helpers.tidy(online=True) == 1
    assert helpers.given()[0].left == ()
    assert helpers.tidy(online=True) == 0
    assert [e.kind for e in past_of(owner)].count(HistoryKind.ENDED) == 1


def test_an_end_date_ends_it_by_itself(world, owner, helper):
    gift = lent(owner, helper, until=world.world.clock().date())
    assert owner.helpers.tidy(online=True) == 0
    later(owner, days=1)
    asked = []
    helpers = owner.helpers
    helpers._withdraw = lambda *where: asked.append(where)
    assert not helpers.given()[0].active
    assert helpers.tidy(online=True) == 1
    assert len(asked) == 2
    assert helpers.given()[0].id == gift.id


def test_after_it_was_withdrawn_the_desk_says_so(world, owner, helper):
    gift = lent(owner, helper)
    owner.helpers.end(gift.id)
    assert owner.helpers.given()[0].left == ()
    world.world.desk.update()  # as it does by itself every few minutes
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    with refused("wallet.not_accepted"):
        helper.share(question)
    seen = world.seen(request)["result"]
    allergies = next(s for s in seen["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["items"]) == ("failed_check", [])
    assert allergies["problem"]["code"] == "status.revoked"
    assert seen["allergyHeading"] == "Allergies unavailable"
    request = world.ask()
    owner.share(owner.prepare(request["link"]))  # the owner's own copies are as good as before
    assert world.seen(request)["result"]["verdict"] == "accepted"


def test_what_came_by_an_older_offer_is_withdrawn_after_a_newer_one_too(world, owner, helper):
    gift = lent(owner, helper)
    add(world, owner)
    assert owner.helpers.given()[0].older == ("Your details", "Allergies")
    assert owner.helpers.end(gift.id).left == ()
    world.world.desk.update()
    request = world.ask()
    with refused("wallet.not_accepted"):
        helper.share(helper.prepare(request["link"], "Quillon"))


def test_two_helpers_are_ended_apart(owner, helper, world, tmp_path):
    first = lent(owner, helper)
    other = world.wallet(tmp_path / "other")
    second = lent(owner, other)
    owner.helpers.end(first.id)
    assert [(v.id == second.id, v.active) for v in owner.helpers.given()] == [
        (True, True), (False, False),
    ]  # fmt: skip
    assert {p for r in first.records for p in r.places}.isdisjoint(
        p for r in second.records for p in r.places
    )
    other.close()


def test_somebody_whose_records_are_lent_is_not_removed_before_it_ends(owner, helper):
    gift = lent(owner, helper)
    with refused("helper.still_lent"):
        owner.people.remove("me")
    with refused("helper.unknown"):
        owner.helpers.end("zz")
    owner.helpers.end(gift.id)
    owner.people.remove("me")
    assert owner.people.list() == ()
    assert owner.helpers.given()[0].person_name == ""


def test_a_helper_can_remove_what_was_lent(owner, helper):
    lent(owner, helper)
    helper.people.remove("Quillon")
    assert len(copies(helper)) == 10


def test_a_package_says_little_by_its_length(owner, helper):
    sizes = set()
    for items in ({1}, None):
        gift = owner.helpers.give(
            helper.helpers.invite("Mair").text,
            [owner.part(record(owner), items=items)],
            copies=1,
        )
        sizes.add(len(gift.package))
        assert not gift.fits_qr
    assert len(sizes) == 1


def test_an_interrupted_gift_takes_nothing(owner, helper, monkeypatch):
    def fail(*_all, **_more):
        raise PassportError("helper.too_much")

    monkeypatch.setattr(lending, "seal_package", fail)
    with refused("helper.too_much"):
        owner.helpers.give(helper.helpers.invite("Mair").text, [owner.part(record(owner))])
    assert len(copies(owner)) == 10
    assert owner.helpers.given() == ()


def test_an_invitation_reads_the_same_wherever_it_is_read(helper):
    made = helper.helpers.invite("Mair Morgan")
    assert read_invitation(made.text) == made
    assert len(made.text) < 300
