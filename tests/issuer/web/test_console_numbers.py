"""A number that the record system does not call verified: refused, or told to whoever signs off."""

from __future__ import annotations

import json

import pytest
from console_uploads import sent
from console_world import NUMBER, Practice, Walk, refused

from healthpassport.errors import SourceError
from issuer.service.console.finding import look_for, open_found
from issuer.service.console.staff import this_machine
from issuer.service.sources import Person

NAME = {
    "family_name": "Ashdown",
    "birth_day": "14",
    "birth_month": "7",
    "birth_year": "1958",
}


def practice_of(folder, status, **changes):
    """A practice whose source says ``status`` (a code, or None) of the number."""
    made = Practice(folder, staffed=False, changes=changes)
    path = made.folder / "source" / "rowan-ashdown.json"
    told = json.loads(path.read_text())
    patient = next(
        one["resource"] for one in told["entry"] if one["resource"]["resourceType"] == "Patient"
    )
    number = patient["identifier"][0]
    extensions = number.pop("extension")
    if status is not None:
        extensions[0]["valueCodeableConcept"]["coding"][0]["code"] = status
        del extensions[0]["valueCodeableConcept"]["coding"][0]["display"]
        number["extension"] = extensions
    path.write_text(json.dumps(told))
    return made


@pytest.fixture(scope="module")
def practices(tmp_path_factory):
    """Practices by what their source says, and a strict one."""
    made = {
        name: practice_of(tmp_path_factory.mktemp("practice"), status, **more)
        for name, status, more in (
            ("untraced", "02", {}),
            ("unsaid", None, {}),
            ("strict", "02", {"verified_numbers_only": True}),
        )
    }
    yield made
    for one in made.values():
        one.issuer.store.close()


def opened(practice, **typed):
    """What opening the one who is found answers."""
    walk = Walk(practice.browser())
    answer = walk.browser.post("/find", **typed)
    assert answer.status == 200, answer.text
    search = answer.text.partition('name="search" value="')[2].partition('"')[0]
    return walk, answer.text, walk.browser.post("/find/open", search=search, place="0")


def test_nobody_is_opened_by_a_number_that_the_source_calls_unverified(practices):
    practice = practices["untraced"]
    _, _, answer = opened(practice, nhs_number=NUMBER)
    refused(answer, "source.number_not_verified", 422)
    assert practice.console.preparations.waiting() == ()
    data = (practice.folder / "source" / "rowan-ashdown.json").read_bytes()
    refused(
        sent(practice.browser(), "/upload", data=data, nhs_number=NUMBER),
        "source.number_not_verified",
        422,
    )


def test_who_is_found_by_name_is_shown_as_not_verified_and_the_signer_has_to_read_so(practices):
    walk, _, answer = opened(practices["untraced"], **NAME)
    where = answer.headers["location"]
    assert "(not verified)" in walk.browser.get(where).text
    walk.identified(where)
    assert "does not call the NHS number verified" in walk.browser.get(where).text
    ticks = [("types", one) for one in ("PatientIdentity", "AllergySummary", "MedicationSummary")]
    refused(walk.browser.post(f"{where}/sign-off", ticks), "console.cautions", 400)


def test_a_number_of_which_the_source_says_nothing_opens_with_the_warning(practices):
    walk, _, answer = opened(practices["unsaid"], nhs_number=NUMBER)
    assert "(not verified)" in walk.browser.get(answer.headers["location"]).text


@pytest.mark.parametrize("person", [Person(NUMBER), Person("", "Ashdown", (), "1958-07-14")])
def test_a_practice_for_verified_numbers_alone_opens_nobody_else(practices, person):
    console, who = practices["strict"].console, this_machine("clinician")
    search = look_for(console, who, person)
    with pytest.raises(SourceError, match=r"source\.number_not_verified"):
        open_found(console, who, search.id, 0)


@pytest.mark.parametrize("typed", [{"nhs_number": NUMBER}, NAME])
def test_a_practice_for_verified_numbers_alone_has_no_button_for_others(practices, typed):
    page = practices["strict"].browser().post("/find", **typed).text
    assert "(not verified)" in page
    assert 'action="/find/open"' not in page
