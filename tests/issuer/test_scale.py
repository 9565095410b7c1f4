"""The arithmetic of docs/scale.md holds in the real database, at a few people."""

from __future__ import annotations

import pytest
from bench import scale
from bench.scale_model import LIST_SIZE, Plan
from bench.scale_simulation import World, simulated

from issuer.settings import VALIDITY_DAYS
from issuer.settings.statuses import LIST_SIZE as REAL_SIZE

FEW = {name: VALIDITY_DAYS[name] for name in ("MedicationSummary", "AllergySummary")}
PLAN = Plan(people=10, validity=FEW, copies=2, missing=0.1, list_size=48, withdrawn=0.2)


def test_places_entries_and_marks_are_as_computed_while_no_list_has_ended(tmp_path):
    found = simulated(PLAN, 3, tmp_path)
    assert found.given == PLAN.given(3) == (10 + 9 + 9) * 2 * 2
    assert found.given <= found.leased
    assert found.entries == PLAN.entries_after(3)
    assert found.offers == PLAN.offers_after(3)
    assert abs(found.silent - PLAN.silent_after(3)) <= found.given // 10
    assert found.withdrawn == found.ever_withdrawn > 0
    assert 0 < found.outlived < found.marked == found.given - found.silent
    assert found.lists == PLAN.begun_after(3)
    assert found.ended == PLAN.ended_after(3) == 0


def test_lists_end_and_entries_stop_growing_when_computed(tmp_path):
    found = simulated(PLAN, 5, tmp_path)
    assert found.issuances == found.entries // PLAN.copies
    assert found.entries == PLAN.entries_after(5) == PLAN.entries_after(6)


def test_a_list_is_published_with_the_marks_that_were_made(tmp_path):
    world = World(PLAN, tmp_path)
    for number in range(2):
        world.month(number)
    lists, found = world.lists(), world.found()
    world.issuer.store.close()
    assert [one.number for one in lists] == list(range(1, found.lists + 1))
    assert sum(one.marked for one in lists) == found.marked > found.outlived
    assert all(0 < one.cwt < one.jwt_in_gzip for one in lists)


def test_marks_of_each_list_make_those_of_all():
    plan = Plan(people=1_000, list_size=4_096)
    for months in (1, 2, 5):
        numbers = range(1, plan.begun_after(months) + 1)
        parts = [plan.marked_in(number, months) for number in numbers]
        assert sum(parts) == pytest.approx(plan.marked_after(months), abs=1)
        assert parts == sorted(parts, reverse=True) or months == 1
    assert plan.marked_after(1) == round(plan.withdrawn * plan.given(1))
    assert plan.outlived_after(1) == 0 < plan.outlived_after(2) < plan.marked_after(2)


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
