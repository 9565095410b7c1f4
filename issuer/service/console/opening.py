"""The console of one issuer, with what its staff have in hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from healthpassport.fetch import Fetcher
from healthpassport.keys.made import made_key
from issuer.service.context import IssuerContext

from .handed import Handed
from .kept_cards import KeptCards
from .plans import HeldPlans
from .preparing import Preparations
from .sign_in import SignIn, open_sign_in, own_fetcher


@dataclass(frozen=True, slots=True)
class Console:
    """An issuer as its staff use it."""

    issuer: IssuerContext
    sign_in: SignIn
    fetcher: Fetcher
    preparations: Preparations
    handed: Handed
    cards: KeptCards
    plans: HeldPlans
    digest_key: bytes = field(repr=False)


def open_console(issuer: IssuerContext, *, fetcher: Fetcher | None = None) -> Console:
    """The console of ``issuer``; ``fetcher`` is its way out, the settings' own where None.

    Raises:
        SettingsError: ``staff.setup``, where staff could not sign in; ``issuer.queue_key``.
        KeyMaterialError: where the key for signing in cannot be loaded.
    """
    way_out = fetcher or own_fetcher(issuer.settings)
    sign_in = open_sign_in(issuer, fetcher=way_out)
    return Console(
        issuer=issuer,
        sign_in=sign_in,
        fetcher=way_out,
        preparations=Preparations(issuer),
        handed=Handed(issuer),
        cards=KeptCards(issuer),
        plans=HeldPlans(issuer),
        digest_key=made_key(issuer.settings.audit_key_file, issuer.random),
    )
