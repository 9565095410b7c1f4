"""The console of one issuer, with what it holds while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from healthpassport.fetch import Fetcher
from issuer.service.context import IssuerContext

from .sign_in import SignIn, open_sign_in, own_fetcher


@dataclass(frozen=True, slots=True)
class Console:
    """An issuer as its staff use it."""

    issuer: IssuerContext
    sign_in: SignIn
    fetcher: Fetcher


def open_console(issuer: IssuerContext, *, fetcher: Fetcher | None = None) -> Console:
    """The console of ``issuer``; ``fetcher`` is its way out, the settings' own where None.

    Raises:
        SettingsError: ``staff.setup``, where staff could not sign in.
        KeyMaterialError: where the key for signing in cannot be loaded.
    """
    way_out = fetcher or own_fetcher(issuer.settings)
    return Console(issuer, open_sign_in(issuer, fetcher=way_out), way_out)
