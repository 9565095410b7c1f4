"""A backup beside the wallet of now, row for row: what is newer, changed or gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from healthpassport.errors import PassportError
from wallet.vault import PRIVATE_TABLES, CopiedRow, Vault

from .backup_words import day_words, said, table_words
from .shelf import read_record, view

_RECORDS: Final = "records"


@dataclass(slots=True)
class Difference:
    """Row ids by table: only in the wallet, only in the backup, and different in the two."""

    added: dict[str, list[int]] = field(default_factory=dict)
    removed: dict[str, list[int]] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class BackupTest:
    """What a test found. ``lines`` say it in words; ``rows`` counts what the backup holds."""

    made: datetime
    rows: Mapping[str, int]
    newest: bool
    added: Mapping[str, int]
    changed: Mapping[str, int]
    removed: Mapping[str, int]
    lines: tuple[str, ...]


def compare(live: Vault, restored: Vault, *, tables: tuple[str, ...], without: bytes) -> Difference:
    """Both vaults side by side; private tables only while their second unlock holds."""
    readable = [t for t in tables if t not in PRIVATE_TABLES or not live.private_locked]
    found = Difference()
    with (
        live.snapshot(readable, without=[without]) as now,
        restored.snapshot(readable, without=[without]) as then,
    ):
        _merge(now.rows(), then.rows(), found)
    return found


def _merge(now: Iterator[CopiedRow], then: Iterator[CopiedRow], found: Difference) -> None:
    """Both come in the order of tables and ids, so each row is looked at once."""
    ours, theirs = next(now, None), next(then, None)
    while ours or theirs:
        if theirs is None or (ours and _place(ours) < _place(theirs)):
            _note(found.added, ours)
            ours = next(now, None)
        elif ours is None or _place(theirs) < _place(ours):
            _note(found.removed, theirs)
            theirs = next(then, None)
        else:
            if ours != theirs:
                _note(found.changed, ours)
            ours, theirs = next(now, None), next(then, None)


def _place(row: CopiedRow) -> tuple[str, int]:
    return row.table, row.row


def _note(where: dict[str, list[int]], row: CopiedRow | None) -> None:
    if row is not None:
        where.setdefault(row.table, []).append(row.row)


def told(
    found: Difference,
    *,
    live: Vault,
    made: datetime,
    rows: Mapping[str, int],
    language: str,
    now: datetime,
) -> BackupTest:
    """The difference in words."""
    lines = [said("whole", language, day=day_words(made, language))]
    for name, part in (
        ("added", found.added),
        ("changed", found.changed),
        ("removed", found.removed),
    ):
        if part:
            named = part if name == "removed" else _named(part, live, language, now)
            lines.append(said(name, language, what="; ".join(_words(named, language))))
    lines.append(said("again" if found.any else "same", language))
    return BackupTest(
        made=made,
        rows=dict(rows),
        newest=not found.any,
        added=_counts(found.added),
        changed=_counts(found.changed),
        removed=_counts(found.removed),
        lines=tuple(lines),
    )


def _counts(part: Mapping[str, list[int]]) -> dict[str, int]:
    return {table: len(rows) for table, rows in part.items()}


def _words(part: Mapping[str, list[int] | list[str]], language: str) -> list[str]:
    words = []
    for table, rows in part.items():
        names = [name for name in rows if isinstance(name, str)]
        words += names or [f"{table_words(table, language)} ({len(rows)})"]
    return words


def _named(
    part: Mapping[str, list[int]], live: Vault, language: str, now: datetime
) -> dict[str, list[int] | list[str]]:
    """The same, with records by their names."""
    found: dict[str, list[int] | list[str]] = dict(part)
    with suppress(PassportError, KeyError, ValueError):  # a row that is no record has no name
        found[_RECORDS] = [
            f"{shown.label}, {shown.issuer}"
            for shown in (
                view(live, read_record(live, row), language=language, now=now)
                for row in part[_RECORDS]
            )
        ]
    return found
