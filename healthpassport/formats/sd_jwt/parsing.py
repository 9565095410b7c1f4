"""The compact serialization of SD-JWT and SD-JWT+KB, taken apart (RFC 9901 section 4).

Parsing trusts nothing and verifies nothing. What is *not* here: the JWS JSON serialization of
section 8, which is optional and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import MAX_TOKEN_BYTES, Json, parse_json_object
from healthpassport.errors import CredentialError, EncodingError
from healthpassport.formats.sd_jwt.key_binding import holder_key
from healthpassport.jose import jws
from healthpassport.jose.times import numeric_date
from healthpassport.keys.public import PublicKey

MAX_DISCLOSURES: Final = 1_000  # security.md, limits
SMALLEST: Final = 2  # the signed part and what follows the last tilde


@dataclass(frozen=True, slots=True)
class ParsedSdJwt:
    """An SD-JWT as received, *not* verified: nothing in it may be believed or shown yet.

    ``payload`` is what the issuer signed, digests and all. ``sd_part`` is the text up to and with
    the last tilde, over which ``sd_hash`` goes. ``key_binding`` is the KB-JWT or None.
    """

    issuer_jwt: jws.ParsedJws
    payload: Mapping[str, Json]
    disclosures: tuple[str, ...]
    sd_part: str
    key_binding: str | None

    @property
    def header(self) -> Mapping[str, Json]:
        """The header of the issuer-signed JWT."""
        return self.issuer_jwt.header

    @property
    def iss(self) -> str | None:
        """Who claims to have issued it; only good for finding out which key to trust."""
        value = self.payload.get("iss")
        return value if isinstance(value, str) else None

    @property
    def vct(self) -> str | None:
        """Which type it claims to be of."""
        value = self.payload.get("vct")
        return value if isinstance(value, str) else None

    def issued_at(self) -> datetime:
        """When it claims to have been issued; only good for choosing among an issuer's keys.

        Raises:
            CredentialError: ``cred.issued_at`` or ``cred.time_type``.
        """
        moment = numeric_date(self.payload, "iat")
        if moment is None:
            raise CredentialError("cred.issued_at")
        return moment

    def certificates(self) -> tuple[bytes, ...]:
        """The DER certificates of the ``x5c`` header, leaf first; not judged here."""
        return self.issuer_jwt.certificates()

    def key_name(self) -> str | None:
        """None: a certificate names the key (HAIP 1.0 section 6.1.1), never a name alone."""
        return None

    def holder_key(self) -> PublicKey | None:
        """The key in ``cnf``, if there is one; only good for choosing among a wallet's own keys.

        Raises:
            CredentialError, KeyMaterialError: as ``key_binding.holder_key``.
        """
        return holder_key(self.payload) if "cnf" in self.payload else None


def parse(text: str) -> ParsedSdJwt:
    """Take ``text`` apart.

    Raises:
        CredentialError: ``limit.size``, ``sdjwt.syntax``, ``sdjwt.disclosure_limit``.
        JoseError: what ``jws.parse`` refuses in the issuer-signed JWT.
        EncodingError: what is not strict base64url or JSON.
    """
    if len(text) > MAX_TOKEN_BYTES:
        raise CredentialError("limit.size")
    if not text.isascii():
        raise EncodingError("b64.not_canonical")
    parts = text.split("~")
    if len(parts) < SMALLEST:
        raise CredentialError("sdjwt.syntax")
    signed, *disclosures, last = parts
    if not signed or "" in disclosures:
        raise CredentialError("sdjwt.syntax")
    if last and last.count(".") != jws.PARTS - 1:
        # Without the last tilde the final disclosure would stand in the KB-JWT's place.
        raise CredentialError("sdjwt.syntax", "the last part is no key binding")
    if len(disclosures) > MAX_DISCLOSURES:
        raise CredentialError("sdjwt.disclosure_limit")
    issuer_jwt = jws.parse(signed)
    return ParsedSdJwt(
        issuer_jwt=issuer_jwt,
        payload=parse_json_object(issuer_jwt.payload),
        disclosures=tuple(disclosures),
        sd_part=text[: len(text) - len(last)],
        key_binding=last or None,
    )
