"""The members of a JWK that hold octets: exact length, one spelling (RFC 7518 section 6)."""

from __future__ import annotations

from collections.abc import Mapping

from healthpassport.encoding import Json, b64url_decode
from healthpassport.errors import EncodingError, KeyMaterialError


def octets(
    jwk: Mapping[str, Json], name: str, length: int, *, code: str = "jwk.invalid_point"
) -> bytes:
    """The member ``name``, in full length: leading zeros are part of it (RFC 7518, 6.2.1.2).

    Raises:
        KeyMaterialError: ``jwk.invalid`` where it is missing or no base64url, ``code`` for another
            length.
    """
    text = jwk.get(name)
    if not isinstance(text, str):
        raise KeyMaterialError("jwk.invalid", f"the member {name} is missing")
    try:
        found = b64url_decode(text)
    except EncodingError as error:
        raise KeyMaterialError("jwk.invalid", f"the member {name} is not base64url") from error
    if len(found) != length:
        raise KeyMaterialError(code, f"the member {name} has the wrong length")
    return found
