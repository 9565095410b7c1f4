"""``wallet.cards`` against the real surgery: chosen, made, replaced, withdrawn, printed."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from card_holder import HELD, add
from record_examples import AS_OF, SUBJECT, allergies, identity, medicines
from wallet_world import ISSUER, past_of, with_json

from healthpassport import cards
from healthpassport.errors import FetchError, PassportError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.status.entries import VALID
from healthpassport.summary import Item, PatientSummary, SectionState
from wallet.service import CardState


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    add(made, world, HELD)
    world.wire.calm()
    return made


def key_of(wallet, words):
    [found] = [c.key for c in wallet.cards.choices().choices if words in c.words["en"]]
    return found


def content_of(wallet, view):
    return cards.parse(wallet.cards.print_data(view.id).code.text).claims.content


def code_of(action):
    with pytest.raises(PassportError) as caught:
        action()
    return caught.value.code


def posted(world, path):
    return [r for r in world.wire.sent if urlsplit(r.url).path == path]


def test_everything_held_of_one_person_can_be_chosen(wallet):
    question = wallet.cards.choices()
    assert question.issuer == "Example Surgery"
    assert [label["en"] for label, _ in question.always] == [
        "Last name",
        "First names",
        "Date of birth",
    ]
    sections = {choice.section["en"] for choice in question.choices}
    assert {"Allergies", "Medicines"} <= sections


def test_sensitive_things_and_other_people_start_unticked(wallet):
    ticked = {c.words["en"].split(" (")[0] for c in wallet.cards.choices().choices if c.ticked}
    assert ticked == {"Penicillin", "Latex", "Medicine 0"}
    sensitive = [c.words["en"] for c in wallet.cards.choices().choices if c.sensitive]
    assert len(sensitive) == 4
    assert any("999 000 0018" in words for words in sensitive)


def test_a_preview_sends_nothing(wallet, world):
    question = wallet.cards.choices()
    preview = wallet.cards.preview(question.ticked)
    assert preview.fits
    assert preview.allergies["en"].startswith("Known allergies. 2 of 2 on this card.")
    assert world.wire.sent == []


def test_leaving_an_allergy_off_is_said_before_and_on_the_card(wallet):
    question = wallet.cards.choices()
    fewer = question.ticked - {key_of(wallet, "Latex")}
    preview = wallet.cards.preview(fewer)
    assert preview.allergies["en"].startswith("Known allergies. List incomplete. 1 of 2")
    assert any("not whole" in words["en"] for words in preview.warnings)
    none = fewer - {key_of(wallet, "Penicillin")}
    told = wallet.cards.preview(none)
    assert told.allergies["en"].startswith("Allergies unavailable. 0 of 2")
    assert any("It will not say that you have none" in words["en"] for words in told.warnings)


def test_a_card_is_signed_of_just_what_was_ticked(wallet, world):
    ticks = wallet.cards.choices().ticked - {key_of(wallet, "Latex")}
    content = content_of(wallet, wallet.cards.make(ticks))
    assert [item.unit["text"] for item in content.allergies.items] == ["Penicillin"]
    assert content.allergies.item_count == 2
    assert content.section("EmergencyContacts") is None
    assert set(content.subject) == {"familyName", "givenNames", "birthDate"}


def test_what_is_not_ticked_does_not_even_leave_the_wallet(wallet, world):
    """The surgery learns no more than the card holds: the contact's record stays at home."""
    seen = []
    answer = world.world.issuer_app.state.issuer
    assert answer
    from issuer.service import cards as issuer_cards  # noqa: PLC0415

    real = issuer_cards.own_records

    def watched(*given, presentation, **named):
        seen.append(presentation)
        return real(*given, presentation=presentation, **named)

    issuer_cards.own_records = watched
    try:
        wallet.cards.make(wallet.cards.choices().ticked)
    finally:
        issuer_cards.own_records = real
    [shown] = seen
    assert set(shown.answers) == {"allergies", "medicines"}
    text = json.dumps([c[0].value for c in shown.answers.values()])
    assert len(shown.answers["medicines"][0].value.split("~")) < 9
    assert text


def test_number_address_and_contact_go_on_by_choice(wallet):
    everything = {choice.key for choice in wallet.cards.choices().choices}
    content = content_of(wallet, wallet.cards.make(everything))
    assert content.subject["postcode"] == "ZZ99 9ZZ"
    assert content.subject["nhsNumber"]["value"] == "9990000018"
    assert content.section("EmergencyContacts").items[0].fields == {"phone": "01632 960001"}


def test_no_desk_hears_of_a_card(wallet, world):
    wallet.cards.make(wallet.cards.choices().ticked)
    assert {urlsplit(url).netloc for url in world.wire.urls()} == {urlsplit(ISSUER).netloc}


def test_history_says_that_the_records_were_shown_and_the_card_came(wallet):
    wallet.cards.make(wallet.cards.choices().ticked)
    kinds = [(entry.kind.value, entry.purpose) for entry in past_of(wallet)[:2]]
    assert sorted(kinds) == [("added", ""), ("shared", "Make an emergency card")]


def test_a_newer_card_replaces_the_older_one_everywhere(wallet, world):
    first = wallet.cards.make(wallet.cards.choices().ticked)
    second = wallet.cards.make(wallet.cards.choices().ticked)
    states = {view.id: view.state for view in wallet.cards.list()}
    assert states == {first.id: CardState.REPLACED, second.id: CardState.ACTIVE}
    assert all(view.told for view in wallet.cards.list())
    [told] = posted(world, "/cards/status")
    assert json.loads(told.body)["status"] == "replaced"


def test_a_card_is_withdrawn_by_its_holder(wallet, world):
    from issuer import service  # noqa: PLC0415

    issuer = world.world.issuer_app.state.issuer
    before = {one.id for one in service.issued(issuer)}
    view = wallet.cards.make(wallet.cards.choices().ticked)
    ended = wallet.cards.withdraw(view.id)
    assert (ended.state, ended.told) == (CardState.WITHDRAWN, True)
    [made] = [one for one in service.issued(issuer) if one.id not in before]
    assert (made.record_type, made.status) == ("EmergencyCard", 1)


def test_a_withdrawal_that_cannot_be_told_is_kept_and_told_later(wallet, world):
    view = wallet.cards.make(wallet.cards.choices().ticked)
    world.wire.down.add(urlsplit(ISSUER).netloc)
    with pytest.raises(FetchError):
        wallet.cards.withdraw(view.id)
    [kept] = wallet.cards.list()
    assert (kept.state, kept.told) == (CardState.WITHDRAWN, False)
    assert wallet.cards.settle() == 1
    world.wire.calm()
    assert wallet.cards.settle() == 0
    assert wallet.cards.list()[0].told


def test_a_card_says_when_a_newer_record_is_held(wallet, world):
    from dataclasses import replace  # noqa: PLC0415
    from datetime import timedelta  # noqa: PLC0415

    wallet.cards.make(wallet.cards.choices().ticked)
    assert not wallet.cards.list()[0].newer
    later = replace(allergies(), as_of=AS_OF + timedelta(days=9))
    add(wallet, world, PatientSummary((later,)))
    assert wallet.cards.list()[0].newer


def test_too_much_is_refused_before_anything_is_sent(world, tmp_path):
    wallet = world.wallet(tmp_path)
    many = tuple(Item({"text": f"Allergy {n * 7919:x} {n * 104729:x}"}) for n in range(60))
    add(wallet, world, PatientSummary((identity(), allergies(items=many))))
    world.wire.calm()
    question = wallet.cards.choices()
    preview = wallet.cards.preview(question.ticked)
    assert not preview.fits
    assert preview.could_leave_off == ()  # only fewer allergies would fit, and that is not proposed
    assert any("allergies alone are too long" in words["en"] for words in preview.warnings)
    assert code_of(lambda: wallet.cards.make(question.ticked)) == "card.too_large"
    assert world.wire.sent == []


def test_what_could_be_left_off_makes_the_rest_fit(world, tmp_path):
    from dataclasses import replace  # noqa: PLC0415

    wallet = world.wallet(tmp_path)
    items = tuple(
        replace(item, unit=item.unit | {"dose": f"{n * 7919:x} at {n * 104729:x} and {n:032b}"})
        for n, item in enumerate(medicines(*["current"] * 30).items)
    )
    long = replace(medicines(*["current"] * 30), items=items)
    add(wallet, world, PatientSummary((identity(), allergies(), long)))
    question = wallet.cards.choices()
    off = wallet.cards.preview(question.ticked).could_leave_off
    assert off
    rest = question.ticked - set(off)
    assert wallet.cards.preview(rest).fits
    assert len(content_of(wallet, wallet.cards.make(rest)).allergies.items) == 2


def test_without_an_allergy_list_there_is_no_card(world, tmp_path):
    wallet = world.wallet(tmp_path)
    assert code_of(wallet.cards.choices) == "card.no_allergies"
    add(wallet, world, PatientSummary((identity(), medicines("current"))))
    assert code_of(wallet.cards.choices) == "card.no_allergies"


def test_a_summary_speaks_for_allergies_that_nobody_wrote_down(world, tmp_path):
    from issuer.records.emergency import emergency_summary  # noqa: PLC0415

    wallet = world.wallet(tmp_path)
    summary = emergency_summary(identity(), [medicines("current")])
    add(wallet, world, PatientSummary((identity(), medicines("current"), summary)))
    view = wallet.cards.make(wallet.cards.choices().ticked)
    assert view.allergies["en"].startswith("Allergies not recorded.")


def test_twins_without_numbers_never_meet_on_one_card(world, tmp_path):
    """Both names of the family and the day of birth are the same; the allergies are not."""
    wallet = world.wallet(tmp_path)
    first = {k: v for k, v in SUBJECT.items() if k != "nhsNumber"} | {"givenNames": ["Ada"]}
    second = first | {"givenNames": ["Beth"]}
    none = allergies(items=(), state=SectionState.NONE_KNOWN, subject=first)
    taken = add(wallet, world, PatientSummary((identity(subject=first), none)))
    offer = world.offer(PatientSummary((identity(subject=second), allergies(subject=second))))
    twin = wallet.accept(wallet.add_offer(offer.link), offer.pin, other_person=True)
    assert code_of(wallet.cards.choices) == "card.whose"
    for record, name, heading in (
        (taken[0], "EXAMPLE, Ada", "No known allergies."),
        (twin[0], "EXAMPLE, Beth", "Known allergies."),
    ):
        view = wallet.cards.make(wallet.cards.choices(record.id).ticked, record.id)
        assert view.name == name
        assert view.allergies["en"].startswith(heading)
    assert [card.state for card in wallet.cards.list()] == [CardState.ACTIVE] * 2


def test_no_known_allergies_is_said_only_of_a_whole_list(world, tmp_path):
    wallet = world.wallet(tmp_path)
    none = allergies(items=(), state=SectionState.NONE_KNOWN)
    add(wallet, world, PatientSummary((identity(), none)))
    view = wallet.cards.make(())
    assert view.allergies["en"].startswith("No known allergies. Right on")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/cards/answer", lambda row: row.update(credential_offer=None)),
        (
            "/cards/answer",
            lambda row: row["credential_offer"].update(credential_issuer="https://evil.example"),
        ),
        (
            "/cards/answer",
            lambda row: row["credential_offer"].update(
                credential_configuration_ids=["AllergySummary"]
            ),
        ),
        ("/credential", lambda row: row.pop("notification_id")),
        ("/credential", lambda row: row["credentials"][0].update(credential="HPC1:ABC")),
    ],
)
def test_an_answer_that_is_no_card_is_not_kept(wallet, world, path, change):
    bent = with_json(change)
    world.wire.bend = lambda request, answer: (
        bent(answer) if urlsplit(request.url).path == path else answer
    )
    with pytest.raises(PassportError):
        wallet.cards.make(wallet.cards.choices().ticked)
    assert wallet.cards.list() == ()


def test_a_card_of_other_content_is_not_kept(wallet, world):
    """The surgery signs something else than was ticked: the holder would carry it unknowing."""
    issuer = world.world.issuer_app.state.issuer
    from card_forge import claims  # noqa: PLC0415

    now = world.world.clock()
    other = claims(identity(), allergies(), iss=issuer.settings.iss, issued_at=now)
    made = cards.issue(other, signer=issuer.signer)
    bent = with_json(lambda row: row["credentials"][0].update(credential=made))
    world.wire.bend = lambda request, answer: (
        bent(answer) if urlsplit(request.url).path == "/credential" else answer
    )
    assert code_of(lambda: wallet.cards.make(wallet.cards.choices().ticked)) == "card.other"
    assert wallet.cards.list() == ()


def test_a_request_that_was_bent_on_its_way_is_not_answered(wallet, world):
    world.wire.bend = lambda request, answer: (
        HttpResponse(200, answer.headers, answer.body[:-4] + b"AAAA")
        if urlsplit(request.url).path == "/cards/request"
        else answer
    )
    assert code_of(lambda: wallet.cards.make(wallet.cards.choices().ticked)) == "jws.signature"
    assert posted(world, "/cards/answer") == []


def test_a_surgery_without_cards_is_told_as_such(wallet, world):
    world.wire.bend = lambda request, answer: (
        HttpResponse(404, {}, b"") if urlsplit(request.url).path == "/cards/request" else answer
    )
    assert code_of(lambda: wallet.cards.make(wallet.cards.choices().ticked)) == "card.not_made"


def test_a_record_that_was_withdrawn_makes_no_card_and_says_why(wallet, world):
    from issuer import service  # noqa: PLC0415
    from issuer.service.statuses import Change  # noqa: PLC0415

    issuer = world.world.issuer_app.state.issuer
    for record in service.issued(issuer):  # other tests' wallets may hold some of this second
        if record.record_type == "AllergySummary" and record.status == VALID:
            service.change_status(issuer, issuance=record.id, change=Change.WITHDRAW)
    assert code_of(lambda: wallet.cards.make(wallet.cards.choices().ticked)) == "card.not_live"


def test_a_surgery_that_is_gone_leaves_no_card_behind(wallet, world):
    world.wire.down.add(urlsplit(ISSUER).netloc)
    with pytest.raises(FetchError):
        wallet.cards.make(wallet.cards.choices().ticked)
    assert wallet.cards.list() == ()


@pytest.mark.parametrize("name", ["", "0", "7", "ffff", "zz"])
def test_a_card_that_is_not_there_is_not_found(wallet, name):
    wallet.cards.make(wallet.cards.choices().ticked)
    with pytest.raises(ServiceError, match=r"wallet\.card_unknown"):
        wallet.cards.withdraw(name)


def test_a_locked_wallet_makes_no_card(wallet):
    wallet.lock()
    assert code_of(wallet.cards.choices) == "vault.locked"
    assert code_of(wallet.cards.list) == "vault.locked"
