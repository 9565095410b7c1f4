"""Words of the console's pages: all in both languages, none left behind, none in one alone."""

from __future__ import annotations

import re

import pytest
import reading
from console_words import message_ids, templates, words
from page_words import of_template, untranslated
from repository import ROOT

from healthpassport.languages import LANGUAGES, read_po
from issuer.service.console.texting import WORDS
from issuer.web import languages
from issuer.web.languages import LOCALE

PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%%")
OTHERS = [code for code in LANGUAGES if code != "en"]
IDS = message_ids()
FORBIDDEN = re.compile(r"\b(credential|verifier|claim|disclos|revok|vault|invalid)", re.IGNORECASE)


def files(language):
    return {
        path.stem: read_po(path.read_text(encoding="utf-8"))
        for path in sorted((LOCALE / language).glob("*.po"))
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_of_the_console_is_translated(language):
    known = languages.words(language)
    assert [text for texts in IDS.values() for text in texts if not known.knows(text)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_of_the_console_is_left_behind_or_empty(language):
    for area, found in files(language).items():
        assert not set(found.messages) - IDS[area], area
        assert all(all(forms) for forms in found.messages.values()), area


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_of_the_console_are_the_same_in_each_language(language):
    for found in files(language).values():
        for text, forms in found.messages.items():
            for form in forms:
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(form)), text


@pytest.mark.parametrize("path", templates(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_template_of_the_console_has_no_words_in_one_language_alone(path):
    assert untranslated(path) == []


def test_practice_staff_are_not_spoken_to_in_the_words_of_protocols():
    assert [text for texts in words().values() for text in texts if FORBIDDEN.search(text)] == []


def test_what_a_patient_gets_on_paper_or_by_text_is_easy_to_read():
    sheets = [path for path in templates() if path.name in {"letter.html", "pin_letter.html"}]
    assert len(sheets) == 2
    # The first line of a sheet is for staff, who print it.
    said = [m[0] for path in sheets for m in of_template(path) if not m[0].startswith("Print this")]
    sentences = [
        s.strip() for text in [*said, *WORDS.values()] for s in re.split(r"(?<=[.!?])\s", text)
    ]
    counted = [s for s in sentences if len(reading.words(s)) >= reading.COUNTED_FROM]
    assert len(counted) >= 5
    assert [s for s in counted if reading.grade(s) > reading.LIMIT] == []
