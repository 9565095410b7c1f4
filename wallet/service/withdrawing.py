"""Asking an issuer to withdraw single copies, by the leave to come back that it once gave.

What is *not* here: which copies, and when (``lending``).
"""

from __future__ import annotations

from collections.abc import Sequence

from healthpassport.errors import ServiceError
from wallet.client.holding import Place
from wallet.vault import Vault

from .grants import access, read_grants
from .surroundings import Surroundings


def withdraw_copies(
    vault: Vault, around: Surroundings, iss: str, person: str, places: Sequence[tuple[str, int]]
) -> None:
    """Have the issuer ``iss`` withdraw the copies of ``person`` at ``places``.

    Raises:
        ServiceError: ``helper.not_withdrawn`` where this wallet has no leave to ask; what the
            issuer says. FetchError: of the fetcher.
    """
    mine = [g for g in read_grants(vault) if (g.iss, g.person) == (iss, person)]
    usable = [grant for grant in mine if not grant.ended]
    if not usable:
        raise ServiceError("helper.not_withdrawn", f"{len(places)} copies of {iss}")
    for grant in usable:
        client = access(grant, vault=vault, around=around)
        try:
            client.withdraw(Place(uri, index) for uri, index in places)
        except ServiceError as error:
            if error.code != "grant.not_yours" or grant is usable[-1]:
                raise
        else:
            return
