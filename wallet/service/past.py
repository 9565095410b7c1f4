"""What happened: who was shown what kinds of things, and what was refused. Never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from healthpassport.encoding import Json, dump_json, parse_json_object
from wallet.vault import Vault, Writer


class HistoryKind(StrEnum):
    """What an entry tells of.

    ``NOT_DELIVERED``: it was sent and nobody said that it came. It may have been read all the same.
    """

    ADDED = "added"
    REMOVED = "removed"
    REFRESHED = "refreshed"
    SHARED = "shared"
    NOT_DELIVERED = "not_delivered"
    DECLINED = "declined"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line: ``what`` holds labels and counts, ``code`` why the wallet itself refused.

    ``person`` is the id of the passport that it was about.
    """

    when: datetime
    kind: HistoryKind
    who: str = ""
    ods: str = ""
    purpose: str = ""
    retention: str = ""
    what: tuple[str, ...] = ()
    code: str = ""
    person: str = ""

    def wire(self) -> dict[str, Json]:
        """The entry as a JSON object."""
        return {
            "when": self.when.isoformat(),
            "kind": self.kind.value,
            "who": self.who,
            "ods": self.ods,
            "purpose": self.purpose,
            "retention": self.retention,
            "what": list(self.what),
            "code": self.code,
            "person": self.person,
        }


def add_entry(writer: Writer, entry: HistoryEntry) -> int:
    """Write ``entry`` as part of a transaction."""
    return writer.add("history", dump_json(entry.wire()))


def change_entry(writer: Writer, row: int, entry: HistoryEntry) -> None:
    """Write ``entry`` in the place of an earlier one."""
    writer.replace("history", row, dump_json(entry.wire()))


def read_history(vault: Vault) -> tuple[HistoryEntry, ...]:
    """All entries, the newest first."""
    entries = [_entry(parse_json_object(vault.read("history", r))) for r in vault.rows("history")]
    return tuple(sorted(entries, key=lambda entry: entry.when, reverse=True))


def _entry(stored: Mapping[str, Json]) -> HistoryEntry:
    """Only we write history, and the vault vouches for every byte of it."""
    what = stored["what"]
    return HistoryEntry(
        when=datetime.fromisoformat(str(stored["when"])),
        kind=HistoryKind(str(stored["kind"])),
        who=str(stored["who"]),
        ods=str(stored["ods"]),
        purpose=str(stored["purpose"]),
        retention=str(stored["retention"]),
        what=tuple(str(line) for line in what) if isinstance(what, list) else (),
        code=str(stored["code"]),
        person=str(stored.get("person", "")),
    )
