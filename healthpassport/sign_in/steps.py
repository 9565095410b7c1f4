"""The two steps of a sign-in, the way to the provider and back, and when a session is over.

Rules: state, nonce and verifier are new each time and bound to one browser; of what the browser
holds the rows have digests alone; the page to go on with is one of our own. What is *not* here:
keeping rows, and who may do what.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from healthpassport.encoding import b64url_encode
from healthpassport.errors import EncodingError, ProtocolError, ServiceError
from healthpassport.protocols import oidc
from healthpassport.sign_in.exchange import Vouched
from healthpassport.sign_in.provider import Provider

SECRET_BYTES: Final = 32
SIGN_IN_LIFETIME: Final = timedelta(minutes=10)
MAX_UNDER_WAY: Final = 1_000
NOTE_AFTER: Final = timedelta(minutes=1)  # between notes that a session is in use
MAX_NAME: Final = 200
CALLBACK_PATH: Final = "/sign-in/callback"
SIGNED_OUT_PATH: Final = "/signed-out"
HOME: Final = "/"
# A page of our own, to go on with after the sign-in: no other host, however it is written.
_OWN_PAGE: Final = re.compile(r"/(?![/\\])[A-Za-z0-9_./-]{0,200}(\?[A-Za-z0-9_.=&-]{0,200})?\Z")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Somebody who is signed in. ``id`` is the digest of what their browser holds."""

    id: str
    subject: str
    name: str
    roles: str
    way: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A sign-in that is under way. ``state`` and ``browser`` are digests."""

    state: str
    browser: str
    nonce: str
    verifier: str
    issuer: str
    next: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what it must bring back."""

    url: str
    browser: str = field(repr=False)


def begin(
    provider: Provider,
    *,
    callback: str,
    next_page: str,
    language: str,
    now: datetime,
    random: Callable[[int], bytes],
) -> tuple[Leaving, SignInRow]:
    """A sign-in that goes on with ``next_page``: where the browser goes, and the row to keep.

    Raises:
        ServiceError: ``staff.offline``.
        ProtocolError: for a provider that cannot be used.
    """
    about = provider.metadata(now)
    state, browser, nonce, verifier = (b64url_encode(random(SECRET_BYTES)) for _ in range(4))
    row = SignInRow(
        state=digest(state),
        browser=digest(browser),
        nonce=nonce,
        verifier=verifier,
        issuer=about.issuer,
        next=own_page(next_page),
        ends_at=now + SIGN_IN_LIFETIME,
    )
    url = oidc.authorization_url(
        about,
        client_id=provider.client_id,
        redirect_uri=callback,
        state=state,
        nonce=nonce,
        verifier=verifier,
        scopes=provider.settings.scopes,
        acr_values=provider.settings.acr_asked or provider.settings.acr,
        language=language,
    )
    return Leaving(url, browser), row


def begun_here(begun: SignInRow | None, *, browser: str, expected_issuer: str) -> SignInRow:
    """``begun``, where it is this browser's and of the present provider.

    Raises:
        ServiceError: ``staff.sign_in_unknown``.
    """
    # RFC 9700 section 4.7: the state belongs to the browser that began, and works once.
    if begun is None or not compare_digest(begun.browser, digest(browser)):
        raise ServiceError("staff.sign_in_unknown")
    if begun.issuer != expected_issuer:
        raise ServiceError("staff.sign_in_unknown", "the provider was changed meanwhile")
    return begun


def finish(
    provider: Provider,
    parameters: Iterable[tuple[str, str]],
    *,
    begun: SignInRow,
    callback: str,
    now: datetime,
    random: Callable[[int], bytes],
) -> Vouched:
    """Whom the provider vouches for, by the callback's query as it came.

    Raises:
        ServiceError: ``staff.offline``.
        ProtocolError, JoseError, EncodingError: why nobody is signed in.
    """
    answer = oidc.read_callback(
        list(parameters),
        expected_issuer=begun.issuer,
        issuer_required=provider.metadata(now).names_issuer,
    )
    return provider.exchange(
        answer.code,
        verifier=begun.verifier,
        nonce=begun.nonce,
        redirect_uri=callback,
        now=now,
        jti=b64url_encode(random(SECRET_BYTES)),
    )


def name_of(vouched: Vouched) -> str:
    """The name that the provider tells, else its own name for them."""
    told = vouched.claims.get("name")
    name = told.strip()[:MAX_NAME] if isinstance(told, str) else ""
    return name or vouched.subject


def session_over(row: SessionRow, *, now: datetime, idle: timedelta) -> bool:
    """Whether the session has ended, by its length or for want of use."""
    return row.ends_at <= now or row.seen_at + idle <= now


def to_be_noted(row: SessionRow, *, now: datetime) -> bool:
    """Whether the last note of its use is so old that a new one is due."""
    return now - row.seen_at >= NOTE_AFTER


def sign_out_address(provider: Provider, *, return_to: str, now: datetime) -> str | None:
    """Where to sign out at the provider too; None where it offers nothing or is not there."""
    try:
        about = provider.metadata(now)
    except (EncodingError, ProtocolError, ServiceError):
        return None
    return oidc.sign_out_url(about, client_id=provider.client_id, return_to=return_to)


def own_page(wanted: str) -> str:
    """``wanted`` where it is a page of ours, else the first page (no open redirect)."""
    return wanted if _OWN_PAGE.match(wanted) and not wanted.startswith("/sign") else HOME


def own_path(path: str) -> str:
    """``path`` as an address of these pages; the first page for one that leads elsewhere."""
    # A browser reads //host and /\host as another site.
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else HOME


def digest(secret: str) -> str:
    """Of a secret with 100 bits or more, which needs no salt and no slow hash."""
    return b64url_encode(hashlib.sha256(secret.encode("utf-8", "replace")).digest())
