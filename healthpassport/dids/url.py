"""DIDs and DID URLs (DID Core 1.0 sections 3.1 and 3.2), as far as they name a key.

A DID URL here is a DID and a fragment: no path and no query, which no method of ours uses. What is
*not* here: the rules of one method.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import DidError

MAX_CHARS: Final = 4_096  # a did:key of ML-DSA-44 holds its key twice: 3,514
# Section 3.1: the method is lower case, colons may stand inside the rest but not end it.
_DID: Final = re.compile(
    r"did:([a-z0-9]+):((?:(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*:)*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+)"
)
_FRAGMENT: Final = re.compile(
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})+"
)  # RFC 3986, 3.5


@dataclass(frozen=True, slots=True)
class DidUrl:
    """A DID URL in its parts: ``did`` whole, its ``method`` and what follows, the ``fragment``."""

    did: str
    method: str
    specific: str
    fragment: str

    def __str__(self) -> str:
        return f"{self.did}#{self.fragment}"


def parse_did(text: str) -> tuple[str, str]:
    """Method and method-specific identifier of the DID ``text``.

    Raises:
        DidError: ``did.invalid``.
    """
    found = _DID.fullmatch(text) if len(text) <= MAX_CHARS else None
    if found is None:
        raise DidError("did.invalid", "this is no DID")
    return found[1], found[2]


def parse_did_url(text: str) -> DidUrl:
    """The DID URL ``text`` (Controlled Identifiers 1.0 section 3.3 steps 1 to 3).

    Raises:
        DidError: ``did.url``.
    """
    if len(text) > MAX_CHARS:
        raise DidError("did.url", "it is longer than the limit")
    did, _, fragment = text.partition("#")
    found = _DID.fullmatch(did)
    if found is None or not _FRAGMENT.fullmatch(fragment):
        raise DidError("did.url")
    return DidUrl(did, found[1], found[2], fragment)
