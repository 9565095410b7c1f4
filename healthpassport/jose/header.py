"""What every JOSE header must satisfy before anything else is looked at.

RFC 7515 section 4, RFC 7797 section 6, RFC 8725 sections 3.1, 3.5 and 3.10. What is *not* here:
which algorithm is expected; the caller says so, never the header.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import JoseError

# RFC 7515 section 4.1 and RFC 7518 section 4: names that `crit` must never list.
REGISTERED: Final = frozenset(
    {"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"}
    | {"enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}
)
KEY_LOCATIONS: Final = ("jku", "x5u")
MAX_HEADER_BYTES: Final = 65_536  # an x5c chain is some 10 kB; a quarter of the token limit
MAX_KID_CHARACTERS: Final = 256  # a thumbprint has 43, a DID URL some 150


def read_header(data: bytes) -> dict[str, Json]:
    """The JOSE header in ``data``, with the rules applied that hold for all messages.

    Raises:
        EncodingError: when it is not a strict JSON object.
        JoseError: ``jws.crit_malformed``, ``jws.crit_unsupported``,
            ``jws.key_source_not_allowed``.
    """
    header = parse_json_object(data, max_bytes=MAX_HEADER_BYTES)
    if "crit" in header:
        _refuse_critical(header)
    if "b64" in header:
        # RFC 7797 section 6: it must be listed in crit, which would be refused as well.
        raise JoseError("jws.crit_unsupported", "the payload must be encoded")
    if any(name in header for name in KEY_LOCATIONS):
        # RFC 8725 section 3.10: an address in a message is never followed.
        raise JoseError("jws.key_source_not_allowed", "a key is never fetched from a message")
    return header


def check_kid(header: Mapping[str, Json], known: Collection[str]) -> None:
    """A ``kid``, where there is one, must name the key that the caller trusts (RFC 8725, 3.10).

    It is compared and never used to look anything up.

    Raises:
        JoseError: ``jws.kid_unknown``.
    """
    kid = header.get("kid", "")
    if not isinstance(kid, str) or len(kid) > MAX_KID_CHARACTERS:
        raise JoseError("jws.kid_unknown")
    if "kid" in header and kid not in known:
        raise JoseError("jws.kid_unknown")


def _refuse_critical(header: Mapping[str, Json]) -> None:
    """RFC 7515 section 4.1.11: we understand no extension, so every well-formed list is refused."""
    names = header["crit"]
    if not isinstance(names, list) or not names:
        raise JoseError("jws.crit_malformed")
    texts = [name for name in names if isinstance(name, str)]
    wrong = len(set(texts)) != len(names) or any(
        name in REGISTERED or name not in header for name in texts
    )
    raise JoseError("jws.crit_malformed" if wrong else "jws.crit_unsupported")
