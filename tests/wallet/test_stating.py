"""What the wallet's owner states: kept beside the records, shown only as not checked."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import time

import pytest
from simulated_issuer import summary
from wallet_world import past_of

from healthpassport.dids.jwk import PREFIX as DID_JWK
from healthpassport.dids.jwk import did_jwk
from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from healthpassport.summary import PatientSummary
from wallet.service import HistoryKind, shelf
from wallet.service.stating import MAX_ITEMS, STATED


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def copies(wallet):
    vault = wallet._opened()
    (stored,) = [r for r in shelf.read_records(vault) if r.record.type == STATED]
    return [shelf.read_copy(vault, row) for row in shelf.copy_rows(vault, stored.row)]


def seen(world, wallet, template="emergency_admission", ticks=None, person=None):
    """What the desk makes of an answer with everything that is ticked."""
    request = world.ask(template)
    question = wallet.prepare(request["link"], person)
    wallet.share(question, question.ticked if ticks is None else ticks(question))
    return world.seen(request)


def section(view, kind=STATED):
    return next(s for s in view["result"]["sections"] if s["type"] == kind)


def other_person():
    made = summary()
    changed = {"nhsNumber": {"value": "9990000026"}, "familyName": "Other"}
    return PatientSummary(tuple(replace(r, subject={**r.subject, **changed}) for r in made.records))


def test_words_are_kept_and_shown_at_the_desk_as_not_checked(world, filled_wallet):
    filled_wallet.say("I feel dizzy when I stand up")
    view = seen(world, filled_wallet)
    found = section(view)
    assert (found["state"], found["shown"], found["total"]) == ("not_checked", 1, 1)
    assert found["items"][0]["unit"]["text"] == "I feel dizzy when I stand up"
    assert found["issuer"] is None
    assert view["result"]["verdict"] == "accepted"
    assert section(view, "AllergySummary")["total"] == 2


def test_copies_of_words_tell_the_day_and_not_the_second(world, filled_wallet):
    filled_wallet.say("I feel dizzy when I stand up")
    held = [sd_jwt_vc.open_held(copy.text) for copy in copies(filled_wallet)]
    assert {(one.issued_at.time(), one.expires_at.time()) for one in held} == {
        (time(0, 0), time(23, 59, 59))
    }


def test_a_reading_carries_its_value_and_day(world, filled_wallet):
    filled_wallet.say("Blood pressure", reading="142/91 mmHg", day="2026-10-18")
    unit = section(seen(world, filled_wallet))["items"][0]["unit"]
    assert unit == {"text": "Blood pressure", "reading": "142/91 mmHg", "date": "2026-10-18"}


def test_words_without_a_day_are_of_today(world, filled_wallet):
    filled_wallet.say("Dizzy")
    unit = section(seen(world, filled_wallet))["items"][0]["unit"]
    assert unit["date"] == world.world.clock().date().isoformat()


def test_more_words_stand_beside_the_first_in_one_record(world, filled_wallet):
    filled_wallet.say("One")
    view = filled_wallet.say("Two")
    assert view.item_count == 2
    kinds = [record.type for record in filled_wallet.records()]
    assert kinds.count(STATED) == 1
    assert len(section(seen(world, filled_wallet))["items"]) == 2


def test_beginning_anew_drops_what_was_said_before(filled_wallet):
    filled_wallet.say("One")
    assert filled_wallet.say("Two", anew=True).item_count == 1


def test_each_line_has_a_box_of_its_own(world, filled_wallet):
    filled_wallet.say("Keep this")
    filled_wallet.say("Not for them")

    def without(question):
        number = next(t.number for t in question.ticks if t.label.startswith("Not for them"))
        return question.ticked - {number}

    found = section(seen(world, filled_wallet, ticks=without))
    assert (found["state"], found["shown"], found["total"]) == ("not_checked", 1, 2)
    assert "Not for them" not in json.dumps(found)


def test_a_desk_that_does_not_ask_for_words_gets_none(world, filled_wallet, monkeypatch):
    filled_wallet.say("Dizzy")
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    own = next(t for t in question.ticks if t.section == t.label == "In your own words")
    filled_wallet.share(question, question.ticked - {own.number})
    assert section(world.seen(request))["state"] == "not_shared"


def test_the_owner_reads_that_nobody_checked_it(filled_wallet):
    view = filled_wallet.say("Dizzy")
    assert view.issuer == "you (not checked)"
    lines = [line.label for line in filled_wallet.show(view.id).lines]
    assert any(label.startswith("Dizzy") for label in lines)


def test_in_welsh_too(world, tmp_path, filled_wallet):
    welsh = world.surroundings(tmp_path, language="cy")
    filled_wallet._around = welsh
    assert filled_wallet.say("Pendro").issuer == "chi (heb ei wirio)"


def test_every_copy_is_signed_by_a_key_of_its_own_that_holds_it(filled_wallet):
    filled_wallet.say("Dizzy")
    found = copies(filled_wallet)
    issuers = set()
    for copy in found:
        held = sd_jwt_vc.open_held(copy.text)
        key = copy.signer.public_key
        assert held.payload["iss"] == did_jwk(key)
        assert held.payload["cnf"] == {"jwk": key.jwk()}
        assert "x5c" not in held.parsed.header
        assert "status" not in held.payload
        issuers.add(held.payload["iss"])
    assert len(issuers) == len(found) > 1


def test_no_secret_of_the_key_stands_in_what_goes_out(filled_wallet):
    filled_wallet.say("Dizzy")
    for copy in copies(filled_wallet):
        iss = sd_jwt_vc.open_held(copy.text).payload["iss"].removeprefix(DID_JWK)
        assert set(json.loads(base64.urlsafe_b64decode(iss + "=="))) == {"kty", "crv", "x", "y"}
        assert copy.key["d"] not in copy.text


def test_two_desks_see_two_keys(world, filled_wallet):
    filled_wallet.say("Dizzy")
    shown = []
    for _ in range(2):
        seen(world, filled_wallet)
        shown.append([copy.shown for copy in copies(filled_wallet)])
    assert sum(shown[1]) == 2
    assert max(shown[1]) == 1


def test_history_tells_that_words_were_added_and_not_which(filled_wallet):
    filled_wallet.say("Dizzy spells")
    entry = past_of(filled_wallet)[0]
    assert (entry.kind, entry.what) == (HistoryKind.ADDED, ("In your own words",))
    assert "Dizzy" not in str(entry)


def test_words_survive_a_new_unlock_and_can_be_removed(world, tmp_path, filled_wallet):
    filled_wallet.say("Dizzy")
    filled_wallet.lock()
    filled_wallet.unlock("three made-up words")
    (view,) = [r for r in filled_wallet.records() if r.type == STATED]
    filled_wallet.remove(view.id)
    assert STATED not in [r.type for r in filled_wallet.records()]


# -- refusals --------------------------------------------------------------------------------


def test_words_without_any_record_are_nobodys(wallet):
    with refused("wallet.whose_words"):
        wallet.say("Dizzy")
    assert wallet.records() == ()


def test_where_two_people_are_held_it_must_be_said_whose_words_they_are(world, filled_wallet):
    offer = world.offer(other_person())
    filled_wallet.accept(filled_wallet.add_offer(offer.link), offer.pin, other_person=True)
    with refused("wallet.whose_words"):
        filled_wallet.say("Dizzy")
    theirs = [r for r in filled_wallet.records() if "Other" in str(filled_wallet.show(r.id))]
    filled_wallet.say("Theirs", about=theirs[0].id)
    others = [r for r in filled_wallet.records() if r.type != STATED and r.id not in
              {t.id for t in theirs}]  # fmt: skip
    filled_wallet.say("Mine", about=others[0].id)
    stated = [r for r in filled_wallet.records() if r.type == STATED]
    assert [r.item_count for r in stated] == [1, 1]


def test_words_of_one_person_never_go_out_with_the_records_of_another(world, filled_wallet):
    filled_wallet.say("Mine")
    offer = world.offer(other_person())
    filled_wallet.accept(filled_wallet.add_offer(offer.link), offer.pin, other_person=True)
    view = seen(world, filled_wallet, person="Other")
    found = section(view)
    assert found["state"] == "not_shared"
    assert section(view, "PatientIdentity")["subject"]["familyName"] == "Other"


@pytest.mark.parametrize(
    "changes",
    [
        {"words": ""},
        {"words": "   "},
        {"words": "x" * 10_001},
        {"reading": ""},
        {"day": "18/11/2026"},
        {"day": "tomorrow"},
        {"day": "2026-13-01"},
    ],
)
def test_what_no_record_can_hold_is_refused_and_changes_nothing(changes, filled_wallet):
    filled_wallet.say("Before")
    with refused("wallet.words"):
        filled_wallet.say(changes.pop("words", "Weight"), **changes)
    (view,) = [r for r in filled_wallet.records() if r.type == STATED]
    assert view.item_count == 1


def test_a_full_list_is_said_to_be_full(filled_wallet, monkeypatch):
    monkeypatch.setattr("wallet.service.stating.MAX_ITEMS", 2)
    filled_wallet.say("One")
    filled_wallet.say("Two")
    with refused("wallet.words"):
        filled_wallet.say("Three")
    assert filled_wallet.say("Three", anew=True).item_count == 1
    assert MAX_ITEMS == 50


def test_an_issuer_cannot_put_words_into_the_wallet(world, filled_wallet):
    configurations = world.world.issuer_app.state.issuer
    from issuer import service  # noqa: PLC0415 - the issuer's own answer

    known = service.issuer_metadata(configurations)["credential_configurations_supported"]
    assert STATED not in known
    with pytest.raises(PassportError, match=r"^offer\.record_type: "):
        service.offer_summary(
            configurations, client="practice", summary=summary(), wanted=(STATED,)
        )
