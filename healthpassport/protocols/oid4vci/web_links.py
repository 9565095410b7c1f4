"""An offer's link as a web address: ``https://ISSUER/get#SECRET``, for a text or a letter.

Our own form (docs/adr/0088), beside those of OpenID4VCI 1.0 section 4.1: the secret is the last
part of the offer's own address, and stands where no browser sends it (RFC 3986 section 3.5). What
is *not* here: the page at that address, and whether the issuer is trusted.
"""

from __future__ import annotations

import re
from typing import Final

WEB_LINK_PATH: Final = "/get"
OFFERS_PATH: Final = "/credential-offers/"
MAX_WEB_LINK: Final = 2_048  # characters, as of an issuer's identifier
# 256 random bits in base64url. A host with a user in front of it, a query or an escape is none.
_WEB_LINK: Final = re.compile(
    r"https://(?P<issuer>[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*)"
    + WEB_LINK_PATH
    + r"#(?P<secret>[A-Za-z0-9_-]{43})",
    re.ASCII,
)


def web_link(*, issuer: str, secret: str) -> str:
    """The web address for the offer of ``issuer`` (its identifier) that ``secret`` leads to."""
    return f"{issuer}{WEB_LINK_PATH}#{secret}"


def parse_web_link(text: str) -> tuple[str, str] | None:
    """The issuer's identifier and the offer's own address; None where ``text`` is no such link."""
    found = _WEB_LINK.fullmatch(text) if len(text) <= MAX_WEB_LINK else None
    if found is None:
        return None
    issuer = f"https://{found['issuer']}"
    return issuer, f"{issuer}{OFFERS_PATH}{found['secret']}"
