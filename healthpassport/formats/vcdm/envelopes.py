"""Credentials and presentations secured from outside (VC Data Model 2.0 sections 4.13.1, 4.13.2).

An envelope is a ``data:`` URL. What it holds is taken out and handed to the format that its media
type names; here nothing of it is verified and nothing of it is believed. What is *not* here: those
formats, and enveloping of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import (
    MAX_TOKEN_BYTES,
    Json,
    JsonObject,
    b64_decode,
    b64url_decode,
)
from healthpassport.errors import CredentialError, EncodingError, JoseError
from healthpassport.formats.vcdm.contexts import MODEL_2, context_entries
from healthpassport.formats.vcdm.syntax import malformed, types
from healthpassport.jose.header import read_header

CREDENTIAL: Final = "EnvelopedVerifiableCredential"
PRESENTATION: Final = "EnvelopedVerifiablePresentation"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an enveloped object holds, *not* verified: only for the format of ``media_type``.

    ``media_type`` is one of ``MEDIA_TYPES``, ``content`` the text of the token.
    """

    media_type: str
    content: str


@dataclass(frozen=True, slots=True)
class _Kind:
    holds: str
    typ: str
    disclosures: bool


# Securing Verifiable Credentials using JOSE and COSE section 6 and SD-JWT VC section 2.2.1: the
# media type, the typ of the token's header, and whether tildes part disclosures in it.
MEDIA_TYPES: Final = {
    "application/dc+sd-jwt": _Kind(CREDENTIAL, "dc+sd-jwt", disclosures=True),
    "application/vc+jwt": _Kind(CREDENTIAL, "vc+jwt", disclosures=False),
    "application/vc+sd-jwt": _Kind(CREDENTIAL, "vc+sd-jwt", disclosures=True),
    "application/vp+jwt": _Kind(PRESENTATION, "vp+jwt", disclosures=False),
    "application/vp+sd-jwt": _Kind(PRESENTATION, "vp+sd-jwt", disclosures=True),
}


def open_envelope(document: JsonObject, *, expected_type: str, place: str = "") -> Envelope:
    """The token in an enveloped object of ``expected_type``.

    Raises:
        CredentialError: ``vcdm.malformed_value`` for a wrong context, type or URL;
            ``di.media_type`` when the media type is unknown, belongs to the other kind of
            envelope, or is not the type of the token inside.
    """
    where = f"{place}.@context" if place else "@context"
    if MODEL_2.context not in context_entries(document, where):
        raise malformed(where, f"it must hold {MODEL_2.context}")
    if types(document, place) != (expected_type,):
        raise malformed(f"{place}.type" if place else "type", f"it must be {expected_type} alone")
    media_type, content = _data_url(document.get("id"), f"{place}.id" if place else "id")
    kind = MEDIA_TYPES.get(media_type)
    if kind is None or kind.holds != expected_type:
        raise CredentialError("di.media_type", f"{expected_type} of another media type")
    if _typ(content) != kind.typ or ("~" in content) != kind.disclosures:
        raise CredentialError("di.media_type", f"it holds something else than {media_type}")
    return Envelope(media_type, content)


def _data_url(value: Json, place: str) -> tuple[str, str]:
    """Media type and text of a ``data:`` URL (RFC 2397 section 3); it has no parameters."""
    rule = "it must be a data: URL that holds a secured credential or presentation"
    if not isinstance(value, str) or value[:5].lower() != "data:":
        raise malformed(place, rule)
    if len(value) > 2 * MAX_TOKEN_BYTES:
        raise CredentialError("limit.size", "the enveloped token is too large")
    head, comma, content = value[5:].partition(",")
    media_type, _, encoding = head.partition(";")
    if not comma or encoding not in ("", "base64"):
        raise malformed(place, rule)
    if encoding:
        try:
            content = b64_decode(content).decode("ascii")
        except (EncodingError, UnicodeDecodeError) as error:
            raise malformed(place, rule) from error
    return media_type.lower(), content


def _typ(content: str) -> str:
    """The ``typ`` of a compact token (RFC 7515 section 4.1.9), without its application/."""
    token = content.partition("~")[0]
    if token.count(".") != 2:  # noqa: PLR2004 - RFC 7515 section 7.1
        raise CredentialError("di.media_type", "it holds no signed token")
    try:
        typ = read_header(b64url_decode(token.partition(".")[0])).get("typ")
    except (EncodingError, JoseError) as error:
        raise CredentialError("di.media_type", "it holds no signed token") from error
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
