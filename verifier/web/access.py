"""Who may open which page: one table, and the door in front of all pages.

Rules: a page that does not stand here is refused to everybody, also one that is new; nobody is
told of a page before they are signed in. The service asks for the role again (``service.gate``).
What is *not* here: signing in (``sign_in``), and what of a result is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from healthpassport.errors import ServiceError
from verifier.service import Desk
from verifier.service.gate import GatedDesk, require
from verifier.service.staff import Action, StaffMember
from verifier.settings import VerifierSettings

PUBLIC: Final = None
ANYBODY: Final = frozenset(Action)

Needed = Action | frozenset[Action] | None

# What a page asks for: one action, one of several, or nothing at all.
GATES: Final[Mapping[tuple[str, str], Needed]] = MappingProxyType(
    {
        ("GET", "/"): ANYBODY,
        ("GET", "/today"): Action.ASK,
        ("POST", "/requests"): Action.ASK,
        ("GET", "/requests/{request_id}"): Action.ASK,
        ("GET", "/requests/{request_id}/events"): Action.ASK,
        ("POST", "/requests/{request_id}/close"): Action.ASK,
        ("POST", "/requests/{request_id}/confirm"): Action.ASK,
        ("POST", "/requests/{request_id}/care"): Action.CLINICAL,
        ("GET", "/requests/{request_id}/fhir"): Action.CLINICAL,
        ("GET", "/requests/{request_id}/record"): Action.CLINICAL,
        ("POST", "/requests/{request_id}/record"): Action.CLINICAL,
        ("GET", "/cards"): Action.CARD,
        ("POST", "/cards"): Action.CARD,
        ("GET", "/cards/{reading_id}"): Action.CARD,
        ("GET", "/cards/{reading_id}/receipt"): Action.CARD,
        ("POST", "/cards/{reading_id}/close"): Action.CARD,
        ("GET", "/audit"): Action.AUDIT,
        ("POST", "/audit/export"): Action.AUDIT,
        ("GET", "/set-up"): Action.SET_UP,
        ("GET", "/help"): ANYBODY,
        ("POST", "/language"): PUBLIC,
        ("GET", "/sign-in"): PUBLIC,
        ("GET", "/sign-in/go"): PUBLIC,
        ("GET", "/sign-in/callback"): PUBLIC,
        ("POST", "/sign-in/code"): PUBLIC,
        ("POST", "/sign-out"): PUBLIC,
        ("GET", "/signed-out"): PUBLIC,
    }
)


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of the two cookies. Behind https both are bound to the host (RFC 6265bis 4.1.3)."""

    session: str
    signing_in: str
    secure: bool

    @classmethod
    def of(cls, settings: VerifierSettings) -> Cookies:
        """Those of the page's address; ports of one host are told apart by the name alone."""
        parts = urlsplit(settings.web_address)
        secure = parts.scheme == "https"
        mark = "__Host-desk" if secure else "desk"
        mark += f"-{parts.port}" if parts.port else "" if secure else "-80"
        return cls(f"{mark}-session", f"{mark}-signing-in", secure)

    def give(self, response: Response, name: str, value: str, *, seconds: int | None) -> None:
        """Set a cookie. Lax: the way back from the provider is a link from another site."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


def serving(request: Request) -> Desk:
    """The desk that this request is for."""
    desk: Desk = request.app.state.desk
    return desk


def session_of(request: Request) -> str:
    """What the browser says it holds; empty where it holds nothing."""
    return request.cookies.get(Cookies.of(serving(request).settings).session, "")


def enter(request: Request) -> None:
    """Let a request in, or refuse it; who it is stands in ``request.state.staff`` from here.

    Raises:
        ServiceError: ``staff.signed_out``, ``staff.role``.
    """
    path = getattr(request.scope.get("route"), "path", "")
    member = serving(request).sign_in.member(session_of(request))
    request.state.staff = member
    if (request.method, path) not in GATES:
        raise ServiceError("staff.role", "no rule says who may open this page")
    needed = GATES[request.method, path]
    if needed is PUBLIC:
        return
    if member is None:
        raise ServiceError("staff.signed_out")
    if isinstance(needed, Action):
        require(member, needed)
    elif not any(member.may(action) for action in needed):
        raise ServiceError("staff.role")


def member_of(request: Request) -> StaffMember:
    """Who this request is of, behind the door."""
    member: StaffMember | None = getattr(request.state, "staff", None)
    if member is None:
        raise ServiceError("staff.signed_out")
    return member


def gated(request: Request) -> GatedDesk:
    """The desk as this request may use it."""
    return GatedDesk(serving(request), member_of(request))


Service = Annotated[GatedDesk, Depends(gated)]
Member = Annotated[StaffMember, Depends(member_of)]
