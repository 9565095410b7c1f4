"""A patient's link as a web address: many phones make no link of ``openid-credential-offer:``.

The page at that address stands at the issuer's own; the offer's secret stands behind the ``#``,
which no browser sends: neither logs nor whoever fetches the page for a preview ever hold it. Rules:
looking uses nothing up; an offer that was used is not told from one that is over or never was. What
is *not* here: the page (``issuer.web.patient.collecting``).
"""

from __future__ import annotations

import re
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import offer_link
from healthpassport.protocols.oid4vci.web_links import WEB_LINK_PATH, web_link

from .context import IssuerContext
from .offers import OFFER_PATH, offer_at

PATH: Final = WEB_LINK_PATH
MAX_TYPED: Final = 4_000  # characters: a whole message with the link in it
# 256 random bits in base64url, as ``IssuerContext.secret`` makes them.
_WHOLE: Final = re.compile(r"#([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])", re.ASCII)


def page_link(issuer: IssuerContext, uri: str) -> str:
    """The web address for the offer that is fetched at ``uri``."""
    return web_link(issuer=issuer.settings.iss, secret=uri.rsplit("/", 1)[1])


def wallet_link(issuer: IssuerContext, typed: str) -> str:
    """The link that opens a wallet, of what the page was sent: a link, or a message with one.

    Raises:
        ServiceError: ``offer.link`` where no whole link stands in it, ``not_found`` where its offer
            cannot be collected any more.
    """
    found = _WHOLE.search(typed)
    if found is None:
        raise ServiceError("offer.link")
    offer_at(issuer, found[1])
    return offer_link(uri=issuer.url(OFFER_PATH + found[1]))
