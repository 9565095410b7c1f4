"""A database that has forgotten: each process notices for itself, while it runs.

After a failover to a replica that lacks the last commits, or a restore beside running processes,
one machine does not know what another one leased and withdrew. So nobody leases from a list of
before: all lists are closed and new ones begin far beyond, and each machine brings in what its own
journal knows. Nothing has to be restarted. What is *not* here: how it is found out
(``issuer.store.lineage``) and what a lost journal needs (``restoring``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from issuer.store.again import tried_again

from .places import settle, tell_anew
from .status_journal import keep_mark, look

if TYPE_CHECKING:
    from .context import IssuerContext


def keep_up(issuer: IssuerContext) -> bool:
    """Look whether the database is still the one that was known; act where it is not.

    Returns whether lists were begun anew since the last look, by whichever process.

    Raises:
        ServiceError: ``issuer.unavailable``, ``issuer.journal``.
    """
    if not look(issuer.store) and _settled(issuer):
        tell_anew(issuer)
    keep_mark(issuer)
    before, issuer.places.generation = issuer.places.generation, issuer.store.generation
    if issuer.places.generation == before:
        return False
    # What was signed of a version that was lost may have the number of another version now.
    issuer.published.clear()
    issuer.published_bitstrings.clear()
    return True


@tried_again
def _settled(issuer: IssuerContext) -> bool:
    with issuer.store.writing() as tx:
        return settle(tx, issuer.settings, now=issuer.now(), random=issuer.random)
