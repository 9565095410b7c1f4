"""Asking an issuer to withdraw single copies, by the leave to come back that it once gave.

What is *not* here: which copies, and when (``lending``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from healthpassport.errors import ServiceError
from wallet.client.holding import HolderClient, Place
from wallet.vault import Vault

from .grants import access, read_grants
from .surroundings import Surroundings

# These copies came by an older offer, which gave leave of its own.
ANOTHER_LINE: Final = "grant.not_yours"


class Withdrawing:
    """Asks issuers for one wallet; an object of it is a ``lending.Withdraw``."""

    def __init__(self, vault: Vault, around: Surroundings) -> None:
        self._vault = vault
        self._around = around

    def __call__(self, iss: str, person: str, places: Sequence[tuple[str, int]]) -> None:
        """Have the issuer ``iss`` withdraw the copies of ``person`` at ``places``.

        Raises:
            ServiceError: ``helper.not_withdrawn`` where this wallet has no leave to ask; the codes
                of ``grants.access``.
            FetchError: of the fetcher.
        """
        left = [Place(uri, index) for uri, index in places]
        for grant in read_grants(self._vault):
            if grant.iss == iss and person in grant.people and not grant.ended and left:
                client = access(grant, vault=self._vault, around=self._around)
                left = _withdraw(client, left)
        if left:
            raise ServiceError("helper.not_withdrawn", iss)


def _withdraw(client: HolderClient, places: Sequence[Place]) -> list[Place]:
    """Withdraw those of ``places`` that this leave covers; the others are returned.

    An issuer takes all or none of a list, so a mixed one goes copy by copy.
    """
    try:
        client.withdraw(places)
    except ServiceError as error:
        if error.code != ANOTHER_LINE:
            raise
        if len(places) == 1:
            return list(places)
        return [one for place in places for one in _withdraw(client, [place])]
    return []
