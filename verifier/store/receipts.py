"""Which receipts were given: an id, a time, whose, and keyed digests. Nothing clinical.

Rules: no name of a value and no value ever stands here; rows leave when they are too old; every
statement names one organisation. What is *not* here: the key of the digests (a file of the service)
and the receipts themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from healthpassport.errors import ServiceError

from .tables import RECEIPTS
from .together import together

_R = RECEIPTS.c
_OLD: Final = sa.delete(RECEIPTS).where(
    _R.tenant == sa.bindparam("own"), _R.created_at < sa.bindparam("before")
)
_ADD: Final = sa.insert(RECEIPTS)
FORGET_EVERY: Final = 60  # seconds between two looks for notes that are too old


@dataclass(frozen=True, slots=True)
class Note:
    """One receipt that was given. ``subject`` is the digest of what it was given for."""

    id: str
    kind: str
    organisation: str
    created_at: datetime
    subject: str
    receipt: str


class ReceiptNotes:
    """The notes of one organisation; every call may fail as ``ServiceError``."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant
        self._mine = _R.tenant == tenant
        self._forgot_before = 0

    def add(self, note: Note, *, forget_before: datetime) -> None:
        """Keep ``note``, and let go of those from before ``forget_before``, once a minute.

        Raises:
            ServiceError: ``verifier.receipt_note``.
        """
        before = int(forget_before.timestamp())
        is_due = before - self._forgot_before >= FORGET_EVERY
        try:
            with together(self._engine) as connection:
                if is_due:
                    connection.execute(_OLD, {"own": self._tenant, "before": before})
                connection.execute(_ADD, _values(note, self._tenant))
        except SQLAlchemyError as error:
            raise ServiceError("verifier.receipt_note") from error
        if is_due:
            self._forgot_before = before

    def find(self, receipt_id: str) -> Note | None:
        """The note of the receipt with that id, or None."""
        found = self._read(sa.select(RECEIPTS).where(self._mine, _R.id == receipt_id))
        return found[0] if found else None

    def recent(self, limit: int = 100) -> tuple[Note, ...]:
        """The latest notes, the newest first."""
        query = sa.select(RECEIPTS).where(self._mine)
        return self._read(query.order_by(_R.created_at.desc(), _R.id).limit(limit))

    def _read(self, query: sa.Select[tuple[object, ...]]) -> tuple[Note, ...]:
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
        except SQLAlchemyError as error:
            raise ServiceError("verifier.receipt_note") from error
        return tuple(_note(row) for row in rows)


def _values(note: Note, tenant: str) -> dict[str, object]:
    return {
        "tenant": tenant,
        "id": note.id,
        "kind": note.kind,
        "organisation": note.organisation,
        "created_at": int(note.created_at.timestamp()),
        "subject": note.subject,
        "receipt": note.receipt,
    }


def _note(row: sa.Row[tuple[object, ...]]) -> Note:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    return Note(
        id=found["id"],
        kind=found["kind"],
        organisation=found["organisation"],
        created_at=datetime.fromtimestamp(found["created_at"], UTC),
        subject=found["subject"],
        receipt=found["receipt"],
    )
