"""What a patient reads: short words, and none of the trade's."""

from __future__ import annotations

import re
from datetime import date

import pytest
import typer.main
from repository import ROOT

import schemas
from healthpassport.record_words import day
from healthpassport.summary import definition
from wallet import cli
from wallet.consent import choices, effect, item_words, value_words

GRADE = 6.0
SHORTEST = 6  # words; a shorter sentence has no grade worth measuring
FORBIDDEN = re.compile(
    r"\b(credential|verifier|claim|disclos|revok|invalid request)", re.IGNORECASE
)


def syllables(word):
    """Groups of vowels, with a silent ending taken off: Flesch's own rule, without a dictionary."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    stem = re.sub(r"(?:[^laeiouy]es|ed|[^laeiouy]e)$", "", letters) or letters
    return max(1, len(re.findall(r"[aeiouy]{1,2}", stem)))


def grade(sentence):
    words = re.findall(r"[A-Za-z']+", sentence)
    return 0.39 * len(words) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def sharing_words():
    """What stands beside boxes, in refusals, and in what will be seen."""
    texts = [words["en"] for words in effect._WORDS.values()]
    texts += [choices.ONE_OF["en"], choices.WHICH["en"]]
    needed, sensitive = (schemas.load(f"sharing/{name}.json") for name in ("needed", "sensitive"))
    texts += [row["without"]["en"] for row in needed["records"].values()]
    texts += [needed["tag"]["en"], needed["identity"]["without"]["en"]]
    return texts + [words["en"] for words in sensitive["kinds"].values()]


def said(node):
    """Every English text of a file of words."""
    if isinstance(node, dict):
        return [node["en"]] if "en" in node else [t for below in node.values() for t in said(below)]
    return [text for below in node for text in said(below)] if isinstance(node, list) else []


def sentences():
    """All words of the wallet: errors, help of commands, and everything that commands say."""
    texts = []
    for area in ("vault", "wallet", "receipt"):
        for row in schemas.load(f"errors/{area}.json").values():
            texts += [row["title"], row["hint"]]
    texts += sharing_words()
    texts += said(schemas.load("receipts/words.json"))
    root = typer.main.get_command(cli.app)
    texts += [command.help for command in root.commands.values()]
    texts += [
        c.help for group in ("receipt", "travel") for c in root.commands[group].commands.values()
    ]
    for path in (
        "records",
        "reports",
        "updates",
        "vault",
        "present",
        "pages",
        "question",
        "past",
        "travel",
    ):
        source = (ROOT / "wallet" / "cli" / f"{path}.py").read_text(encoding="utf-8")
        body = "\n".join(re.findall(r"session\.say\((.*?)\n?\s*\)\n", source, flags=re.DOTALL))
        texts += re.findall(r'"([^"\n]{12,})"', body)
    joined = (re.sub(r"\{[^}]*\}", "it", text) for text in texts)
    return sorted({s.strip() for text in joined for s in re.split(r"(?<=[.!?:])\s", text)})


@pytest.mark.parametrize("sentence", sentences())
def test_every_sentence_can_be_read_at_eleven(sentence):
    assert not FORBIDDEN.search(sentence)
    if len(re.findall(r"[A-Za-z']+", sentence)) >= SHORTEST:
        assert grade(sentence) <= GRADE, grade(sentence)


def test_numbers_dates_and_answers_are_said_plainly():
    allergy, identity = definition("AllergySummary"), definition("PatientIdentity")
    number = allergy.subject_fields["nhsNumber"]
    verified = {"value": "9990000018", "verificationStatus": "01"}
    assert value_words(number, verified, "en") == "999 000 0018"
    assert value_words(number, {"value": "9990000018"}, "en") == "999 000 0018 (not checked)"
    born = allergy.subject_fields["birthDate"]
    assert value_words(born, "1958-07-14", "en") == "14 Jul 1958"
    assert value_words(born, "1958-07-14", "cy") == "14 Gor 1958"
    assert value_words(born, "1958", "en") == "1958"
    assert value_words(born, "1958-02-31", "en") == "1958-02-31"
    adult = identity.subject_fields["ageOver18"]
    assert value_words(adult, True, "en") == "Yes"
    assert value_words(adult, False, "cy") == "Nac ydy"
    assert day(date(2026, 11, 1), "en") == "1 Nov 2026"


def test_a_code_is_said_in_words_and_one_without_words_stands_as_it_came():
    allergy = definition("AllergySummary")
    going, kind = allergy.unit_fields["clinicalStatus"], allergy.unit_fields["category"]
    assert value_words(going, "resolved", "en") == "no, it has gone"
    assert value_words(going, "active", "cy") == "ydy"
    assert value_words(going, "something-new", "cy") == "something-new"
    assert value_words(kind, ["medication", "new"], "en") == "medicine; new"
    counts = definition("MedicationSummary").always_fields["counts"]
    assert value_words(counts, {"current": 2, "onHold": 1}, "cy") == "nawr 2, wedi'u hoedi 1"
    start = allergy.item_fields["onset"]
    assert value_words(start, "2010-05", "en") == "May 2010"
    assert value_words(start, "2010-13", "en") == "2010-13"


def test_every_code_has_words_in_each_language():
    for name, rows in schemas.load("sharing/codes.json").items():
        for code, words in rows.items():
            assert set(words) == {"en", "cy"}, (name, code)
            assert all(words.values()), (name, code)


def test_an_item_never_loses_what_changes_its_meaning():
    unit = {
        "text": "Penicillin",
        "coding": [{"system": "http://snomed.info/sct", "code": "91936005"}],
        "verificationStatus": "unconfirmed",
        "reaction": [{"text": "Anaphylaxis", "coding": [], "severity": "severe"}],
    }
    words = item_words(definition("AllergySummary"), unit, "en")
    assert words.startswith("Penicillin (")
    for part in ("not confirmed", "Anaphylaxis", "severe"):
        assert part in words
    assert "91936005" not in words


@pytest.mark.parametrize(
    ("kind", "unit", "words"),
    [
        (
            "KeyResults",
            {"text": "Sodium", "value": {"comparator": "<", "value": "120", "unit": "mmol/L"}},
            "Sodium (Result: < 120 mmol/L)",
        ),
        (
            "KeyResults",
            {"text": "Pressure", "components": [{"text": "Top", "value": {"value": "120"}}]},
            "Pressure (Parts: Top: 120)",
        ),
        (
            "NarrativeSummary",
            {"text": "Allergies", "rows": [["2017", "", "Penicillin"]], "sha256": "0" * 64},
            "Allergies (What it says: 2017, Penicillin)",
        ),
        (
            "ProcedureSummary",
            {"text": "Appendix", "group": "not_done"},
            "Appendix (Heading: Not done)",
        ),
    ],
)
def test_values_of_each_shape_are_said_whole(kind, unit, words):
    assert item_words(definition(kind), unit, "en") == words


def test_text_of_a_record_cannot_steer_a_terminal():
    words = item_words(definition("AllergySummary"), {"text": "a\x1b[2Jb\u202ec\nd"}, "en")
    assert words == "a [2Jb c d"
