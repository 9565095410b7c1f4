"""Allergies of several sources in one FHIR document: nobody's "none" outweighs another's list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fhir_way_out import composed, resources, section_of, verified, written
from record_examples import LATEX, NO_ALLERGIES, allergies, identity

from healthpassport.credential import DeskState, VerifiedIssuer
from healthpassport.summary import SectionState

NONE = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))
WITHHELD = replace(NONE, negations=())
OTHER_SURGERY = VerifiedIssuer("https://other.example", "B12345", "Other Surgery")


def document(*sections):
    return written(verified(section_of(identity()), *sections))


@pytest.mark.parametrize(
    "other",
    [
        section_of(allergies(items=(LATEX,)), issuer=OTHER_SURGERY),
        section_of(allergies(), issuer=OTHER_SURGERY, state=DeskState.FAILED_CHECK),
        section_of(allergies(), issuer=OTHER_SURGERY, state=DeskState.NOT_MATCHED),
        section_of(WITHHELD, issuer=OTHER_SURGERY, state=DeskState.WITHHELD),
        section_of(NONE, issuer=OTHER_SURGERY, old=True),
    ],
    ids=["items", "failed", "not matched", "withheld", "old"],
)
def test_one_sources_none_is_no_entry_where_another_says_more(other):
    made = document(section_of(NONE), other)
    texts = [r["code"]["text"] for r in resources(made, "AllergyIntolerance")]
    assert not [text for text in texts if "No known" in text]
    (composition,) = resources(made, "Composition")
    empty = [
        s["emptyReason"]["coding"][0]["code"] for s in composition["section"] if "emptyReason" in s
    ]
    assert "nilknown" not in empty
    told = composed(made, "Allergies and adverse reactions")["text"]["div"]
    assert "All sources together: " in told


def test_two_sources_that_both_know_of_none_say_so():
    made = document(section_of(NONE), section_of(NONE, issuer=OTHER_SURGERY))
    assert len(resources(made, "AllergyIntolerance")) == 2
