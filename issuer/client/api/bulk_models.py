"""What is sent and taken about runs over many people. What is *not* here: single offers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from .models import Asked, Told


class BulkLineAsked(Asked):
    """One person: an NHS number, or a name in the source."""

    nhs_number: Annotated[str, Field(max_length=20)] = ""
    source: Annotated[str, Field(max_length=200)] = ""
    subject: Annotated[str, Field(max_length=200)] = ""


class BulkAsked(Asked):
    """Whom to offer, and the public JWK (P-256) that links and PINs are sealed for."""

    lines: Annotated[tuple[BulkLineAsked, ...], Field(min_length=1, max_length=10_000)]
    recipient: dict[str, Any]
    record_types: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    source_kind: Annotated[str, Field(max_length=40)] | None = None
    days: Annotated[int, Field(ge=1, le=365, strict=True)] | None = None


class BulkPlanAsked(Asked):
    """Whom a run would be for; a few at once, since each is read while the caller waits."""

    lines: Annotated[tuple[BulkLineAsked, ...], Field(min_length=1, max_length=100)]
    record_types: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    source_kind: Annotated[str, Field(max_length=40)] | None = None


class LinePlanned(Told):
    """What would be offered for a line, or the code of why nothing.

    ``warnings`` are those of ``OfferMade``.
    """

    line: int
    record_types: tuple[str, ...]
    problem: str | None = None
    warnings: tuple[str, ...] = ()


class BulkPlan(Told):
    """What a run would make of each line, as of now."""

    lines: tuple[LinePlanned, ...]


class LineRefused(Told):
    """A line of which nothing was offered, and the code of why."""

    line: int
    code: str


class BulkSeen(Told):
    """How far a run is; ``counts`` are lines by state."""

    id: str
    state: str
    created_at: datetime
    counts: dict[str, int]
    refused: tuple[LineRefused, ...]


class Bulks(Told):
    """The newest runs."""

    bulks: tuple[BulkSeen, ...]


class BulkTakenBack(Told):
    """How many offers of a run were taken back."""

    taken_back: int


class LineTold(Told):
    """What is sealed for the run's recipient; names as they were sealed."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=None)

    link: Annotated[str, Field(repr=False)]
    pin: Annotated[str, Field(repr=False)]
    expires_at: datetime
    warnings: tuple[str, ...] = ()


class BulkResult(Told):
    """One offered line: ``sealed`` is a JWE of link and PIN for the run's recipient."""

    line: int
    offer_id: str | None = None
    sealed: Annotated[str | None, Field(repr=False)] = None


class BulkResults(Told):
    """The results that were not let go yet."""

    results: tuple[BulkResult, ...]


class LinesTaken(Asked):
    """The lines whose results are safe with the record system."""

    lines: Annotated[tuple[Annotated[int, Field(strict=True)], ...], Field(max_length=10_000)]
