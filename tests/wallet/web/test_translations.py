"""Words of the pages: all in both languages, all short and plain, none left behind."""

from __future__ import annotations

import re

import pytest
from page_words import message_ids, templates, untranslated, words
from reading import too_hard
from repository import ROOT

from healthpassport.languages import read_po
from wallet.web.problems import PLAIN
from wallet.web.words import LANGUAGES, LOCALE, catalogue

PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%%")
FORBIDDEN = re.compile(
    r"\b(credential|verifier|claim|disclos|revok|vault|invalid request)", re.IGNORECASE
)
ERRORS = ROOT / "schemas" / "errors"
OTHERS = [code for code in LANGUAGES if code != "en"]
WORDS = words()
IDS = message_ids()
ALL = sorted({(area, message) for area, messages in WORDS.items() for message in messages})


def files(language):
    found = {path.stem: path for path in sorted((LOCALE / language).glob("*.po"))}
    found |= {f"errors_{area}": ERRORS / language / f"{area}.po" for area in PLAIN}
    return {area: read_po(path.read_text(encoding="utf-8")) for area, path in found.items()}


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language):
    known = catalogue(language).messages
    missing = [(area, text) for area, texts in IDS.items() for text in texts if text not in known]
    assert not missing


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_behind(language):
    everywhere = set().union(*IDS.values())
    for area, found in files(language).items():
        wanted = everywhere if area == "common" else IDS.get(area, set())
        assert not set(found.messages) - wanted, area


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_empty_and_one_message_has_one(language):
    seen = {}
    for area, found in files(language).items():
        for text, forms in found.messages.items():
            assert all(forms), (area, text)
            assert seen.setdefault(text, forms) == forms, (area, text)


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_the_same_in_each_language(language):
    for text, forms in catalogue(language).messages.items():
        for form in forms:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(form)), text


@pytest.mark.parametrize("path", templates(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_template_has_no_words_in_one_language_alone(path):
    assert untranslated(path) == []


@pytest.mark.parametrize(("area", "message"), ALL)
def test_every_sentence_can_be_read_at_eleven(area, message):
    said = PLACEHOLDER.sub("it", message)
    assert not FORBIDDEN.search(said), area
    assert not too_hard(said), area


def test_the_word_before_an_error_is_in_the_language_of_the_page():
    for path in templates():
        for line in path.read_text(encoding="utf-8").splitlines():
            if '"errorMessage":' in line:
                assert '"visuallyHiddenText": _("Error")' in line, (path.name, line)
