"""What happened: who was shown what kinds of things, and what was refused. Never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import VaultError
from healthpassport.receipts import Sent
from wallet.vault import Vault, Writer

from . import evidence


class HistoryKind(StrEnum):
    """What an entry tells of.

    ``GIVEN`` and ``ENDED`` are of copies lent to a helper, ``who`` is then the helper's name.
    ``NOT_DELIVERED``: it was sent and nobody said that it came. It may have been read all the same.
    """

    ADDED = "added"
    REMOVED = "removed"
    REFRESHED = "refreshed"
    SHARED = "shared"
    NOT_DELIVERED = "not_delivered"
    DECLINED = "declined"
    REFUSED = "refused"
    GIVEN = "given"
    ENDED = "ended"
    EMERGENCY_READ = "emergency_read"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line: ``what`` holds labels and counts, ``code`` why the wallet itself refused.

    ``person`` is the id of the passport that it was about.
    ``evidence`` is what a receipt is compared with: names and hashes of what was sent. ``asked``
    names what was asked for, by record type.
    """

    when: datetime
    kind: HistoryKind
    who: str = ""
    ods: str = ""
    purpose: str = ""
    retention: str = ""
    what: tuple[str, ...] = ()
    code: str = ""
    evidence: Sent | None = field(default=None, repr=False)
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    person: str = ""

    def wire(self) -> dict[str, Json]:
        """The entry as a JSON object, without its evidence."""
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
    return writer.add("history", _stored(entry))


def change_entry(writer: Writer, row: int, entry: HistoryEntry) -> None:
    """Write ``entry`` in the place of an earlier one."""
    writer.replace("history", row, _stored(entry))


def read_history(vault: Vault) -> tuple[HistoryEntry, ...]:
    """All entries, the newest first."""
    return tuple(entry for _, entry in read_rows(vault))


def read_rows(vault: Vault) -> tuple[tuple[int, HistoryEntry], ...]:
    """All entries with the rows that they stand in, the newest first.

    Raises:
        VaultError: ``vault.private_locked`` before the second unlock.
    """
    if vault.private_locked and not vault.locked:
        raise VaultError("vault.private_locked")
    found = [(row, read_entry(vault, row)) for row in vault.rows("history")]
    return tuple(sorted(found, key=lambda one: one[1].when, reverse=True))


def read_entry(vault: Vault, row: int) -> HistoryEntry:
    """The entry in ``row``; ``vault.not_found`` without it."""
    return _entry(parse_json_object(vault.read("history", row)))


def _stored(entry: HistoryEntry) -> bytes:
    more: dict[str, Json] = {}
    if entry.evidence is not None:
        more["evidence"] = evidence.to_wire(entry.evidence)
    if entry.asked:
        more["asked"] = {name: list(paths) for name, paths in entry.asked.items()}
    return dump_json({**entry.wire(), **more})


def _entry(stored: Mapping[str, Json]) -> HistoryEntry:
    """Only we write history, and the vault vouches for every byte of it."""
    what, sent, asked = stored["what"], stored.get("evidence"), stored.get("asked")
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
        evidence=evidence.from_wire(sent) if isinstance(sent, Mapping) else None,
        asked=_asked(asked) if isinstance(asked, Mapping) else {},
    )


def _asked(stored: Mapping[str, Json]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(str(path) for path in paths)
        for name, paths in stored.items()
        if isinstance(paths, list)
    }
