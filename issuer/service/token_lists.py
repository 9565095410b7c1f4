"""Token status lists as they are served: signed anew when an entry changed, or when they grow old.

So a withdrawal is seen at the next look, whichever process made it. What takes long, building and
compressing, is done when an entry changed; signing alone when a list grows old. What is *not*
here: lists for W3C records (``bitstrings``), and lists as files (``list_files``).
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.status import cwt
from healthpassport.status.entries import StatusList, build, compress
from healthpassport.status.token_status_list import sign
from issuer.store import statuses

from .context import IssuerContext, utc

STATUS_PATH: Final = "/status/"
STATUS_BITS: Final = 2  # valid, withdrawn, suspended, replaced
_GZIP_LEVEL: Final = 6  # the list inside is compressed: this takes away what base64url added


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list as it is served, the version of its entries, when it was signed.

    ``cwt`` is the same list as a CWT, None where there is none; ``packed`` the array inside with
    its compressed form, to be signed again.
    """

    text: str
    version: int
    issued_at: int
    fresh_until: int
    cwt: bytes | None = None
    packed: tuple[StatusList, bytes] | None = None

    def is_fresh(self, now: int) -> bool:
        """Whether it is served on; never one of a clock that was ahead, which desks refuse."""
        return self.issued_at - CLOCK_SKEW.seconds <= now < self.fresh_until

    @property
    def etag(self) -> str:
        """A strong validator for exactly this text (RFC 9110 section 8.8.3)."""
        return etag(self.text.encode())


def etag(body: bytes) -> str:
    """A strong validator for exactly this ``body``."""
    return f'"{b64url_encode(hashlib.sha256(body).digest())[:22]}"'


def gzipped(body: bytes) -> bytes:
    """``body`` in the content coding gzip (draft section 8.2), the same at each call."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def list_uri(issuer: IssuerContext, number: int) -> str:
    """The address of status list ``number``."""
    return issuer.url(f"{STATUS_PATH}{number}")


def list_uris(issuer: IssuerContext) -> tuple[str, ...]:
    """The addresses of all status lists, for the trust list and for desks."""
    with issuer.store.reading() as tx:
        return tuple(list_uri(issuer, entry.number) for entry in statuses.lists(tx))


def published_list(issuer: IssuerContext, number: int) -> PublishedList:
    """Status list ``number`` as it stands now.

    Raises:
        ServiceError: ``not_found``, ``issuer.list_retired``.
    """
    now = issuer.now()
    held = issuer.published.get(number)
    with issuer.store.reading() as tx:
        state = statuses.find(tx, number)
        if state is None or state.retired_at is not None:
            raise ServiceError("not_found" if state is None else "issuer.list_retired")
        packed = None if held is None or held.version != state.version else held.packed
        if held is not None and packed is not None and held.is_fresh(now):
            return held
        marked = () if packed is not None else statuses.marked(tx, number)
    if packed is None:
        array = build(bits=STATUS_BITS, size=state.size, entries=marked)
        packed = array, compress(array.data)
    fresh = _signed(issuer, number, packed, version=state.version, now=now)
    issuer.published[number] = fresh
    return fresh


def _signed(
    issuer: IssuerContext,
    number: int,
    packed: tuple[StatusList, bytes],
    *,
    version: int,
    now: int,
) -> PublishedList:
    key, ttl = issuer.signing, issuer.settings.status_ttl_seconds
    array, compressed = packed
    times = {"issued_at": utc(now), "expires_at": _end(issuer, now)}
    uri, seconds = list_uri(issuer, number), timedelta(seconds=ttl)
    text = sign(
        array,
        uri=uri,
        issuer=issuer.settings.iss,
        signer=key.signer,
        ttl=seconds,
        x5c=key.x5c,
        compressed=compressed,
        **times,
    )
    twin = None
    if cwt.can_sign(key.signer):
        twin = cwt.sign(
            array,
            uri=uri,
            signer=key.signer,
            ttl=seconds,
            x5c=key.x5c,
            compressed=compressed,
            **times,
        )
    return PublishedList(text, version, now, now + max(ttl // 2, 1), twin, packed)


def _end(issuer: IssuerContext, now: int) -> datetime:
    return utc(now) + timedelta(hours=issuer.settings.status_hours)
