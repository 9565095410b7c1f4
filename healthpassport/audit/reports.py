"""A file or a database as a report: is this trail whole, and did its keeper sign that?

What is *not* here: the check of entries (``check``), and printing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from healthpassport.encoding import parse_json_object
from healthpassport.errors import PassportError, ServiceError
from healthpassport.keys import PublicKey

from .check import ALTERED, HEAD, INSERTED, Check, Report
from .entries import Place, Sealed
from .heads import Head, KeptHead, read_head
from .lines import Token, lines_of, read_entry, read_line

UNSIGNED: Final = "audit.unsigned"


class KeptEntries(Protocol):
    """A trail as an app keeps it in its database."""

    @property
    def tenant(self) -> str:
        """Whose trail it is."""

    def heads(self) -> tuple[KeptHead, ...]:
        """Every head that is kept, by number."""

    def last(self) -> Place | None:
        """The trail, and number and hash of its last entry; None where there is none."""

    def all(self) -> Iterator[Sealed]:
        """Every entry by its number."""


def check_file(
    data: Iterable[bytes], *, expected_keys: Sequence[PublicKey], outside: Sequence[Head] = ()
) -> Report:
    """The report on the lines ``data`` of an export.

    Args:
        data: lines with their ends.
        expected_keys: keys that may have signed its heads.
        outside: heads that were kept elsewhere, already read.
    """
    return _File(expected_keys, outside).checked(data)


class _File:
    """A file under way: at most one base, first; then entries; then one head, last."""

    def __init__(self, keys: Sequence[PublicKey], outside: Sequence[Head]) -> None:
        self._keys = keys
        self._outside = outside
        self._check = Check(heads=outside)
        self._head: Head | None = None
        self._headed = False

    def checked(self, data: Iterable[bytes]) -> Report:
        where = 0
        try:
            for where, raw in enumerate(lines_of(data), 1):
                self._see(raw, where)
        except ServiceError as error:  # the end of a line is missing
            self._check.unreadable(error.code, where + 1)
        check, head = self._check, self._head
        if not self._headed:
            check.wrong(UNSIGNED, at=check.expected - 1)
        if head is not None:
            check.heads = [*self._outside, head]
            if head.seq < check.expected - 1:  # behind the entry that the head calls the last
                check.wrong(INSERTED, at=check.expected - 1)
        return check.end()

    def _see(self, raw: bytes, where: int) -> None:
        try:
            line = read_line(raw, where)
        except ServiceError as error:
            self._check.unreadable(error.code, where)
            return
        if isinstance(line, Token):
            self._sign(line, where)
        elif self._headed:
            self._check.wrong(INSERTED, at=line.seq, line=where)
        else:
            self._check.see(line)

    def _sign(self, token: Token, where: int) -> None:
        found = None
        with suppress(ServiceError):
            found = read_head(token.head, expected_keys=self._keys)
        misplaced = self._headed or (token.is_base and where > 1)
        if misplaced or found is None:
            self._check.wrong(HEAD, at=self._check.expected - 1, line=where)
        if misplaced:
            return
        if token.is_base:
            anew = Check(base=found, heads=self._outside, anywhere=found is None)
            self._check = replace(anew, findings=self._check.findings)
        else:
            self._headed, self._head = True, found


def check_database(
    entries: KeptEntries, *, expected_keys: Sequence[PublicKey], outside: Sequence[Head] = ()
) -> Report:
    """The report on the trail in a database, which may be written meanwhile."""
    kept = entries.heads()
    end = entries.last()
    known = [(one, _head(one, expected_keys)) for one in kept]
    bases = [head for one, head in known if one.base and head is not None]
    heads = [head for one, head in known if not one.base and head is not None]
    # The row that the next entry follows is no signed head, and speaks of the end all the same.
    row = [] if end is None else [Head(entries.tenant, end.trail, end.seq, end.previous, "", "")]
    check = Check(
        base=bases[-1] if bases else None,
        heads=[*heads, *outside, *row],
        anywhere=not bases and any(one.base for one in kept),
    )
    for one, head in known:
        if head is None or head.seq != one.seq:
            check.wrong(HEAD, at=one.seq)
    for where, sealed in enumerate(entries.all(), 1):
        _see(check, sealed, where)
    if end is None and check.expected > 1:
        check.wrong(HEAD, at=check.expected - 1)
    signed = max((head.seq for head in (*bases, *heads, *outside)), default=0)
    return replace(check.end(), signed=signed)


def whole_until(entries: KeptEntries, through: int) -> str:
    """The name of the trail whose entries up to ``through``, and the next, are whole.

    Raises:
        ServiceError: the code of the first thing that is wrong.
    """
    check = Check(anywhere=True)
    for where, sealed in enumerate(entries.all(), 1):
        if sealed.seq > through + 1:
            break
        _see(check, sealed, where)
    for finding in check.end().findings[:1]:
        raise ServiceError(finding.code, f"entry {finding.first}")
    return check.trail


def _see(check: Check, sealed: Sealed, where: int) -> None:
    """An entry of the database, and the columns beside it by which it is found."""
    try:
        line = read_entry(sealed.entry.encode(), sealed.hash, where)
        told = parse_json_object(sealed.entry)
    except (PassportError, UnicodeEncodeError):
        check.unreadable("audit.form", where)
        return
    check.see(line)
    who = told["who"]
    person = (who["subject"] or who["desk"]) if isinstance(who, dict) else None
    second = f"{sealed.at:%Y-%m-%dT%H:%M:%S}"
    if (sealed.seq, sealed.event, sealed.person, second) != (
        line.seq,
        told["event"],
        person,
        str(told["at"])[: len(second)],
    ):
        check.wrong(ALTERED, at=line.seq, line=where)


def _head(kept: KeptHead, keys: Sequence[PublicKey]) -> Head | None:
    try:
        return read_head(kept.token, expected_keys=keys)
    except ServiceError:
        return None
