"""Keeping the audit trail: signed heads, writing it out, looking in it, letting go of what is old.

Rules: nothing is signed while anybody waits for it; entries are let go only as far as they are
whole, and a signed base takes their place. What is *not* here: writing (``audit``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from healthpassport.audit import (
    Actor,
    KeptHead,
    Place,
    Sealed,
    export_lines,
    sign_head,
    whole_until,
)
from healthpassport.audit.entries import digest
from healthpassport.encoding import dump_json
from healthpassport.errors import PassportError, ServiceError
from issuer.store import Store, Wanted
from issuer.store import audit as rows
from issuer.store.audit_tables import MAIN

if TYPE_CHECKING:
    from .context import IssuerContext

HEAD_EVERY: Final = 100  # entries between signed heads
HEAD_AFTER: Final = timedelta(hours=1)  # where something was written since the last head
FOUND_AT_ONCE: Final = 200
_LOG: Final = logging.getLogger(__name__)


class StoredTrail:
    """The trail as it lies in a database, for ``healthpassport.audit`` to check."""

    tenant: Final = MAIN

    def __init__(self, store: Store) -> None:
        self._store = store

    def heads(self) -> tuple[KeptHead, ...]:
        """Every head that is kept, by number."""
        with self._store.reading() as tx:
            return rows.heads(tx)

    def last(self) -> Place | None:
        """The trail, and number and hash of its last entry."""
        with self._store.reading() as tx:
            return rows.last(tx)

    def all(self) -> Iterator[Sealed]:
        """Every entry by its number, read in parts; what is written meanwhile may be among them."""
        after = -1
        while True:
            with self._store.reading() as tx:
                found = rows.page(tx, after)
            yield from found
            if len(found) < rows.PAGE:
                return
            after = found[-1].seq


def started(issuer: IssuerContext) -> None:
    """Write that the service began: with which key, under which settings. It starts in any case."""
    settings = dump_json(issuer.settings.model_dump(mode="json"))
    issuer.audit.note(
        "issuer.started",
        who=issuer.audit.own,
        key=issuer.signer.public_key.thumbprint(),
        settings=digest(settings),
    )


def tend(issuer: IssuerContext, *, letting_go: bool = True) -> None:
    """Bind what waits; sign a head and, if ``letting_go``, drop old entries where it is time.

    Never raises: what could not be done is tried again the next time.
    """
    try:
        issuer.audit.settle()
        if _head_is_due(issuer):
            head(issuer)
            if letting_go:
                prune(issuer)
    except PassportError as error:
        _LOG.warning("The audit trail was not tended and will be again: %s", error)


def rest(issuer: IssuerContext) -> None:
    """Before the issuer stops: bind everything, and sign the end. Never raises."""
    try:
        issuer.audit.settle(everything=True)
        if _unsigned(issuer):
            head(issuer)
    except PassportError as error:
        _LOG.warning("The end of the audit trail is not signed: %s", error)


def head(issuer: IssuerContext) -> str:
    """A head over everything up to now, signed and kept.

    Raises:
        ServiceError: ``issuer.unavailable``. KeyMaterialError: where the key cannot sign.
    """
    issuer.audit.settle()
    end = _end(issuer)
    token = _signed(issuer, end.trail, end.seq, end.previous)
    with issuer.store.writing() as tx:
        rows.keep_head(tx, KeptHead(end.seq, issuer.audit.now(), token))
    told = {"entry": end.seq, "head": end.previous}
    _LOG.info("audit head: entry %s, hash %s", end.seq, end.previous, extra=told)
    return token


def prune(issuer: IssuerContext) -> int:
    """Let go of entries that are too old, and say so; how many they were.

    They go only as far as they are whole: pruning never makes a trail good that was touched.

    Raises:
        ServiceError: ``issuer.unavailable``, or why the old part is not whole.
        KeyMaterialError: where the key cannot sign.
    """
    keep = issuer.settings.audit_lifetime
    if keep is None:
        return 0
    with issuer.store.reading() as tx:
        last = rows.last_before(tx, issuer.audit.now() - keep)
    if last is None:
        return 0
    trail = whole_until(StoredTrail(issuer.store), last.seq)
    token = _signed(issuer, trail, last.seq, last.hash)
    with issuer.store.writing() as tx:
        gone = rows.cut(tx, KeptHead(last.seq, issuer.audit.now(), token, base=True))
        issuer.audit.write("trail.pruned", who=issuer.audit.own, tx=tx, through=last.seq)
    return gone


def exported(issuer: IssuerContext, *, who: Actor) -> Iterator[bytes]:
    """The whole trail as lines, signed at the end; that it was exported is its last entry.

    Raises:
        ServiceError: ``issuer.unavailable``. KeyMaterialError: where the key cannot sign.
    """
    end, token = signed_end(issuer, who=who)
    stored = StoredTrail(issuer.store)
    yield from export_lines(stored.all(), heads=stored.heads(), end=end.seq, head=token)


def signed_end(issuer: IssuerContext, *, who: Actor) -> tuple[Place, str]:
    """The last entry, which says that ``who`` exports the trail, and a head over it; not kept.

    Raises:
        ServiceError: ``issuer.unavailable``. KeyMaterialError: where the key cannot sign.
    """
    issuer.audit.write("trail.exported", who=who)
    issuer.audit.settle()
    end = _end(issuer)
    return end, _signed(issuer, end.trail, end.seq, end.previous)


def found(
    issuer: IssuerContext, wanted: Wanted, *, who: Actor, limit: int = FOUND_AT_ONCE
) -> tuple[Sealed, ...]:
    """The latest entries of those wanted, the newest first; that they were read is written too.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    issuer.audit.write("trail.read", who=who)
    issuer.audit.settle()
    with issuer.store.reading() as tx:
        return rows.find(tx, wanted, limit)


def _end(issuer: IssuerContext) -> Place:
    with issuer.store.reading() as tx:
        end = rows.last(tx)
    if end is None:
        raise ServiceError("audit.not_written", "the trail was never begun")
    return end


def _unsigned(issuer: IssuerContext) -> int:
    """How many entries stand behind the last head."""
    with issuer.store.reading() as tx:
        end, newest = rows.last(tx), rows.newest_head(tx)
    return 0 if end is None else end.seq - (0 if newest is None else newest.seq)


def _head_is_due(issuer: IssuerContext) -> bool:
    with issuer.store.reading() as tx:
        end, newest = rows.last(tx), rows.newest_head(tx)
    if end is None or (newest is not None and end.seq <= newest.seq):
        return False
    if newest is None or end.seq - newest.seq >= HEAD_EVERY:
        return True
    # Either way: a head of a clock that was ahead must not put off the next until then.
    return abs(issuer.audit.now() - newest.at) >= HEAD_AFTER


def _signed(issuer: IssuerContext, trail: str, seq: int, entry_hash: str) -> str:
    """A head that says that entry ``seq`` of ``trail`` has this hash; it is not kept here."""
    return sign_head(
        tenant=MAIN,
        trail=trail,
        seq=seq,
        entry_hash=entry_hash,
        at=issuer.audit.now(),
        signer=issuer.signer,
        chain=issuer.x5c,
    )
