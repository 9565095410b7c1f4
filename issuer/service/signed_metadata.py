"""The issuer's metadata as a signed JWT, for wallets that ask for it (OpenID4VCI 1.0, 12.2.3).

Signed by the key that signs records, whose certificates come along (HAIP 1.0 section 4.1). It is
signed anew each hour and when the key changes, so that asking costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from healthpassport.encoding import Json, b64_encode
from healthpassport.jose import jws
from healthpassport.protocols.oid4vci.metadata import SIGNED_TYP

from .context import IssuerContext

EVERY: Final = 3_600  # seconds between two signatures
LIFETIME: Final = timedelta(hours=24)


@dataclass(slots=True)
class SignedMetadata:
    """The signed form of ``metadata``, remembered while it is fresh."""

    issuer: IssuerContext
    metadata: Mapping[str, Json]
    _text: str = ""
    _made_for: tuple[int, str] = field(default=(0, ""))

    def text(self) -> str:
        """The compact JWS as it is served now."""
        key = self.issuer.signing
        hour = self.issuer.now() // EVERY * EVERY
        wanted = (hour, key.signer.public_key.thumbprint())
        if self._made_for != wanted:
            self._text = jws.sign(
                header={"typ": SIGNED_TYP, "x5c": [b64_encode(der) for der in key.x5c]},
                payload={
                    **self.metadata,
                    "iss": self.issuer.settings.iss,
                    "sub": self.issuer.settings.iss,
                    "iat": hour,
                    "exp": hour + int(LIFETIME.total_seconds()),
                },
                signer=key.signer,
            )
            self._made_for = wanted
        return self._text
