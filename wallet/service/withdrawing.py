"""Asking an issuer to withdraw single copies, by the leave to come back that it once gave.

What is *not* here: which copies, and when (``lending``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from healthpassport.errors import ServiceError
from wallet.client.holding import Place
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
        wanted = [Place(uri, index) for uri, index in places]
        for grant in read_grants(self._vault):
            if (grant.iss, grant.person) != (iss, person) or grant.ended:
                continue
            try:
                access(grant, vault=self._vault, around=self._around).withdraw(wanted)
            except ServiceError as error:
                if error.code != ANOTHER_LINE:
                    raise
            else:
                return
        raise ServiceError("helper.not_withdrawn", iss)
