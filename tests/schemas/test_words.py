"""The words that patients meet: short, plain, in both languages."""

import re

import pytest
from reading import grade, syllables, too_hard
from repository import ROOT

import schemas
from schemas.definitions import LANGUAGES, definitions, states, warnings
from schemas.queries import purposes, templates

# experience.md: never credential, verifier, claim, disclose, revoke.
BANNED = re.compile(r"\b(credential|verifier|claim|disclos|revo[ck])", re.IGNORECASE)


def sentences():
    for name, purpose in purposes().items():
        yield f"{name} reason", purpose.reason["en"]
        yield f"{name} retention", purpose.retention["en"]
    for name, definition in definitions().items():
        yield f"{name} consent", definition.consent["en"]
        if definition.note:
            yield f"{name} note", definition.note["en"].patient
    for code, found in warnings().items():
        yield code, found["en"].patient


def labels():
    for name, definition in definitions().items():
        yield name, definition.labels
        for group in (
            definition.envelope_fields,
            definition.always_fields,
            definition.subject_fields,
            definition.unit_fields,
            definition.item_fields,
            definition.negation_fields,
        ):
            yield from ((f"{name} {field}", found.labels) for field, found in group.items())
    for kind in (states(), purposes(), templates()):
        yield from ((name, found.labels) for name, found in kind.items())


@pytest.mark.parametrize(("where", "text"), list(sentences()))
def test_a_sentence_for_patients_is_easy_to_read(where, text):
    assert not too_hard(text), f"{where}: grade {grade(text):.1f}"
    assert not BANNED.search(text)
    assert text.endswith(".")


def test_a_label_for_patients_is_short_and_plain():
    for where, found in labels():
        words = found["en"].patient
        assert len(words.split()) <= 6, where
        assert not too_hard(words), where
        assert not BANNED.search(words), where


def test_every_label_stands_in_every_language():
    for where, found in labels():
        assert set(found) == set(LANGUAGES), where
        assert all(label.patient and label.clinical for label in found.values()), where


def test_every_warning_has_a_sentence_for_each_reader():
    for code, found in warnings().items():
        for label in found.values():
            assert label.patient.endswith("."), code
            assert label.clinical.endswith("."), code


def test_a_list_of_medicines_says_what_it_may_omit():
    assert (
        definitions()["MedicationSummary"].note["en"].clinical
        == "May omit medicines from hospitals, clinics, pharmacies or shops."
    )


def test_every_record_says_that_some_kinds_are_left_out():
    words = warnings()["some-kinds-left-out"]["en"]
    told = "Some kinds of information are left out. "
    assert words.patient == f"{told}The surgery's list says which."
    assert words.clinical == f"{told}The issuer's list says which, not the patient."


def test_welsh_is_not_a_copy_of_english():
    same = {where for where, found in labels() if found["en"].patient == found["cy"].patient}
    assert same == set()


def test_hints_of_record_errors_name_the_next_step():
    for code, row in schemas.load("errors/record.json").items():
        assert row["hint"].split()[0] in {"Use", "Issue", "Check", "Ask"}, code


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("shared", 1), ("wanted", 2), ("table", 2), ("medicine", 3), ("the", 1), ("I", 1)],
)
def test_syllables_are_counted_as_spoken(word, count):
    assert syllables(word) == count


@pytest.mark.parametrize(
    "text",
    [
        "You can change any of these.",
        "They want to give you the right medicines.",
        "We never share anything you do not tick.",
    ],
)
def test_plain_sentences_pass(text):
    assert not too_hard(text)


@pytest.mark.parametrize(
    "text",
    [
        "The verifier requests selective disclosure of verifiable credential claims.",
        "Tick it. Authentication information necessitates additional organisational verification.",
    ],
)
def test_hard_sentences_are_found(text):
    assert too_hard(text)


def test_every_warning_that_an_issuer_writes_has_its_words():
    text = (ROOT / "issuer/records/building.py").read_text("utf-8")
    written = set(re.findall(r'append\("([a-z-]+)"\)', text))
    assert written
    assert written <= warnings().keys()
