"""The response: a form with an encrypted answer, or with an error (OpenID4VP 1.0 section 8).

What is *not* here: decryption (``healthpassport.jose.jwe``) and verification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from healthpassport.credential import Credential, Presentation
from healthpassport.encoding import (
    MAX_BODY_BYTES,
    Json,
    dump_json,
    dump_text,
    parse_json_object,
)
from healthpassport.errors import EncodingError, ProtocolError
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.dcql.query import LDP_VC

MAX_FIELDS: Final = 16  # members of the form; the protocol defines five
MAX_WORDS: Final = 256  # characters kept of an error that a wallet sends
JWE_PARTS: Final = 5  # RFC 7516 section 3.1
ACTING: Final = "acting_for_another"

_COMPACT: Final = re.compile(r"[A-Za-z0-9_.-]+\Z")
_ERROR: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+\Z")  # RFC 6749 section 5.2


@dataclass(frozen=True, slots=True)
class EncryptedResponse:
    """The form of a direct_post.jwt response: one JWE, not opened yet."""

    jwe: str


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A wallet's refusal (section 8.5): an OAuth error name and the state, if it was sent."""

    error: str
    state: str | None


@dataclass(frozen=True, slots=True)
class VpResponse:
    """An opened response: the presentations by credential query, and the state.

    ``acting`` is the sender's own word that they act for the person in the records: a member of
    ours (section 8.1 lets responses have more), which other verifiers pass over.
    """

    presentation: Presentation
    state: str | None
    acting: bool = False


def parse_form(body: bytes) -> EncryptedResponse | ErrorResponse:
    """What ``body``, an application/x-www-form-urlencoded form, holds.

    Raises:
        ProtocolError: ``vp.format``; ``vp.not_encrypted`` for a plain vp_token.
        EncodingError: ``limit.size`` for a form that is too large or has too many members.
    """
    form = _form(body)
    if "response" in form:
        jwe = form["response"]
        # RFC 8725 section 2.7: a JWS has three parts and is never taken for a JWE.
        if jwe.count(".") != JWE_PARTS - 1 or not _COMPACT.match(jwe):
            raise ProtocolError("vp.format", "response is not a compact JWE")
        if "vp_token" in form:
            raise ProtocolError("vp.format", "an encrypted and a plain answer stand together")
        return EncryptedResponse(jwe)
    if "vp_token" in form:
        raise ProtocolError("vp.not_encrypted")
    if "error" in form:
        return _error(form.get("error"), form.get("state"))
    raise ProtocolError("vp.format", "the form holds neither response nor error")


def parse_payload(payload: bytes, *, query: Query) -> VpResponse | ErrorResponse:
    """What ``payload``, the plaintext of the JWE, holds (sections 8.1 and 8.3).

    Raises:
        ProtocolError: ``vp.format`` for another shape.
    """
    try:
        members = parse_json_object(payload)
    except EncodingError as error:
        raise ProtocolError("vp.format", f"the answer is not JSON: {error.code}") from error
    if "error" in members and "vp_token" not in members:
        return _error(members["error"], members.get("state"))
    return VpResponse(
        _presentation(members.get("vp_token"), query),
        _state(members.get("state")),
        acting=members.get(ACTING) is True,
    )


def build_vp_token(presentation: Presentation, *, state: str | None, acting: bool = False) -> bytes:
    """The plaintext that a wallet encrypts (section 8.1)."""
    members: dict[str, Json] = {"vp_token": vp_token(presentation)}
    if acting:
        members[ACTING] = True
    return dump_json(members if state is None else members | {"state": state})


def vp_token(presentation: Presentation) -> dict[str, Json]:
    """The presentations by credential query, as ``parse_payload`` reads them."""
    return {
        query_id: [_on_the_wire(credential) for credential in found]
        for query_id, found in presentation.answers.items()
    }


def _on_the_wire(credential: Credential) -> Json:
    """Appendix B.1.3: a W3C presentation with embedded proof is an object, others are text."""
    if credential.format == LDP_VC:
        return parse_json_object(credential.value)
    return credential.value


def encode_response(jwe: str) -> bytes:
    """The form of an encrypted response (section 8.3.1)."""
    return urlencode({"response": jwe}).encode("ascii")


def encode_error(error: str, *, state: str | None) -> bytes:
    """The form of an error response (section 8.5)."""
    form = {"error": error} if state is None else {"error": error, "state": state}
    return urlencode(form).encode("ascii")


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BODY_BYTES:
        raise EncodingError("limit.size")
    # Counted before anything is split, so that a million members cost one pass.
    if body.count(b"&") >= MAX_FIELDS:
        raise EncodingError("limit.size", f"the form has more than {MAX_FIELDS} members")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise ProtocolError("vp.format", "the body is not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):  # RFC 6749 section 3.1
        raise ProtocolError("vp.format", "the form says something twice")
    return form


def _error(error: Json, state: Json) -> ErrorResponse:
    if not isinstance(error, str) or len(error) > MAX_WORDS or not _ERROR.match(error):
        raise ProtocolError("vp.format", "error is no OAuth error name")
    return ErrorResponse(error, _state(state))


def _state(value: Json) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_WORDS:
        raise ProtocolError("vp.format", "state is text")
    return value


def _presentation(value: Json, query: Query) -> Presentation:
    if not isinstance(value, Mapping) or not value:
        raise ProtocolError("vp.format", "vp_token is an object with at least one member")
    return Presentation({name: _credentials(name, entry, query) for name, entry in value.items()})


def _credentials(name: str, value: Json, query: Query) -> tuple[Credential, ...]:
    wanted = query.credential(name)
    if wanted is None:
        raise ProtocolError("dcql.unknown_id", "the answer holds an id that was not asked for")
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ProtocolError("vp.format", "a member of vp_token is a non-empty array")
    return tuple(Credential(wanted.format, _text(wanted.format, entry)) for entry in value)


def _text(format_: str, entry: Json) -> str:
    if format_ == LDP_VC:
        if not isinstance(entry, Mapping):
            raise ProtocolError("vp.format", "a presentation in this format is an object")
        return dump_text(entry)
    if not isinstance(entry, str) or not entry:
        raise ProtocolError("vp.format", "a presentation in this format is text")
    return entry
