"""The database as a command sees it: that of one organisation, closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from verifier.settings import VerifierSettings
from verifier.store import Store, open_store


@contextmanager
def opened(own: VerifierSettings) -> Iterator[Store]:
    """The store of the organisation of ``own``."""
    store = open_store(own.database_file, url=own.database_url)
    try:
        yield store.for_tenant(own.tenant)
    finally:
        store.close()
