"""The whole trail as lines, for an auditor or another system.

What is *not* here: the form of the lines (``audit_lines``).
"""

from __future__ import annotations

from collections.abc import Iterator

from healthpassport.encoding import jcs
from healthpassport.errors import ServiceError

from .audit import Actor, AuditTrail


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
    bases = [kept.token for kept in trail.entries.heads() if kept.base]
    for token in bases[-1:]:
        yield jcs({"base": token}) + b"\n"
    for kept in trail.all():
        if kept.seq > end.seq:
            break
        yield f'{{"entry":{kept.entry},"hash":"{kept.hash}"}}\n'.encode()
    yield jcs({"head": head}) + b"\n"
