"""Sending the answer: encrypted, to the address that the verified request named (OpenID4VP 1.0, 8).

A refusal says ``access_denied`` and nothing else, whatever the reason: not held, not matching and
not wanted look the same (attack prv-011). What is *not* here: what to answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from healthpassport.credential import Presentation
from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError
from healthpassport.fetch import Fetcher
from healthpassport.jose import jwe
from healthpassport.protocols.oid4vp import build_vp_token, encode_error, encode_response
from healthpassport.requests import VerifiedRequest

from .exchange import SUCCESS, post_form, refusal

DECLINED: Final = "access_denied"  # section 8.5
MAX_REDIRECT: Final = 2048  # characters
_CODE: Final = re.compile(r"[0-9A-Za-z-]{1,12}")  # short enough to be read out


@dataclass(frozen=True, slots=True)
class Delivered:
    """The desk took the answer. ``redirect`` is where it would lead a browser on this device.

    ``confirm_code`` is what the person tells the staff, so that a code that was passed on to them
    by somebody else is noticed (RFC 10027). ``receipt`` is the receipt as it came.
    """

    redirect: str | None
    redirect_blocked: bool
    confirm_code: str | None = None
    receipt: str | None = None


def send_answer(
    presentation: Presentation, *, request: VerifiedRequest, fetcher: Fetcher, acting: bool = False
) -> Delivered:
    """Encrypt and deliver ``presentation``; ``wallet.not_accepted`` when it is not taken.

    ``acting`` says that the sender is not the person whom the records are about.
    """
    kid = request.encryption_jwk.get("kid")
    token = jwe.encrypt(
        build_vp_token(presentation, state=request.state, acting=acting),
        recipient_jwk=request.encryption_jwk,
        encryption=request.encryption,
        kid=kid if isinstance(kid, str) else None,
    )
    response = post_form(fetcher, request.response_uri, encode_response(token))
    if response.status not in SUCCESS:
        raise refusal(response, code="wallet.not_accepted")
    return _delivered(response.body)


def send_refusal(*, request: VerifiedRequest, fetcher: Fetcher) -> Delivered:
    """Tell the desk that nothing will come; what it says to that may lead on as well (8.2)."""
    body = encode_error(DECLINED, state=request.state)
    response = post_form(fetcher, request.response_uri, body)
    if response.status not in SUCCESS:
        return Delivered(None, redirect_blocked=False)
    return replace(_delivered(response.body), confirm_code=None)


def _delivered(body: bytes) -> Delivered:
    """Section 8.2: a JSON object that may hold redirect_uri; anything else leads nowhere."""
    try:
        found = parse_json_object(body)
    except EncodingError:
        return Delivered(None, redirect_blocked=False)
    target, code, receipt = (
        found.get(name) for name in ("redirect_uri", "confirm_code", "receipt")
    )
    safe = isinstance(target, str) and _is_safe(target)
    return Delivered(
        redirect=target if isinstance(target, str) and safe else None,
        redirect_blocked=isinstance(target, str) and not safe,
        confirm_code=code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        receipt=receipt if isinstance(receipt, str) else None,
    )


def _is_safe(target: str) -> bool:
    """Https on a public name alone: no script, no data, nothing on this machine."""
    try:
        parts = urlsplit(target)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme != "https" or not host or "@" in parts.netloc or len(target) > MAX_REDIRECT:
        return False
    if not (target.isascii() and target.isprintable()):
        return False
    last = host.rpartition(".")[2]
    if last == "localhost":
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        # A browser reads a last label that begins with a digit as part of an address: 0x7f.1
        return not last[:1].isdigit()
