"""Whether the entries of a trail are whole: hashes, links, numbers, gaps; if not, which is wrong.

Rules: entries are looked at once, in the order found, so that a trail of years needs no memory;
every one is looked at, also after the first that is wrong. What is *not* here: where entries come
from (``lines``, ``reports``), and what a person reads (the error catalogue has it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from .entries import first_hash
from .heads import Head
from .lines import Line

MAX_FINDINGS: Final = 1000
MAX_MISSING: Final = 100_000  # numbers of missing entries that may still turn up later
ALTERED: Final = "audit.altered"
REMOVED: Final = "audit.removed"
INSERTED: Final = "audit.inserted"
REORDERED: Final = "audit.reordered"
CUT: Final = "audit.cut"
HEAD: Final = "audit.head"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a code of the area ``audit``, and which entries, first and last.

    ``line`` is where it stands, counted from 1; 0 where it stands nowhere.
    """

    code: str
    first: int
    last: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A trail as found. ``first`` and ``last`` are numbers of entries; 0 where there is none.

    ``signed`` is the last entry that a signed head speaks for.
    """

    tenant: str
    trail: str
    first: int
    last: int
    entries: int
    signed: int
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(slots=True)
class Check:
    """A check under way: ``see`` each entry, then ``end``.

    ``base`` is the head in whose place older entries stood. ``anywhere`` lets a trail begin with
    any number, where its base could not be read.
    """

    base: Head | None = None
    heads: Collection[Head] = ()
    anywhere: bool = False
    tenant: str = ""
    trail: str = ""
    expected: int = 1
    findings: list[Finding] = field(default_factory=list)
    _first: int = 0
    _entries: int = 0
    _last: list[Line] = field(default_factory=list)  # all that have the number before ``expected``
    _missing: set[int] = field(default_factory=set)
    _broken: Line | None = None  # the entry after it follows something else
    _blind: bool = False  # what stood before could not be read
    _hashes: dict[int, str] = field(default_factory=dict)  # of the entries that heads speak of

    def __post_init__(self) -> None:
        if self.base is not None:
            self.tenant, self.trail = self.base.tenant, self.base.trail
            self.expected = self.base.seq + 1

    def see(self, line: Line) -> None:
        """The next entry."""
        self._entries += 1
        if not self.trail:
            self.tenant, self.trail = line.tenant, line.trail
        if (line.tenant, line.trail) != (self.tenant, self.trail):
            self._find(INSERTED, line)
            return
        if line.stated != line.found:
            self._find(ALTERED, line)
        if self.anywhere and not self._first:
            self.expected, self._blind = line.seq, True
        if line.seq < self.expected:
            self._late(line)
            return
        if line.seq > self.expected:
            self._skip(line)
        else:
            self._follow(line)
        self._first = self._first or line.seq
        self._blind = False
        self._last = [line]
        self.expected = line.seq + 1

    def wrong(self, code: str, *, at: int, line: int = 0) -> None:
        """Something that was found elsewhere: of entry ``at``, in that line."""
        self._add(Finding(code, at, at, line))

    def unreadable(self, code: str, line: int) -> None:
        """A line that is no entry: it may have been the next one."""
        self._add(Finding(code, self.expected, self.expected, line))
        self._blind = True

    def end(self) -> Report:
        """What was found, once every entry was seen."""
        told = {head.seq: head.hash for head in self.heads}
        ends = [one for one in self._last if one.stated == told.get(one.seq)]
        if self._broken is not None and self._last and self._last[0].seq in told and not ends:
            self._broken = self._last[0]  # neither its past nor the head knows it
        self._settle()
        self._choose(ends or self._last)
        for first, last in _runs(self._missing):
            self._add(Finding(REMOVED, first, last))
        for head in sorted(self.heads, key=lambda one: one.seq):
            self._hold_against(head)
        return Report(
            tenant=self.tenant,
            trail=self.trail,
            first=self._first,
            last=self.expected - 1,
            entries=self._entries,
            signed=max(told, default=0),
            findings=tuple(self.findings),
        )

    # -- inside -----------------------------------------------------------------------------

    def _late(self, line: Line) -> None:
        """A number that was passed already: it stands in the wrong place, or twice."""
        if line.seq in self._missing:
            self._missing.discard(line.seq)
            self._find(REORDERED, line)
        elif line.seq == self.expected - 1 and self._last:
            self._last.append(line)  # the next entry says which of them was written
        else:
            self._find(INSERTED, line)

    def _skip(self, line: Line) -> None:
        """Numbers are missing, unless the one line that could not be read was the missing one."""
        self._settle()
        self._choose(self._last)
        if self._blind and line.seq == self.expected + 1:
            return
        gone = range(self.expected, line.seq)
        if len(self._missing) + len(gone) <= MAX_MISSING:
            self._missing.update(gone)
        else:
            self._add(Finding(REMOVED, gone[0], gone[-1], line.where))

    def _follow(self, line: Line) -> None:
        """The entry has the right number: does it follow the one before it?"""
        if self._blind or not self._last:
            self._settle()
            self._choose(self._last)
            if not self._blind and line.previous != self._start():
                self._find(ALTERED, line)
            return
        written = [one for one in self._last if line.previous in {one.stated, one.found}]
        if written:
            self._settle()
            self._choose(written)
        elif self._broken is not None:
            # It knows neither its past nor its future, which know each other: it is the one.
            self._broken = None
            self._find(ALTERED, self._last[0])
            self._choose(self._last)
        else:
            self._broken = self._last[0]
            self._choose(self._last)

    def _start(self) -> str:
        """What the first entry follows."""
        return first_hash(self.tenant, self.trail) if self.base is None else self.base.hash

    def _choose(self, written: list[Line]) -> None:
        """Of several entries with one number the last of ``written`` was written there."""
        for other in self._last:
            if other is not written[-1]:
                self._find(INSERTED, other)
        for line in written[-1:]:
            if any(head.seq == line.seq for head in self.heads):
                self._hashes[line.seq] = line.stated
        self._last = written[-1:]

    def _settle(self) -> None:
        """A link that is broken once: the entry before it was written anew."""
        if self._broken is not None:
            broken, self._broken = self._broken, None
            self._find(ALTERED, broken)

    def _hold_against(self, head: Head) -> None:
        last = self.expected - 1
        if self.trail and (head.tenant, head.trail) != (self.tenant, self.trail):
            self._add(Finding(HEAD, head.seq, head.seq))
        elif head.seq > last:
            self._add(Finding(CUT, last + 1, head.seq))
        elif head.seq in self._hashes and self._hashes[head.seq] != head.hash:
            self._add(Finding(HEAD, head.seq, head.seq))

    def _find(self, code: str, line: Line) -> None:
        self._add(Finding(code, line.seq, line.seq, line.where))

    def _add(self, finding: Finding) -> None:
        if finding not in self.findings and len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as runs of neighbours."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
