"""The link in the QR code: who asks and where the signed request lies (section 5, RFC 9101).

What is *not* here: fetching it. Only the signed request counts; a link proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from healthpassport.errors import RequestError

SCHEMES: Final = frozenset({"openid4vp", "haip-vp", "haip"})
MAX_LINK: Final = 4096  # characters; a QR code of version 25 holds far fewer
METHODS: Final = frozenset({"get", "post"})


@dataclass(frozen=True, slots=True)
class RequestLink:
    """A request by reference: its client_id as claimed, its address, and how to fetch it."""

    client_id: str
    request_uri: str
    method: str = "get"

    def text(self, *, scheme: str = "openid4vp") -> str:
        """The link that a QR code shows.

        Characters that a query may hold unescaped (RFC 3986 section 3.4) stay, so that the code
        stays small.
        """
        client_id = quote(self.client_id, safe=":/")
        request_uri = quote(self.request_uri, safe=":/")
        link = f"{scheme}://?client_id={client_id}&request_uri={request_uri}"
        return link if self.method == "get" else f"{link}&request_uri_method={self.method}"

    @classmethod
    def parse(cls, text: str) -> RequestLink:
        """The link in ``text``.

        Raises:
            RequestError: ``request.link``; ``request.unsigned`` where the parameters themselves
                stand in the link; ``request.uri_method`` for a method that is neither get nor post.
        """
        members = _members(text.strip())
        if "request_uri" not in members:
            raise RequestError("request.unsigned", "the link holds no signed request")
        if "request" in members:  # RFC 9101 section 5: one or the other
            raise RequestError("request.link", "the link holds a request and an address of one")
        method = members.get("request_uri_method", "get")
        if method not in METHODS:
            raise RequestError("request.uri_method")
        if not members.get("client_id"):
            raise RequestError("request.client_id", "the link does not say who asks")
        return cls(members["client_id"], members["request_uri"], method)


def _members(text: str) -> dict[str, str]:
    if len(text) > MAX_LINK:
        raise RequestError("request.link", f"the link is longer than {MAX_LINK} characters")
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise RequestError("request.link") from error
    if parts.scheme not in SCHEMES:
        raise RequestError("request.link", "the link does not begin with openid4vp://")
    members = dict(pairs)
    if len(members) != len(pairs):  # RFC 6749 section 3.1: no parameter more than once
        raise RequestError("request.link", "the link says something twice")
    return members
