"""One issuer for the tests of a module, each of which finds it as on its first day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir_examples import PATIENT, bundle, data
from returning_wallet import NAME, NUT, tell
from simulated_issuer import NOW, Site

from issuer.store.tables import metadata

STAYS = {"secrets", "status_lists", "bitstring_lists", "status_journals"}


def source_in(folder: Path) -> dict[str, Path]:
    """The setting of a folder with the notes of one patient, who is allergic to peanut."""
    (folder / "source").mkdir()
    (folder / "source" / NAME).write_bytes(data(bundle(PATIENT, NUT)))
    return {"source_folder": folder / "source"}


def emptied(site: Site) -> Site:
    """``site`` without anything that an earlier test did, on its first day."""
    with site.issuer.store.writing() as tx:
        for table in reversed(metadata.sorted_tables):
            if table.name not in STAYS and not table.name.startswith("audit"):
                tx.execute(table.delete())
    site.issuer.published.clear()
    site.now = NOW
    tell(site, NUT)
    return site


def made_in(folder: Path, **changes: Any) -> Iterator[Site]:
    """An issuer that reads ``source_in(folder)``, until its fixture ends."""
    made = Site(folder, {**source_in(folder), **changes})
    yield made
    made.issuer.store.close()


def on_either(request: Any, folder: Path) -> Iterator[Site]:
    """The module's ``site`` on SQLite, or an issuer on PostgreSQL, as ``request.param`` says."""
    if request.param == "sqlite":
        yield request.getfixturevalue("site")
        return
    url = request.getfixturevalue("postgresql").issuer_database()
    yield from made_in(folder, database=None, database_url=url)
