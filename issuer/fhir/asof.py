"""The day for which a source vouches: of its Composition, its Bundle, its Lists, its resources.

What is *not* here: today; a caller that finds nothing here says when it read the source.
"""

from __future__ import annotations

from datetime import date

from . import dates
from .references import Index
from .values import obj, string


def as_of(index: Index) -> date | None:
    """The latest day of the first kind of statement that names one."""
    stated = (
        [string(f.resource.get("date")) for f in index.of("Composition")],
        [string(f.resource.get("timestamp")) for f in index.of("Bundle")],
        [string(f.resource.get("date")) for f in index.of("List")],
        [_updated(f.resource.get("meta")) for f in index.of("Bundle")],
        [_updated(f.resource.get("meta")) for f in index.found],
    )
    for texts in stated:
        days = [found for text in texts if (found := dates.day(text)) is not None]
        if days:
            return max(days)
    return None


def _updated(meta: object) -> str | None:
    return string(obj(meta).get("lastUpdated")) if isinstance(meta, dict) else None
