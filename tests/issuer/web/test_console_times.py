"""Pages and the trail of the console tell the time that staff and patients see there."""

from __future__ import annotations

from datetime import UTC, datetime

from healthpassport.audit import Sealed
from healthpassport.languages import ENGLISH
from issuer.web.audit import Asked
from issuer.web.audit_words import audit_line
from issuer.web.telling import moment

SUMMER = datetime(2026, 7, 15, 23, 5, tzinfo=UTC)
TWICE = datetime(2026, 10, 25, 0, 30, 7, tzinfo=UTC)


def test_a_moment_in_summer_is_an_hour_on_and_may_be_the_next_day():
    assert moment(SUMMER) == "16-Jul-2026 00:05"


def test_the_trail_says_which_of_two_hours_it_was():
    line = audit_line(Sealed(1, TWICE, "offer.made", "", "{}", ""), ENGLISH)
    assert line.time.endswith(" 01:30:07 BST")


def test_a_day_of_the_trail_is_a_day_on_that_clock():
    wanted = Asked(day="2026-10-25").wanted(None)
    assert wanted.since.astimezone(UTC) == datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert wanted.until.astimezone(UTC) == datetime(2026, 10, 26, tzinfo=UTC)
