"""The desk's pages for an emergency card: what they say, what they refuse, what they forget."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from asgi_calls import call
from card_desk import HELD, TODAY, made, picture
from card_form import BOUNDARY, HEADERS, READER, body, send, shown
from desk_world import make_desk
from PIL import Image
from reading import too_hard
from record_examples import PENICILLIN, SUBJECT, allergies, identity, medicines

from healthpassport import cards
from healthpassport.cards import CardChoices, typed
from healthpassport.errors import catalogue
from healthpassport.keys import generate_signer
from healthpassport.status.entries import REPLACED, WITHDRAWN
from healthpassport.summary import Item, SectionState
from verifier.service.card_readings import CardReadings
from verifier.service.card_words import REASONS
from verifier.service.cards import Reader
from verifier.web import create_app
from verifier.web.pages import result_page
from verifier.web.receipt_words import RECEIPT_WORDS

USUAL = "Use your usual sources. Care never waits for a passport."
SECRETS = ("Penicillin", "Latex", "14-Jul-1958", "EXAMPLE", "999 000 0018")


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def refused(answer, said):
    assert answer.status == 400
    assert said in words(answer.text)
    assert "Error: Read an emergency card" in answer.text


def hidden(html):
    told = words(html)
    assert not any(secret in told for secret in SECRETS)
    assert USUAL in told
    assert "Allergies unavailable" in told
    assert "Receipt for the patient" not in told
    assert "Nothing shown here can be tied to a person." in told
    return told


# -- what is shown --------------------------------------------------------------------------


def test_the_form_says_what_to_do_without_a_card_and_gives_the_six_reasons(app):
    page = words(call(app, "GET", "/cards").text)
    assert f"No card? {USUAL}" in page
    for number, said in REASONS.items():
        assert f"{number}. {said}" in page


def test_a_card_shows_who_it_is_what_is_known_and_what_paper_cannot_prove(world, app, desk):
    world.fetcher.asked.clear()
    text = made(world)
    page = words(shown(app, text))
    for said in (
        "EXAMPLE, Given",
        "14-Jul-1958",
        "Check it is the same person",
        "Source checked: signed by Example Surgery (A12345)",
        "Known allergies",
        "Penicillin",
        "2 of 2 shared",
        f"As of {TODAY:%d-%b-%Y}",
        "Not withdrawn: checked",
        "Not shared (may not have it, or chose not to)",
        "What paper cannot prove",
        "A card holds words, no codes: nothing of it is added to a record by itself.",
        "4. Emergency: the patient cannot be asked",
        "Dr Example, 555-0100",
        "Checked at",
    ):
        assert said in page, said
    assert world.fetcher.asked == []


def test_the_page_has_every_word_that_is_said_of_a_card(world, app, desk):
    content = cards.build(HELD, CardChoices(items={"AllergySummary": frozenset({0})}))
    text = made(world, content=content)
    said = CardReadings(desk).read(text, reader=Reader("Dr Example", 4)).reading.words
    page = words(shown(app, text)).lower()
    assert said.allergies.incomplete
    parts = [part for _, section in said.sections for part in re.split(r"[.,] ", section)]
    for line in (said.verdict, said.allergies.heading, *said.limits, *said.notes, *parts):
        assert line.lower() in page, line
    assert "list incomplete" in page
    assert "1 of 2 shared" in page


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        (SectionState.NONE_KNOWN, "No known allergies"),
        (SectionState.NOT_RECORDED, "Allergies not recorded"),
        (SectionState.WITHHELD, "Allergies unavailable"),
    ],
)
def test_each_state_has_its_heading(world, app, state, heading):
    told = replace(allergies(items=(), state=state), as_of=TODAY)
    assert f"> {heading}<" in shown(app, made(world, identity(), told)).replace('">', '"> ')


def test_a_card_without_one_shared_entry_still_names_the_person_and_never_reads_as_none(world, app):
    page = words(shown(app, made(world, content=cards.build(HELD, CardChoices(items={})))))
    assert "EXAMPLE, Given" in page
    assert "Allergies unavailable" in page
    assert "0 of 2 shared" in page
    assert "No known allergies" not in page


def test_typed_letters_and_a_photo_read_as_the_code_does(world, app):
    text = made(world)
    lines = "\r\n".join(f"{n}. {line.lower()}" for n, line in enumerate(typed.lines(text), 1))
    assert "Penicillin" in shown(app, lines)
    assert "Penicillin" in shown(app, photo=picture(text))


def test_a_large_photo_never_touches_the_disk(world, app, monkeypatch):
    def rolled(_file):
        raise AssertionError("written to the disk")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", rolled)
    noise = Image.effect_noise((2_000, 1_500), 90)
    with Image.open(io.BytesIO(picture(made(world)))) as code:
        noise.paste(code.convert("L"), (50, 50))
    out = io.BytesIO()
    noise.save(out, "png")
    assert len(out.getvalue()) > 1_048_576
    assert "Penicillin" in shown(app, photo=out.getvalue())


def test_the_receipt_is_in_the_patients_words_with_the_proof_to_keep(world, app):
    answer = send(app, made(world))
    page = call(app, "GET", f"{answer.headers['location']}/receipt")
    told = words(page.text)
    for said in (
        "Example Hospital (RXX01)",
        "It was an emergency and you could not be asked (4)",
        "doctor",
        "Your emergency card was read",
        "Allergies, Medicines",
        "Cafodd eich cerdyn argyfwng ei ddarllen",
        "Alergeddau",
    ):
        assert said in told, said
    assert re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", told)
    assert "<svg" in page.text
    assert not any(secret in told for secret in SECRETS)
    assert READER["who"] not in told


def test_a_receipt_has_plain_words_for_every_reason_in_both_languages():
    english, welsh = RECEIPT_WORDS
    assert (english.language, welsh.language) == ("en", "cy")
    assert set(english.reasons) == set(welsh.reasons) == set(REASONS)
    told = [value for name, value in asdict(english).items() if name not in {"reasons", "language"}]
    assert not [said for said in (*told, *english.reasons.values()) if too_hard(said)]
    same = [name for name, said in asdict(english).items() if asdict(welsh)[name] == said]
    assert same == []


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://localhost"])
@pytest.mark.parametrize("path", ["/cards", "/cards/x/close"])
def test_a_card_sent_from_another_site_is_refused(world, app, origin, path):
    headers = {"content-type": HEADERS["content-type"]} | ({"origin": origin} if origin else {})
    answer = call(app, "POST", path, headers=headers, body=body({"text": made(world), **READER}))
    assert (answer.status, answer.json["code"]) == (403, "csrf")
    assert app.state.cards.held() == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": ""}, "Choose why you read the card"),
        ({"reason": "0"}, "Choose why you read the card"),
        ({"reason": "7"}, "Choose why you read the card"),
        ({"reason": "4 "}, None),
        ({"reason": "٤"}, "Choose why you read the card"),
        ({"reason": "6"}, "Say in the note why you read it"),
        ({"reason": "6", "note": "   "}, "Say in the note why you read it"),
        ({"note": "x" * 501}, "Use fewer letters"),
        ({"role": "x" * 61}, "Use fewer letters"),
        ({"who": ""}, "Say who you are"),
        ({"who": "  "}, "Say who you are"),
        ({"who": "x" * 201}, "Say who you are"),
        ({"text": ""}, "Type or paste the code, or choose a photo of the card"),
    ],
)
def test_a_card_is_read_only_with_a_reason_and_a_name(world, app, changes, said):
    answer = send(app, **{"text": made(world), **changes})
    if said is None:
        assert answer.status == 303
        return
    refused(answer, said)
    assert app.state.cards.held() == ()
    assert "Penicillin" not in answer.text


def test_a_card_of_somebody_unknown_is_hidden_and_named(world, app):
    told = hidden(shown(app, made(world, signer=generate_signer())))
    assert f"Failed check (hidden): {catalogue()['trust.key_unknown'].title}" in told
    assert "(trust.key_unknown)" in told


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (WITHDRAWN, "Withdrawn by its holder or its issuer (hidden)"),
        (REPLACED, "Replaced by a newer card (hidden)"),
    ],
)
def test_a_card_that_has_ended_is_hidden(world, tmp_path, status, said):
    world.set_status(status)
    desk = make_desk(world, tmp_path / "later")
    try:
        assert said in hidden(shown(create_app(desk.settings, desk), made(world)))
    finally:
        desk.shut()
        world.set_status()


def test_a_card_past_its_day_is_out_of_date_and_incomplete(world, app):
    now = datetime.now(UTC).replace(microsecond=0)
    page = words(shown(app, made(world, expires_at=now - timedelta(days=1))))
    assert "Out of date since" in page
    assert "List incomplete" in page
    assert USUAL in page


def test_a_desk_with_old_lists_says_that_it_could_not_check(world, app, clock):
    clock.offset = timedelta(days=20)
    page = words(shown(app, made(world)))
    assert "Could not check" in page
    assert "Source checked" not in page


@pytest.mark.parametrize("text", ["https://example.org", "<script>", "A" * 9_000, "٣" * 50])
def test_what_is_no_card_is_said_beside_the_field_with_a_next_step(app, text):
    answer = send(app, text)
    told = words(answer.text)
    if answer.status == 303:  # a code that is named and hidden
        hidden(call(app, "GET", answer.headers["location"]).text)
        return
    assert answer.status == 400
    assert any(entry.hint in told for code, entry in catalogue().items() if code[:5] == "card.")
    assert "<script>" not in re.sub(r"<script src[^>]*>", "", answer.text)


def test_a_slip_is_told_with_its_line_and_the_letters_are_not_lost(world, app):
    rows = list(typed.lines(made(world)))
    rows[2] = ("0" if rows[2][0] != "0" else "1") + rows[2][1:]
    answer = send(app, "\n".join(rows))
    refused(answer, "(line 3)")
    assert rows[5] in answer.text


def huge_picture():
    out = io.BytesIO()
    Image.new("1", (10_000, 6_000), 1).save(out, "png")
    return out.getvalue()


@pytest.mark.parametrize(
    "photo",
    [
        lambda: b"no picture",
        lambda: bytes(10_485_760),
        lambda: bytes(12_582_913),
        huge_picture,
        lambda: zlib.compress(bytes(1_000_000)),
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["text", "10 MB", "too many bytes", "too many pixels", "packed", "svg"],
)
def test_a_photo_that_is_no_card_is_refused_on_the_page(app, photo):
    refused(send(app, photo=photo()), catalogue()["card.image"].title.rstrip("."))


def test_a_form_of_30_mb_is_refused_before_it_is_read(app):
    answer = send(app, photo=bytes(30_000_000))
    assert (answer.status, answer.json["code"]) == (413, "limit.size")


def test_other_forms_of_the_page_stay_small(app):
    headers = {**HEADERS, "content-type": "application/x-www-form-urlencoded"}
    assert call(app, "POST", "/requests", headers=headers, body=bytes(5_000)).status == 413


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("application/x-www-form-urlencoded", b"text=a&reason=4&who=b"),
        ("multipart/form-data", b"nothing"),
        (f"multipart/form-data; boundary={BOUNDARY}", b"not a form at all"),
        (f"multipart/form-data; boundary={BOUNDARY}", body({str(n): "x" for n in range(9)})),
        (f"multipart/form-data; boundary={BOUNDARY}", body({"text": "A" * 70_000})),
        ("", b""),
    ],
    ids=["urlencoded", "no boundary", "no parts", "too many fields", "a large field", "nothing"],
)
def test_a_form_of_another_shape_is_refused_in_words(app, kind, sent):
    answer = call(app, "POST", "/cards", headers={**HEADERS, "content-type": kind}, body=sent)
    assert answer.status == 400
    assert "Something is wrong" in answer.text or "Error: " in answer.text


def test_a_text_where_the_photo_belongs_is_no_photo(app):
    refused(send(app, photo=None), "Type or paste the code")


def test_hostile_words_on_a_card_stay_words(world, app):
    hostile = "<script>alert(1)</script>\x1b[2J\u202e evig ton oD"
    items = (Item({"text": hostile}), PENICILLIN)
    told = replace(allergies(items=items), as_of=TODAY)
    subject = SUBJECT | {"familyName": "<img src=x onerror=alert(1)>"}
    parts = [
        replace(record, subject=subject) for record in (identity(), told, medicines("current"))
    ]
    text = made(world, *parts)
    html = shown(app, text, who="<script>alert(2)</script>", note="<b>note</b>")
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;IMG SRC=X" in html
    for forbidden in ("<script>alert", "<img src=x", "<b>", "\x1b", "\u202e"):
        assert forbidden not in html


def test_a_failed_card_has_no_banner_in_its_page(world, desk):
    held = CardReadings(desk).read(
        made(world, signer=generate_signer()), reader=Reader("Dr Example", 4)
    )
    page = result_page(held.reading.card.summary)
    assert page.banner is None
    assert all(not s.readable and s.code == "trust.key_unknown" for s in page.sections)
