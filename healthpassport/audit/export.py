"""A whole trail as lines, for an auditor or another system.

What is *not* here: the form of the lines as they are read (``lines``), and that it was exported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthpassport.encoding import jcs

from .entries import Sealed
from .heads import KeptHead


def export_lines(
    entries: Iterable[Sealed], *, heads: Iterable[KeptHead], end: int, head: str
) -> Iterator[bytes]:
    """The lines of a trail, each with its end.

    Args:
        entries: all of them, by number.
        heads: those that are kept; the last base stands for what was let go.
        end: the number of the last entry that is told.
        head: signed, over the entries up to ``end``.
    """
    for kept in [one for one in heads if one.base][-1:]:
        yield jcs({"base": kept.token}) + b"\n"
    for one in entries:
        if one.seq > end:
            break
        yield f'{{"entry":{one.entry},"hash":"{one.hash}"}}\n'.encode()
    yield jcs({"head": head}) + b"\n"
