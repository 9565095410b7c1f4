"""``wallet.cards`` against the real surgery: chosen, made, replaced, withdrawn, printed."""

from __future__ import annotations

import io
import json
from urllib.parse import urlsplit

import pytest
import segno
import zxingcpp
from PIL import Image
from reading import grade, too_hard
from record_examples import AS_OF, SOURCE, SUBJECT, allergies, identity, medicines
from wallet_world import ISSUER, past_of, with_json

import schemas
from healthpassport import cards
from healthpassport.cards import typed
from healthpassport.errors import FetchError, PassportError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.summary import Item, PatientSummary, Record, SectionState
from wallet.service import CardState
from wallet.service.card_pages import page
from wallet.service.card_sheet import sheet_json

CONTACT = Record(
    "EmergencyContacts",
    SOURCE,
    SectionState.ITEMS,
    AS_OF,
    subject=SUBJECT,
    items=(Item({"text": "Maren Zephyrine"}, {"phone": "01632 960001"}),),
)
HOME = identity(subject=SUBJECT | {"addressLines": ["1 Example Street"], "postcode": "ZZ99 9ZZ"})
HELD = PatientSummary((HOME, allergies(), medicines("current", "stopped"), CONTACT))


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    add(made, world, HELD)
    world.wire.calm()
    return made


def add(wallet, world, summary):
    offer = world.offer(summary)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin)


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
    view = wallet.cards.make(wallet.cards.choices().ticked)
    ended = wallet.cards.withdraw(view.id)
    assert (ended.state, ended.told) == (CardState.WITHDRAWN, True)
    issuer = world.world.issuer_app.state.issuer
    from issuer import service  # noqa: PLC0415

    made = next(one for one in service.issued(issuer) if one.record_type == "EmergencyCard")
    assert made.status == 1


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
    record = next(r for r in service.issued(issuer) if r.record_type == "AllergySummary")
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


def test_what_is_printed_says_that_anyone_can_read_it_in_both_languages(wallet):
    sheet = wallet.cards.print_data(wallet.cards.make(wallet.cards.choices().ticked).id)
    assert sheet.statements[0]["en"] == "Anyone who holds this card can read it."
    for language in ("en", "cy"):
        written = page(sheet, language=language)
        assert sheet.statements[0][language].replace("'", "&#x27;") in written
        assert "Known allergies" in written
        assert "http" not in written.replace("http-equiv", "").replace(
            "http://www.w3.org/2000/svg", ""
        )
        assert "<script" not in written


def test_a_printed_page_cannot_be_written_into(world, tmp_path):
    wallet = world.wallet(tmp_path)
    evil = Item({"text": '<script>alert(1)</script>"><img src=x>'})
    add(wallet, world, PatientSummary((identity(), allergies(items=(evil,)))))
    sheet = wallet.cards.print_data(wallet.cards.make(wallet.cards.choices().ticked).id)
    assert "<script" not in page(sheet, language="en")
    assert "<img" not in page(sheet, language="en")


def test_the_printed_code_reads_at_150_dpi(wallet):
    """Each module as three or more printer dots; the bitmap is what such a printer would make."""
    everything = {choice.key for choice in wallet.cards.choices().choices}
    sheet = wallet.cards.print_data(wallet.cards.make(everything).id)
    assert sheet.code.dots >= 3
    assert sheet.code.side_mm <= 54
    buffer = io.BytesIO()
    segno.make(sheet.code.text, error="m", boost_error=False).save(
        buffer, kind="png", scale=sheet.code.dots, border=4
    )
    with Image.open(buffer) as picture:
        [found] = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.text == sheet.code.text
    assert typed.untyped("\n".join(sheet.typed)) == sheet.code.text


def test_the_largest_card_reads_at_150_dpi():
    text = "HPC1:" + "7A$9." * 179
    assert len(text) == 900
    made = segno.make(text, error="m", boost_error=False)
    assert made.version <= 20
    side = (len(made.matrix) + 8) * 3
    assert side <= 55 / 25.4 * 150
    buffer = io.BytesIO()
    made.save(buffer, kind="png", scale=3, border=4)
    with Image.open(buffer) as picture:
        blurred = picture.convert("L").resize((side * 2 + 1, side * 2 + 1)).resize((side, side))
        [found] = zxingcpp.read_barcodes(blurred)
    assert found.text == text


def test_a_program_gets_the_same_as_paper(wallet):
    sheet = wallet.cards.print_data(wallet.cards.make(wallet.cards.choices().ticked).id)
    told = sheet_json(sheet)
    assert told["code"]["text"] == sheet.code.text
    assert len(told["code"]["modules"]) == len(sheet.code.modules)
    assert told["statements"][0]["cy"].startswith("Gall unrhyw un")


def test_the_vault_holds_no_card_in_the_clear(wallet, tmp_path):
    view = wallet.cards.make(wallet.cards.choices().ticked)
    text = wallet.cards.print_data(view.id).code.text
    for file in (tmp_path / "wallet").glob("vault.db*"):
        data = file.read_bytes()
        assert text.encode()[:40] not in data
        assert b"Penicillin" not in data


def sentences():
    yield from schemas.load("cards/words.json")["sentences"].items()


@pytest.mark.parametrize(("name", "words"), list(sentences()))
def test_each_sentence_of_a_card_is_easy_to_read(name, words):
    assert not too_hard(words["en"]), f"{name}: {grade(words['en']):.1f}"
    assert words["cy"]


def test_every_word_of_a_card_stands_in_both_languages():
    for kind in schemas.load("cards/words.json").values():
        for words in kind.values():
            assert set(words) == {"en", "cy"}
            assert all(words.values())
