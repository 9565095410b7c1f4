"""The console of one issuer, with what it holds while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from healthpassport.fetch import Fetcher
from healthpassport.keys.made import made_key
from issuer.service.context import IssuerContext
from issuer.service.paper_cards import HeldCards

from .handed import Handed
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
    cards: HeldCards
    plans: HeldPlans
    digest_key: bytes = field(repr=False)


def open_console(issuer: IssuerContext, *, fetcher: Fetcher | None = None) -> Console:
    """The console of ``issuer``; ``fetcher`` is its way out, the settings' own where None.

    Raises:
        SettingsError: ``staff.setup``, where staff could not sign in.
        KeyMaterialError: where the key for signing in cannot be loaded.
    """
    way_out = fetcher or own_fetcher(issuer.settings)
    sign_in = open_sign_in(issuer, fetcher=way_out)
    return Console(
        issuer=issuer,
        sign_in=sign_in,
        fetcher=way_out,
        preparations=Preparations(issuer.clock),
        handed=Handed(issuer.clock),
        cards=HeldCards(issuer.clock),
        plans=HeldPlans(issuer.clock),
        digest_key=made_key(issuer.settings.audit_key_file, issuer.random),
    )
