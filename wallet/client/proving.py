"""What servers want in the next proof: DPoP nonces, and challenges for attestations.

RFC 9449 sections 8 and 9, draft-ietf-oauth-attestation-based-client-auth-07 section 8. Rules: what
a server gave goes back to that server alone; it is kept as long as one visit lasts and no longer,
since a value that a server chose and that comes back is a cookie; a refusal that asks for a newer
one is answered once. What is *not* here: the proofs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from healthpassport.fetch import HttpResponse
from healthpassport.protocols.oid4vci.wallet_attestation import CHALLENGE_HEADER

from .exchange import error_name

NONCE_HEADER: Final = "dpop-nonce"
NONCE_WANTED: Final = "use_dpop_nonce"  # RFC 9449 section 8
CHALLENGE_WANTED: Final = "use_attestation_challenge"  # draft-07 section 6.2
WANTED: Final = (NONCE_WANTED, CHALLENGE_WANTED)
MAX_VALUE: Final = 1024  # characters
_UNAUTHORIZED: Final = 401
_VALUE: Final = re.compile(r"[!#-\[\]-~]+")  # RFC 9449 section 8.1
_SAID: Final = re.compile(r'\berror="([a-z_]{1,64})"')  # RFC 6750 section 3


@dataclass(frozen=True, slots=True)
class Fresh:
    """The newest nonce and the next challenge of each server, by its origin."""

    nonces: dict[str, str] = field(default_factory=dict, repr=False)
    challenges: dict[str, str] = field(default_factory=dict, repr=False)

    def nonce(self, url: str) -> str | None:
        """What the server of ``url`` wants in DPoP proofs, as far as it has said."""
        return self.nonces.get(origin(url))

    def take_challenge(self, url: str) -> str | None:
        """A challenge of the server of ``url``; it answers one (draft-07 section 12.1)."""
        return self.challenges.pop(origin(url), None)

    def note(self, url: str, response: HttpResponse) -> None:
        """Keep what ``response`` gives for the next proofs (RFC 9449 section 8.2)."""
        server = origin(url)
        for kept, name in ((self.nonces, NONCE_HEADER), (self.challenges, CHALLENGE_HEADER)):
            value = response.headers.get(name.lower(), "")
            if len(value) <= MAX_VALUE and _VALUE.fullmatch(value):
                kept[server] = value


def wanted(response: HttpResponse) -> str:
    """Which fresher value ``response`` asks for (one of ``WANTED``), or nothing.

    A token endpoint says so in the body (RFC 9449 section 8), a resource in its header (section 9).
    """
    name = error_name(response)
    if response.status == _UNAUTHORIZED and name not in WANTED:
        said = _SAID.search(response.headers.get("www-authenticate", ""))
        name = said[1] if said else ""
    return name if name in WANTED else ""


def origin(url: str) -> str:
    """The server of ``url``: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
