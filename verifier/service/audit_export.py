"""The whole trail as lines, for an auditor or another system.

What is *not* here: the form of the lines (``healthpassport.audit``).
"""

from __future__ import annotations

from collections.abc import Iterator

from healthpassport.audit import Actor, export_lines
from healthpassport.errors import ServiceError

from .audit import AuditTrail


def exported(trail: AuditTrail, *, who: Actor) -> Iterator[bytes]:
    """The whole trail as lines, signed at the end; that it was exported is its last entry.

    Raises:
        ServiceError: ``audit.not_written``.
        KeyMaterialError: where the key cannot sign.
    """
    trail.write("trail.exported", who=who)
    end = trail.entries.last()
    if end is None:
        raise ServiceError("audit.not_written", "the trail was never begun")
    head = trail.signed(end.trail, end.seq, end.previous)
    yield from export_lines(trail.all(), heads=trail.entries.heads(), end=end.seq, head=head)
