"""Who does what at the console, as the audit trail names them. What is *not* here: the trail."""

from __future__ import annotations

from healthpassport.audit import Actor
from issuer.service.audit import CONSOLE
from issuer.service.context import IssuerContext

from .staff import StaffMember


def actor(issuer: IssuerContext, member: StaffMember | None = None) -> Actor:
    """``member`` at the console of ``issuer``; None is somebody who is not signed in."""
    if member is None:
        return Actor(issuer.settings.ods, CONSOLE)
    return Actor(issuer.settings.ods, CONSOLE, member.subject, member.role.value)
