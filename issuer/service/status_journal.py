"""Where the journal of status changes is kept, and what it brings back (docs/status.md).

What is *not* here: writing it (``issuer.store.journal``) and reading it (``replaying`` there).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError
from issuer.settings import Settings
from issuer.store import (
    OfferState,
    Store,
    ended_codes,
    high_water,
    journal,
    lineage,
    replaying,
    shortening,
)
from issuer.store.shortening import Shortened

if TYPE_CHECKING:
    from .context import IssuerContext

WORTH_IT: Final = 1_048_576  # bytes: a smaller journal is read in no time
_NAME_BYTES: Final = 16
_SUFFIX: Final = ".status-journal"
_LOG: Final = logging.getLogger(__name__)


def journal_path(settings: Settings) -> Path:
    """The file of the journal; beside the API keys where the database is no file."""
    if settings.status_journal is not None:
        return settings.status_journal
    if settings.database is not None:
        return settings.database.with_name(settings.database.name + _SUFFIX)
    return settings.api_keys.with_name(f"issuer{_SUFFIX}")


def attach(store: Store, settings: Settings, *, random: Callable[[int], bytes]) -> None:
    """From now on every change of a status is in the journal before it is in the database.

    And it is known how far the database has come (``issuer.store.lineage``).

    Raises:
        ServiceError: ``issuer.journal``, ``issuer.unavailable``.
    """
    if not lineage.attach(store.engine) and store.is_shared:
        _LOG.warning("This PostgreSQL cannot tell whether it was set back: see docs/status.md")
    name = b64url_encode(random(_NAME_BYTES))
    path = journal_path(settings)
    journal.attach(store.engine, path, name=name)
    lineage.heed(store.engine, high_water.kept(path))


def look(store: Store) -> bool:
    """Whether the database is the one that was known, with all that the journal knows.

    Raises:
        ServiceError: ``issuer.unavailable``, ``issuer.journal``.
    """
    with store.reading() as tx:
        return lineage.holds(tx) and journal.is_known(tx)


def keep_mark(issuer: IssuerContext) -> None:
    """Let processes of this machine that start later know how far the database has come.

    Raises:
        ServiceError: ``issuer.journal``.
    """
    if stamp := lineage.stamp(issuer.store.engine):
        high_water.keep(journal_path(issuer.settings), stamp)


def note_use(issuer: IssuerContext, offer: str) -> None:
    """Note that the code of ``offer`` was used, once it is; a use that failed must be tried again.

    Where it cannot be noted the code is used all the same, and a database that forgets it takes it
    once more.
    """
    try:
        with issuer.store.writing() as tx:
            ended_codes.note(tx, offer, OfferState.REDEEMED.value)
    except ServiceError as error:
        _LOG.warning("It was not noted that a code was used: %s", error)


def bring_in_here(tx: Connection) -> None:
    """Bring in, with what ``tx`` does, what the journal knows and this database has forgotten.

    Raises:
        ServiceError: ``issuer.journal``.
    """
    if not journal.is_known(tx):  # the look holds nobody up, as bringing it in does
        replaying.catch_up(tx)


def bring_in(store: Store) -> None:
    """Bring in, in a transaction of its own, what a change left that failed at its last moment.

    Raises:
        ServiceError: ``issuer.unavailable``, ``issuer.journal``.
    """
    with store.reading() as tx:
        known = journal.is_known(tx)
    if not known:
        with store.writing() as tx:
            replaying.catch_up(tx)


def shorten(issuer: IssuerContext, *, least: int = 0) -> Shortened | None:
    """Make this machine's journal shorter; None where others do it, or it is not worth it.

    A file of ``least`` bytes or less is left as it is, and a larger one that would not halve.

    Raises:
        ServiceError: ``issuer.journal``, ``issuer.unavailable``; nothing is lost then.
    """
    name = b64url_encode(issuer.random(_NAME_BYTES))
    return shortening.shorten(issuer.store, name=name, now=issuer.now(), least=least)
