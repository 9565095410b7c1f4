"""Reports of errors in the vault: what was said, to whom, and what came of it.

What is *not* here: sending and fetching (``reports``), and how a record looks (``shelf``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from wallet.vault import Vault, Writer

SENDING: Final = "sending"  # written down, not taken by the surgery yet
OPEN: Final = "open"
ANSWERED: Final = "answered"
DISPUTED: Final = "disputed"
_SUMMARY: Final = "EmergencySummary"  # made of the others
_TAG: Final = "reports"


@dataclass(frozen=True, slots=True)
class OwnReport:
    """One report as its writer's wallet keeps it; ``key`` opens the surgery's answer.

    ``due_by`` is None until the surgery has taken it; ``outcome`` is ``corrected``,
    ``not_changed`` or empty.
    """

    row: int
    id: str
    iss: str
    issuer: str
    person: str
    record_type: str
    words: str
    made_at: datetime
    key: Mapping[str, Json] = field(repr=False)
    state: str = SENDING
    due_by: datetime | None = None
    outcome: str = ""
    answer: str = ""

    @property
    def waits(self) -> bool:
        """Whether the surgery has not answered yet."""
        return self.state != ANSWERED

    def is_about(self, *, iss: str, person: str, record_type: str) -> bool:
        """Whether a record of ``record_type`` is in question through this report."""
        ours = (iss, person) == (self.iss, self.person)
        return ours and record_type in {self.record_type, _SUMMARY}

    def wire(self) -> bytes:
        """The report as it is stored."""
        return dump_json(
            {
                "id": self.id,
                "iss": self.iss,
                "issuer": self.issuer,
                "person": self.person,
                "type": self.record_type,
                "words": self.words,
                "madeAt": self.made_at.isoformat(),
                "key": self.key,
                "state": self.state,
                "dueBy": None if self.due_by is None else self.due_by.isoformat(),
                "outcome": self.outcome,
                "answer": self.answer,
            }
        )


def read_own_reports(vault: Vault) -> tuple[OwnReport, ...]:
    """Every report, the newest first."""
    rows = vault.rows("state", tag=vault.tag(_TAG))
    found = [_report(row, vault.read("state", row)) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.made_at, one.row), reverse=True))


def add_own_report(writer: Writer, vault: Vault, made: OwnReport) -> int:
    """Keep a new report, as part of a transaction."""
    return writer.add("state", made.wire(), tag=vault.tag(_TAG))


def change_own_report(vault: Vault, changed: OwnReport) -> None:
    """Write ``changed`` in the place of what stood in its row."""
    with vault.transaction() as writer:
        writer.replace("state", changed.row, changed.wire())


def is_disputed(vault: Vault, *, iss: str, person: str, record_type: str) -> bool:
    """Whether the owner has said that something in this record is wrong, and has no answer yet."""
    return any(
        one.waits and one.is_about(iss=iss, person=person, record_type=record_type)
        for one in read_own_reports(vault)
    )


def _report(row: int, data: bytes) -> OwnReport:
    """Only we write reports, and the vault vouches for every byte of them."""
    stored = parse_json_object(data)
    key, due = stored["key"], stored["dueBy"]
    return OwnReport(
        row=row,
        id=str(stored["id"]),
        iss=str(stored["iss"]),
        issuer=str(stored["issuer"]),
        person=str(stored["person"]),
        record_type=str(stored["type"]),
        words=str(stored["words"]),
        made_at=datetime.fromisoformat(str(stored["madeAt"])).astimezone(UTC),
        key=key if isinstance(key, Mapping) else {},
        state=str(stored["state"]),
        due_by=None if due is None else datetime.fromisoformat(str(due)).astimezone(UTC),
        outcome=str(stored["outcome"]),
        answer=str(stored["answer"]),
    )
