"""Forms as OAuth sends them (RFC 6749 section 3.2, appendix B): each parameter once, and few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from healthpassport.encoding import Json, parse_json
from healthpassport.errors import EncodingError
from healthpassport.protocols.oid4vci.refusals import refuse

MAX_PARAMETERS: Final = 32  # of a form; a pushed request knows a dozen
MAX_DETAILS_BYTES: Final = 16_384


def form(body: bytes) -> Mapping[str, str]:
    """The parameters of ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_request`` for what is no form, or says something twice.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise refuse("invalid_request", detail="the body is not a form") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refuse("invalid_request", detail="a parameter stands twice")
    return found


def authorization_details(text: str) -> tuple[Json, ...]:
    """The list in ``text`` (RFC 9396 section 2), whatever it holds.

    Raises:
        ProtocolError: ``oid4vci.invalid_authorization_details`` (section 5).
    """
    try:
        details = parse_json(text, max_bytes=MAX_DETAILS_BYTES)
    except EncodingError as error:
        raise refuse("invalid_authorization_details", detail="it is not JSON") from error
    if not isinstance(details, list) or not details:
        raise refuse("invalid_authorization_details", detail="it is no list")
    return tuple(details)
