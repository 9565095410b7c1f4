"""The link in the QR code or on a page: who asks and where the signed request lies (section 5).

Either by reference (``request_uri``) or by value (``request``, RFC 9101 section 5), behind a scheme
of wallets or, as a universal link, behind any https address: only its parameters are read, and the
address is never fetched. What is *not* here: fetching the request. Only the signed request counts;
a link proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from healthpassport.errors import RequestError

SCHEMES: Final = frozenset({"openid4vp", "haip-vp", "haip"})
UNIVERSAL: Final = "https"  # section 9, wallet invocation: a domain-bound link
MAX_LINK: Final = 4096  # characters; a QR code of version 25 holds far fewer
MAX_BY_VALUE: Final = 262_144  # characters of a link that brings its request: those of a token
METHODS: Final = frozenset({"get", "post"})


@dataclass(frozen=True, slots=True)
class RequestLink:
    """A request: its client_id as claimed, and its address with how to fetch it, or itself.

    Exactly one of ``request_uri`` and ``request`` is not empty.
    """

    client_id: str
    request_uri: str
    method: str = "get"
    request: str = ""

    def text(self, *, scheme: str = "openid4vp") -> str:
        """The link that a QR code shows.

        Characters that a query may hold unescaped (RFC 3986 section 3.4) stay, so that the code
        stays small.
        """
        client_id = quote(self.client_id, safe=":/")
        if self.request:
            return f"{scheme}://?client_id={client_id}&request={self.request}"
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
        by_value = "request" in members
        if by_value and "request_uri" in members:  # RFC 9101 section 5: one or the other
            raise RequestError("request.link", "the link holds a request and an address of one")
        if not by_value and "request_uri" not in members:
            raise RequestError("request.unsigned", "the link holds no signed request")
        method = members.get("request_uri_method", "get")
        if method not in METHODS:
            raise RequestError("request.uri_method")
        if by_value and "request_uri_method" in members:  # section 5.1: only beside request_uri
            raise RequestError("request.link", "there is nothing to fetch in that way")
        if not members.get("client_id"):
            raise RequestError("request.client_id", "the link does not say who asks")
        if by_value:
            return cls(members["client_id"], "", request=members["request"])
        return cls(members["client_id"], members["request_uri"], method)


def _members(text: str) -> dict[str, str]:
    if len(text) > MAX_BY_VALUE or (len(text) > MAX_LINK and "request=" not in text):
        raise RequestError("request.link", f"the link is longer than {MAX_LINK} characters")
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise RequestError("request.link") from error
    if parts.scheme not in SCHEMES and not (parts.scheme == UNIVERSAL and parts.hostname):
        raise RequestError("request.link", "the link does not begin with openid4vp://")
    members = dict(pairs)
    if len(members) != len(pairs):  # RFC 6749 section 3.1: no parameter more than once
        raise RequestError("request.link", "the link says something twice")
    if parts.scheme == UNIVERSAL and members.keys().isdisjoint({"request_uri", "request"}):
        raise RequestError("request.link", "this address asks for no records")
    return members
