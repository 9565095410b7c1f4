"""did:web (W3C CCG): a host, with a port and a path perhaps, where the DID document stands.

The host is a name, never an address; the colon before a port is written ``%3A``. The document is
handed in by whoever has a reason to trust its origin. What is *not* here: fetching it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from healthpassport.dids.documents import read_method
from healthpassport.dids.url import DidUrl, parse_did
from healthpassport.dids.verification_method import VerificationMethod
from healthpassport.encoding import Json
from healthpassport.errors import DidError

PREFIX: Final = "did:web:"
MAX_HOST: Final = 253  # characters, RFC 1035 section 2.3.4
_MAX_PORT: Final = 65_535
# RFC 1123 section 2.1: labels of letters, digits and inner hyphens. The last label begins with a
# letter, so that no host is an IPv4 address in any of its spellings.
_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_SEGMENT: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]+")


def did_web(url: str) -> str:
    """The DID of the https ``url``: its host, port and path.

    Raises:
        DidError: ``did.invalid`` for a URL that no did:web can stand for, such as one whose host
            is an IP address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise DidError("did.invalid", "this is no URL") from error
    if parts.scheme != "https" or parts.query or parts.fragment or parts.username is not None:
        raise DidError("did.invalid", "a did:web is made of an https URL without query")
    segments = parts.path.removesuffix("/").split("/")[1:]
    name = host if port is None else f"{host}%3A{port}"
    did = PREFIX + ":".join([name, *segments])
    document_url(did)
    return did


def document_url(did: str) -> str:
    """Where the document of the did:web ``did`` stands ("Read", steps 1 to 6).

    Raises:
        DidError: ``did.invalid``.
    """
    method, specific = parse_did(did)
    if method != "web":
        raise DidError("did.invalid", "this is no did:web")
    authority, *segments = specific.split(":")
    host, colon, port = authority.replace("%3a", "%3A").partition("%3A")
    if not _HOST.fullmatch(host) or len(host) > MAX_HOST:
        raise DidError("did.invalid", "a did:web names a host in lower case, no address")
    if colon and not (_PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        raise DidError("did.invalid", "its port is not a port")
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise DidError("did.invalid", "its path holds a part that is not plain")
    path = "/".join(segments or [".well-known"])
    return f"https://{unquote(authority)}/{path}/did.json"


def resolve(url: DidUrl, documents: Mapping[str, Json], now: datetime | None) -> VerificationMethod:
    """The method in the document that was handed in for the DID.

    Raises:
        DidError: ``did.invalid``, ``did.unresolved``, and what ``documents.read_method`` raises.
    """
    document_url(url.did)
    if url.did not in documents:
        raise DidError("did.unresolved")
    return read_method(documents[url.did], url, now=now)
