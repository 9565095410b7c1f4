"""The arithmetic of docs/scale.md holds in the real database, at a few people."""

from __future__ import annotations

import pytest
from bench import scale
from bench.scale_model import LIST_SIZE, Plan
from bench.scale_simulation import simulated

from issuer.settings import VALIDITY_DAYS
from issuer.settings.statuses import LIST_SIZE as REAL_SIZE

FEW = {name: VALIDITY_DAYS[name] for name in ("MedicationSummary", "AllergySummary")}
PLAN = Plan(people=10, validity=FEW, copies=2, missing=0.1, list_size=48)


def test_places_entries_and_marks_are_as_computed_while_no_list_has_ended(tmp_path):
    found = simulated(PLAN, 3, tmp_path)
    assert found.given == PLAN.given(3) == (10 + 9 + 9) * 2 * 2
    assert found.given <= found.leased
    assert found.entries == PLAN.entries_after(3)
    assert abs(found.silent - PLAN.silent_after(3)) <= found.ever_withdrawn + found.given // 10
    assert found.withdrawn == found.ever_withdrawn > 0
    assert found.lists == PLAN.begun_after(3)
    assert found.ended == PLAN.ended_after(3) == 0


def test_lists_end_and_entries_stop_growing_when_computed(tmp_path):
    found = simulated(PLAN, 5, tmp_path)
    assert found.issuances == found.entries // PLAN.copies
    assert found.entries == PLAN.entries_after(5) == PLAN.entries_after(6)


@pytest.mark.parametrize("months", [1, 2, 13, 20])
def test_what_is_computed_never_has_more_entries_than_places(months):
    plan = Plan(people=1_000)
    assert plan.entries_after(months) <= plan.given(months)
    assert plan.ended_after(months) <= plan.begun_after(months)


def test_a_nation_fills_as_many_lists_as_its_places_need():
    plan = Plan(people=67_000_000, missing=0.0)
    assert plan.types == 10
    assert plan.places == 67_000_000 * 10 * 5
    assert round(plan.lists) == 3_195
    assert LIST_SIZE == REAL_SIZE


def test_what_expires_before_the_next_refresh_is_never_marked():
    plan = Plan(people=1_000)
    assert plan.marked("MedicationSummary", 12) == 0  # 28 days
    assert plan.marked("ProblemSummary", 1) == pytest.approx(0.05)
    assert plan.marked("ProblemSummary", 12) == plan.marked("ProblemSummary", 20) > 0.4
    assert plan.marked("AllergySummary", 2) == plan.marked("AllergySummary", 9)
    assert 0 < plan.share(1) < plan.share(12) < 1


def test_the_table_in_the_page_is_what_the_script_makes():
    assert scale.made() in scale.PAGE.read_text(encoding="utf-8")


def test_a_share_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="1"):
        scale.at(scale.measured(), 1.0, 1)
