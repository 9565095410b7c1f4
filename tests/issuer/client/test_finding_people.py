"""Staff find somebody in a folder of bundles by who they are, and nobody by half a name."""

from __future__ import annotations

import os

import pytest
from fhir_examples import PATIENT, bundle, data
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.errors import SourceError
from issuer.client import FolderSource, Person
from issuer.client.people import folded

NUMBER = "9990000018"


def patient(**changes):
    return PATIENT | changes


def named(*names, **changes):
    return patient(name=list(names), **changes)


def numbered(number):
    return [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]


@pytest.fixture
def folder(tmp_path):
    return FolderSource(tmp_path)


def put(folder, name, *patients):
    (folder.folder / name).write_bytes(data(bundle(*patients)))


def names(folder, **who):
    return [one.name for one in folder.find(Person(**who))]


def wrong(code):
    return pytest.raises(SourceError, match=f"^{code}: ")


@pytest.mark.parametrize(
    "who",
    [
        {"nhs_number": NUMBER},
        {"nhs_number": "999 000 0018"},
        {"nhs_number": "999-000-0018", "birth_date": "1958-07-14"},
        {"family_name": "example", "birth_date": "1958-07-14"},
        {"family_name": " EXAMPLE ", "birth_date": "1958-07-14", "given_names": ("given",)},
    ],
)
def test_somebody_is_found_by_what_holds_of_them(folder, who):
    put(folder, "a.json", PATIENT)
    (found,) = folder.find(Person(**who))
    assert (found.name, found.nhs_number, found.subject) == ("a.json", NUMBER, None)
    assert (found.family_name, found.given_names) == ("Example", ("Given",))
    assert found.birth_date == "1958-07-14"


@pytest.mark.parametrize(
    "who",
    [
        {"nhs_number": "9990000026"},
        {"nhs_number": NUMBER, "birth_date": "1958-07-15"},
        {"nhs_number": NUMBER, "family_name": "Exampl"},
        {"nhs_number": NUMBER, "family_name": "Examples"},
        {"nhs_number": NUMBER, "given_names": ("Giv",)},
        {"nhs_number": NUMBER, "given_names": ("Given", "Other")},
        {"family_name": "Given", "birth_date": "1958-07-14"},
    ],
)
def test_nobody_is_found_of_whom_a_part_does_not_hold(folder, who):
    put(folder, "a.json", PATIENT)
    assert folder.find(Person(**who)) == ()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({}, "source.person"),
        ({"family_name": "Example"}, "source.person"),
        ({"birth_date": "1958-07-14"}, "source.person"),
        ({"family_name": " - ", "birth_date": "1958-07-14"}, "source.person"),
        ({"given_names": ("Given",), "birth_date": "1958-07-14"}, "source.person"),
        ({"nhs_number": NUMBER, "birth_date": "14-07-1958"}, "source.person"),
        ({"nhs_number": NUMBER, "birth_date": "1958"}, "source.person"),
        ({"family_name": "E" * 201, "birth_date": "1958-07-14"}, "source.person"),
        ({"nhs_number": NUMBER, "given_names": ("G",) * 21}, "source.person"),
        ({"nhs_number": "9990000019"}, "source.number"),
        ({"nhs_number": "999000001"}, "source.number"),
        ({"nhs_number": "99900000180"}, "source.number"),
        ({"nhs_number": "٩٩٩٠٠٠٠٠١٨"}, "source.number"),
    ],
)
def test_nobody_is_looked_for_by_too_little_or_a_wrong_number(folder, who, code):
    with wrong(code):
        folder.find(Person(**who))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Siân", "SIAN"),
        ("O'Neill", "O\u2019Neill"),
        ("Lloyd-Jones", "lloyd jones"),
        ("Lloyd  Jones", "Lloyd Jones"),
        ("Straße", "STRASSE"),
    ],
)
def test_names_are_one_whatever_their_spelling(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("Jones", "Jone"), ("Lloyd Jones", "Lloyd"), ("A", "")])
def test_other_names_are_other_names(one, other):
    assert folded(one) != folded(other)


@given(name=st.text(max_size=30))
def test_folding_twice_is_folding_once(name):
    assert folded(folded(name)) == folded(name)


def test_every_name_in_use_finds_and_none_of_the_past(folder):
    old = {"family": "Past", "given": ["Given"], "use": "old"}
    ended = {"family": "Ended", "given": ["Given"], "period": {"end": "2001-01-01"}}
    usual = {"family": "Usual", "given": ["Gwen"], "use": "usual"}
    put(folder, "a.json", named(old, ended, {"family": "Official", "given": ["Given"]}, usual))
    born = "1958-07-14"
    for family in ("Usual", "Official"):
        (found,) = folder.find(Person(family_name=family, birth_date=born))
        assert (found.family_name, found.given_names) == ("Usual", ("Gwen",))
    for family in ("Past", "Ended"):
        assert folder.find(Person(family_name=family, birth_date=born)) == ()


def test_a_person_among_several_is_named_by_who_they_are_in_the_bundle(folder):
    other = patient(id="q", identifier=numbered("9990000026"), birthDate="1960-01-01")
    put(folder, "two.json", PATIENT, other)
    (found,) = folder.find(Person(nhs_number="9990000026"))
    assert (found.name, found.subject) == ("two.json", "q")


def test_staff_see_who_left_died_or_may_have_no_passport(folder):
    put(folder, "a.json", patient(active=False))
    put(folder, "b.json", patient(deceasedBoolean=True))
    put(folder, "c.json", patient(meta={"security": [{"code": "R"}]}))
    put(folder, "d.json", PATIENT)
    found = {one.name: (one.gone, one.restricted) for one in folder.find(Person(NUMBER))}
    assert found == {
        "a.json": (True, False),
        "b.json": (True, False),
        "c.json": (False, True),
        "d.json": (False, False),
    }


def test_someone_who_is_marked_s_is_not_found(folder):
    put(folder, "a.json", patient(meta={"security": [{"code": "S"}]}))
    assert names(folder, nhs_number=NUMBER) == []


def test_files_that_cannot_be_read_hide_nobody(folder, tmp_path):
    put(folder, "good.json", PATIENT)
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "broken.json").write_bytes(b"{")
    (tmp_path / ".hidden.json").write_bytes(data(bundle(PATIENT)))
    (tmp_path / "link.json").symlink_to(tmp_path / "good.json")
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(8 * 1_048_576 + 1)
    assert names(folder, nhs_number=NUMBER) == ["good.json"]


def test_a_search_ends_where_too_many_fit(folder):
    for number in range(21):
        put(folder, f"{number}.json", PATIENT)
    with wrong("source.too_many"):
        folder.find(Person(nhs_number=NUMBER))


def test_a_folder_too_large_to_look_through_says_so(tmp_path):
    for number in range(3):
        put(FolderSource(tmp_path), f"{number}.json", PATIENT)
    for folder in (FolderSource(tmp_path, max_files=2), FolderSource(tmp_path, max_looked=10)):
        with wrong("source.too_large"):
            folder.find(Person(nhs_number=NUMBER))


def test_a_folder_that_is_not_there_cannot_be_read(tmp_path):
    with wrong("source.unreadable"):
        FolderSource(tmp_path / "missing").find(Person(nhs_number=NUMBER))
