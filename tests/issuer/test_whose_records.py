"""Whose records a record system gets: of who was looked for, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from fhir_examples import PATIENT, allergy, bundle, data
from simulated_issuer import Site

from healthpassport.errors import SourceError
from issuer.client import Found, Person
from issuer.service.bulk_lines import Line
from issuer.service.bulk_work import read_line
from issuer.service.sources import FOLDER
from issuer.service.whose import Whose, offer_whose, read_whose

NUMBER, OTHER, BORN = "9990000018", "9990000026", "1958-07-14"
NHS = "https://fhir.nhs.uk/Id/nhs-number"


@dataclass
class Swapped:
    """A source in which other notes stand under a name than when somebody was looked for."""

    number: str = NUMBER

    def find(self, person):
        return (Found("current.json", person.nhs_number or NUMBER, "Example", (), BORN),)

    def read(self, name):
        assert name == "current.json"
        return data(bundle(PATIENT | {"identifier": [{"system": NHS, "value": self.number}]}, NUT))


NUT = allergy()
PEOPLE = [Person(nhs_number=NUMBER), Person(nhs_number="999 000 0018", birth_date=BORN)]
WAYS = [
    lambda issuer, person: offer_whose(issuer, Whose((), None, person=person), client="practice"),
    lambda issuer, person: read_whose(issuer, Whose((), None, person=person)).summary,
    lambda issuer, _: read_line(issuer, Line(1, nhs_number=NUMBER), wanted=(), source=None),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("whose"))


@pytest.mark.parametrize("person", PEOPLE, ids=["number", "number and birth date"])
@pytest.mark.parametrize("way", WAYS, ids=["offer", "card", "bulk line"])
def test_what_is_read_of_another_person_than_was_found_goes_no_further(site, way, person):
    with pytest.raises(SourceError) as caught:
        way(replace(site.issuer, sources={FOLDER: Swapped(OTHER)}), person)
    assert caught.value.code == "source.other_patient"
    assert way(replace(site.issuer, sources={FOLDER: Swapped()}), person)


def test_another_birth_date_is_another_person(site):
    asked = Whose((), None, person=Person(family_name="Example", birth_date="1958-07-15"))
    with pytest.raises(SourceError) as caught:
        offer_whose(replace(site.issuer, sources={FOLDER: Swapped()}), asked, client="practice")
    assert caught.value.code == "source.other_patient"
