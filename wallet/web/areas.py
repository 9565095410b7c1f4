"""The areas of the pages: one module with a router each, mounted in this order.

An area brings templates (``templates/<name>/``), Welsh words (``locale/cy/<name>.po``) and a table
of its pages for the tests (``tests/wallet/web/pages_<name>.py``). What is *not* here: any page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter

from . import (
    add,
    backup,
    brand,
    card,
    control,
    entry,
    explain,
    helping,
    home,
    past,
    people,
    records,
    say,
    scan,
    share,
    signing_in,
    travel,
    updates,
    ways,
)


@dataclass(frozen=True, slots=True)
class Area:
    """One part of the pages.

    Args:
        name: of its folder of templates and its files.
        router: its pages.
        open_paths: beginnings of paths that can be seen while the wallet is locked.
        limits: bytes that a body may have, by exact path, where a form holds more than words.
    """

    name: str
    router: APIRouter
    open_paths: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


AREAS: Final[tuple[Area, ...]] = (
    Area("brand", brand.router),
    Area("entry", entry.router, open_paths=entry.OPEN),
    Area("home", home.router),
    Area("records", records.router),
    Area("people", people.router),
    Area("helping", helping.router, limits=helping.LIMITS),
    Area("updates", updates.router),
    Area("scan", scan.router, limits=scan.LIMITS),
    Area("signing_in", signing_in.router),
    Area("add", add.router),
    Area("share", share.router),
    Area("say", say.router),
    Area("ways", ways.router),
    Area("control", control.router, open_paths=("/deleted", "/mend")),
    Area("backup", backup.router, open_paths=backup.OPEN, limits=backup.LIMITS),
    Area("explain", explain.router, open_paths=("/about",)),
    Area("past", past.router),
    Area("card", card.router),
    Area("travel", travel.router, open_paths=travel.OPEN, limits=travel.LIMITS),
)
