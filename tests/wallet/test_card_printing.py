"""An emergency card on paper: its words, its code, its letters, and what the vault keeps of it."""

from __future__ import annotations

import io

import pytest
import segno
import zxingcpp
from card_holder import HELD, add
from PIL import Image
from reading import grade, too_hard
from record_examples import allergies, identity

import schemas
from healthpassport.card_sheets.pages import page
from healthpassport.card_sheets.sheet import sheet_json
from healthpassport.cards import typed
from healthpassport.summary import Item, PatientSummary


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    add(made, world, HELD)
    return made


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


def test_a_list_that_does_not_fit_one_side_is_not_begun_there(world, tmp_path):
    """A list that the edge of the paper cuts would look whole."""
    wallet = world.wallet(tmp_path)
    many = tuple(Item({"text": f"Allergy to number {n} of many"}) for n in range(20))
    add(wallet, world, PatientSummary((identity(), allergies(items=many))))
    sheet = wallet.cards.print_data(wallet.cards.make(wallet.cards.choices().ticked).id)
    front, _, others = page(sheet, language="en").partition("</section>")
    assert "number 0 of many" not in front
    assert "too long for this side" in front
    assert all(f"number {n} of many" in others for n in range(20))
    assert "overflow: hidden" not in front


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
        [found] = zxingcpp.read_barcodes(
            picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode
        )
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
        [found] = zxingcpp.read_barcodes(blurred, formats=zxingcpp.BarcodeFormat.QRCode)
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
    found = schemas.load("cards/words.json")
    yield from (found["sentences"] | found["spoken"]).items()


@pytest.mark.parametrize(("name", "words"), list(sentences()))
def test_each_sentence_of_a_card_is_easy_to_read(name, words):
    assert not too_hard(words["en"]), f"{name}: {grade(words['en']):.1f}"
    assert words["cy"]


def test_every_word_of_a_card_stands_in_both_languages():
    for kind in schemas.load("cards/words.json").values():
        for words in kind.values():
            assert set(words) == {"en", "cy"}
            assert all(words.values())
