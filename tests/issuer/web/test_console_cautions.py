"""What a clinician must have read of allergies: whatever may hide one is a caution."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from simulated_issuer import summary

from issuer.service.console.cautions import STILL_WHOLE, cautions
from schemas.definitions import warnings


@dataclass
class Read:
    """A reading whose allergies carry ``told``."""

    told: tuple[str, ...] = ()
    summary: object = field(init=False)

    def __post_init__(self):
        records = [
            replace(one, warnings=self.told) if one.type == "AllergySummary" else one
            for one in summary().records
        ]
        self.summary = SimpleNamespace(records=records)


def test_whole_allergies_need_no_caution():
    assert cautions(Read()) == ()


@pytest.mark.parametrize("warning", sorted(set(warnings()) - STILL_WHOLE))
def test_a_warning_that_may_hide_an_allergy_is_read_first(warning):
    (said,) = cautions(Read((warning,)))
    assert warnings()[warning]["en"].clinical in said


@pytest.mark.parametrize("warning", ["narrative-not-included", "unnamed-entries"])
def test_allergies_that_stand_in_words_beside_the_list_are_not_whole(warning):
    assert warning not in STILL_WHOLE


def test_every_warning_that_passes_is_one_that_there_is():
    assert set(warnings()) >= STILL_WHOLE
