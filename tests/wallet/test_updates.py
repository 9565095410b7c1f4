"""Records brought up to date: newer copies for older ones, what changed, and every way to fail."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from fhir_examples import PATIENT
from refreshing_world import (
    EGG,
    HOST,
    LATEX,
    NUT,
    PASSPHRASE,
    RefreshingWorld,
    content,
    copies,
    fails,
    listed,
    on,
    refresh,
)
from wallet_world import with_json

from healthpassport.errors import FetchError
from healthpassport.fetch import HttpResponse
from wallet.service import grants
from wallet.service.grants import read_grants

MARRIED = PATIENT | {"name": [{"family": "Married", "given": ["Given"]}]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("refreshing") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.filled(tmp_path)
    yield made
    made.close()


def kinds(outcome):
    return {(note.record_type, change.kind) for note in outcome.notes for change in note.changes}


def test_a_second_window_with_an_older_grant_in_hand_ends_nothing(world, wallet):
    """Well after the first window was done, the other one comes to the same surgery."""
    [stale] = read_grants(wallet._vault)
    assert refresh(wallet).done
    world.pass_time(minutes=10)
    grants.access(stale, vault=wallet._vault, around=wallet._around)
    assert refresh(wallet).done
    [grant] = read_grants(wallet._vault)
    assert (grant.ended, grant.attempt) == ("", "")


def test_newer_copies_take_the_place_of_the_older(world, wallet):
    before, ids = copies(wallet), [view.id for view in wallet.records()]
    world.pass_time(minutes=10)
    world.tell(NUT, LATEX, EGG)
    outcome = refresh(wallet)
    assert (outcome.done, outcome.renewed) == (True, True)
    assert [view.id for view in wallet.records()] == ids  # a record keeps its name
    assert not {row for row, _ in before} & {row for row, _ in copies(wallet)}
    assert set(world.statuses(wallet)) == {0}
    assert all(view.fresh_copies == 5 for view in wallet.records())
    with world.issuer.store.reading() as tx:
        from issuer.store import issuances, statuses  # noqa: PLC0415

        for _, place in before:
            one = statuses.issuance_at(tx, int(place["uri"].rpartition("/")[2]), place["idx"])
            found = issuances.find(tx, one)
            # What says the same is left to expire; what changed is replaced at once.
            assert found.status == (0 if found.record_type == "PatientIdentity" else 3)


def test_what_changed_is_told_in_words_and_kept(world, wallet):
    world.tell(LATEX | {"criticality": "high"}, EGG)
    outcome = refresh(wallet)
    assert {
        ("AllergySummary", "added"),
        ("AllergySummary", "gone"),
        ("AllergySummary", "changed"),
    } <= kinds(outcome)
    [note] = [n for n in wallet.updates.changes(unread=True) if n.record_type == "AllergySummary"]
    words = "\n".join(note.lines("en"))
    assert "No longer listed: Allergy to peanut" in words
    assert "New: Allergy to egg" in words
    assert "Changed: Allergy to latex" in words
    assert "Ask the surgery if you did not expect this." in words
    assert any("Newydd: Allergy to egg" in line for line in note.lines("cy"))
    wallet.updates.mark_read()
    assert wallet.updates.changes(unread=True) == ()
    assert wallet.updates.changes()
    wallet.lock()
    wallet.unlock(PASSPHRASE)
    assert wallet.updates.changes()


def test_no_allergy_goes_without_a_word_when_the_whole_list_goes(world, wallet):
    world.tell()
    outcome = refresh(wallet)
    assert "AllergySummary" not in {view.type for view in wallet.records()}
    [note] = [n for n in outcome.notes if n.record_type == "AllergySummary"]
    words = "\n".join(note.lines("en"))
    assert "The surgery no longer gives this record." in words
    assert "No longer listed: Allergy to peanut" in words
    assert "No longer listed: Allergy to latex" in words
    world.tell(NUT)
    outcome = refresh(wallet)
    assert listed(wallet) == ["Allergy to peanut"]
    assert ("AllergySummary", "new_record") in kinds(outcome)


def test_nothing_new_is_no_note(wallet):
    outcome = refresh(wallet)
    assert outcome.done
    assert all(note.nothing for note in outcome.notes)
    assert wallet.updates.changes() == ()


def test_one_record_alone_can_be_refreshed(world, wallet):
    [identity, allergies, *_] = wallet.records()
    before = {row for row, _ in copies(wallet)}
    world.tell(EGG)
    assert refresh(wallet, allergies.id).done
    assert listed(wallet) == ["Allergy to egg"]
    kept = before & {row for row, _ in copies(wallet)}
    assert len(kept) == len(before) - 5
    with pytest.raises(Exception, match=r"^wallet\.record_unknown"):
        wallet.updates.refresh(["nothing"])
    assert identity.id in {view.id for view in wallet.records()}


def test_a_person_may_marry(world, wallet):
    world.tell(NUT, LATEX, patient=MARRIED)
    outcome = refresh(wallet)
    assert outcome.done
    assert any("Married" in line for note in outcome.notes for line in note.lines("en"))


def test_an_uploaded_offer_needs_a_new_one_and_says_so(world, tmp_path):
    wallet = world.wallet(tmp_path)
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    before = content(wallet)
    outcome = refresh(wallet)
    assert outcome.code == "grant.no_source"
    assert outcome.title == "Your surgery has to make a new offer."
    assert content(wallet) == before
    wallet.close()


def test_records_of_an_issuer_without_refresh_tokens_have_no_way_back(world, tmp_path):
    wallet = world.wallet(tmp_path)
    offer = world.offer_source()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = lambda request, answer: (
        with_json(lambda v: v.pop("refresh_token"))(answer)
        if request.url.endswith("/token")
        else answer
    )
    wallet.accept(preview, offer.pin)
    assert read_grants(wallet._vault) == ()
    assert refresh(wallet).code == "wallet.no_way_back"
    assert wallet.updates.due() == ()
    wallet.close()


def test_an_issuer_that_is_gone_changes_nothing(world, wallet):
    world.wire.down.add(HOST)
    fails(world, wallet, "net.unreachable")
    assert refresh(wallet).done


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_half_downloaded_batch_changes_nothing(world, wallet, nth):
    def gone(_answer):
        raise FetchError("net.timeout")

    world.wire.bend = on("/credential", gone, nth=nth)
    fails(world, wallet, "net.timeout")
    assert refresh(wallet).done
    assert set(world.statuses(wallet)) == {0}


def flipped(answer):
    def bent(value):
        text = value["credentials"][0]["credential"]
        jwt, *rest = text.split("~")
        head, payload, signature = jwt.split(".")
        signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        value["credentials"][0]["credential"] = "~".join([f"{head}.{payload}.{signature}", *rest])

    return with_json(bent)(answer)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(flipped, "wallet.credential_rejected", id="vci-038-bad-signature"),
        pytest.param(
            with_json(lambda v: v["credentials"].pop()), "wallet.fewer_copies", id="fewer"
        ),
        pytest.param(
            with_json(lambda v: v["credentials"].extend(v["credentials"][:1])),
            "wallet.credential_rejected",
            id="vci-038-unasked-extra",
        ),
        pytest.param(
            with_json(lambda v: v["credentials"].__setitem__(1, v["credentials"][0])),
            "wallet.credential_rejected",
            id="vci-038-one-copy-twice",
        ),
        pytest.param(
            lambda _a: HttpResponse(200, {}, b'{"credentials": []}'), "oid4vci.response", id="none"
        ),
        pytest.param(
            lambda _a: HttpResponse(200, {}, b"\xff"), "encoding.json_syntax", id="no-json"
        ),
        pytest.param(lambda _a: HttpResponse(500, {}, b""), "wallet.issuer_failed", id="failing"),
    ],
)
def test_vci_038_what_is_unsound_changes_nothing(world, wallet, change, code):
    world.wire.bend = on("/credential", change)
    outcome = refresh(wallet)
    before = content(wallet)
    assert not outcome.done
    if code != "encoding.json_syntax":
        assert outcome.code == code
    assert content(wallet) == before
    world.wire.calm()
    assert refresh(wallet).done


def test_notes_of_somebody_else_are_not_taken(world, wallet):
    number = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}]
    world.tell(NUT, patient=PATIENT | {"identifier": number})
    fails(world, wallet, "grant.other_person")  # the issuer's own check


def test_a_hostile_issuer_that_sends_somebody_elses_record_is_refused(world, wallet, monkeypatch):
    from issuer.service import refreshing  # noqa: PLC0415

    monkeypatch.setattr(refreshing, "compare", lambda _a, _b: refreshing.Match.SAME)
    number = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}]
    world.tell(NUT, patient=PATIENT | {"identifier": number})
    fails(world, wallet, "wallet.other_person")
    monkeypatch.undo()
    assert refresh(wallet).done


@pytest.mark.parametrize(
    "value",
    [{"source": True}, {"source": True, "records": [1]}, {"source": True, "records": "all"}],
)
def test_an_issuer_that_does_not_say_what_it_gives_changes_nothing(world, wallet, value):
    world.wire.bend = on(
        "/holder/grant", lambda _a: HttpResponse(200, {}, json.dumps(value).encode())
    )
    fails(world, wallet, "wallet.issuer_failed")


def test_an_issuer_without_our_addresses_is_asked_for_what_it_gave_before(world, wallet):
    world.wire.bend = on("/holder/grant", lambda _a: HttpResponse(404, {}, b"{}"))
    world.tell(EGG)
    assert refresh(wallet).done
    assert listed(wallet) == ["Allergy to egg"]


def test_leaving_the_surgery_is_told_and_remembered(world, wallet):
    world.tell(NUT, patient=PATIENT | {"active": False})
    before = content(wallet)
    outcome = refresh(wallet)
    assert outcome.code == "grant.closed"
    assert content(wallet) == before
    assert set(world.statuses(wallet)) == {2}
    world.wire.sent.clear()
    assert refresh(wallet).code == "grant.closed"
    assert not world.wire.sent  # it was told for good
    assert wallet.updates.due(world.now + timedelta(days=90)) == ()


def test_a_source_that_fails_today_is_asked_again_tomorrow(world, wallet):
    folder = world.world.issuer_settings.source_folder
    (folder / "rowan.json").write_bytes(b"{")
    fails(world, wallet, "grant.source_failed")
    assert refresh(wallet).done


def test_a_newer_offer_takes_over_its_types_from_the_older_grant(world, wallet):
    world.add(wallet, wanted=("AllergySummary",))
    first, second = sorted(read_grants(wallet._vault), key=lambda g: -len(g.names))
    assert "AllergySummary" not in first.names
    assert set(second.names) == {"AllergySummary"}
    world.tell(EGG)
    outcomes = wallet.updates.refresh()
    assert [outcome.done for outcome in outcomes] == [True, True]
    assert listed(wallet) == ["Allergy to egg"]
    world.add(wallet)
    [left] = read_grants(wallet._vault)
    assert {"AllergySummary", "PatientIdentity"} <= left.names.keys()
