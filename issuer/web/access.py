"""Who may open which page: one table, and the door in front of all pages.

Rules: a page that does not stand here is refused to everybody, also one that is new; nobody is
told of a page before they are signed in. The service asks for the role again. What is *not* here:
signing in (``sign_in``), and what each role may do (``service.console.staff``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from healthpassport.errors import ServiceError
from issuer.service.console import Console
from issuer.service.console.staff import Action, StaffMember, require
from issuer.settings import Settings

PUBLIC: Final = None
ANYBODY: Final = frozenset(Action)

Needed = Action | frozenset[Action] | None

# What a page asks for: one action, one of several, or nothing at all.
GATES: Final[Mapping[tuple[str, str], Needed]] = MappingProxyType(
    {
        ("GET", "/"): ANYBODY,
        ("GET", "/help"): ANYBODY,
        ("GET", "/find"): Action.PREPARE,
        ("POST", "/find"): Action.PREPARE,
        ("POST", "/find/open"): Action.PREPARE,
        ("POST", "/upload"): Action.PREPARE,
        ("GET", "/prepared/{name}"): Action.PREPARE,
        ("GET", "/prepared/{name}/identity"): Action.PREPARE,
        ("POST", "/prepared/{name}/identity"): Action.PREPARE,
        ("POST", "/prepared/{name}/choose"): Action.PREPARE,
        ("POST", "/prepared/{name}/sign-off"): Action.SIGN_OFF,
        ("POST", "/prepared/{name}/drop"): Action.PREPARE,
        ("GET", "/prepared/{name}/hand-over"): Action.PREPARE,
        ("POST", "/prepared/{name}/hand-over"): Action.PREPARE,
        ("GET", "/handed/{offer}"): Action.PREPARE,
        ("GET", "/handed/{offer}/letter"): Action.PREPARE,
        ("POST", "/handed/{offer}/pin"): Action.PREPARE,
        ("GET", "/today"): Action.STATUS,
        ("GET", "/given"): Action.STATUS,
        ("POST", "/given"): Action.STATUS,
        ("GET", "/offers/{offer}"): Action.STATUS,
        ("GET", "/offers/{offer}/change"): Action.STATUS,
        ("POST", "/offers/{offer}/change"): Action.STATUS,
        ("GET", "/forget"): Action.FORGET,
        ("POST", "/forget"): Action.FORGET,
        ("POST", "/forget/now"): Action.FORGET,
        ("GET", "/forget/done"): Action.FORGET,
        ("GET", "/set-up"): Action.SET_UP,
        ("GET", "/keys"): Action.SET_UP,
        ("GET", "/trust"): Action.SET_UP,
        ("GET", "/lists"): Action.SET_UP,
        ("GET", "/audit"): Action.AUDIT,
        ("POST", "/audit"): Action.AUDIT,
        ("POST", "/audit/export"): Action.AUDIT,
        ("GET", "/reports"): Action.REPORTS,
        ("GET", "/reports/{report}"): Action.REPORTS,
        ("POST", "/reports/{report}"): Action.REPORTS,
        ("GET", "/prepared/{name}/card"): Action.CARD,
        ("POST", "/prepared/{name}/card"): Action.CARD,
        ("GET", "/cards/lost"): Action.CARD,
        ("POST", "/cards/lost"): Action.CARD,
        ("GET", "/cards/{card}"): Action.CARD,
        ("GET", "/cards/{card}/print"): Action.CARD,
        ("GET", "/cards/{card}/large"): Action.CARD,
        ("GET", "/cards/{card}/aloud"): Action.CARD,
        ("POST", "/cards/{card}/forget"): Action.CARD,
        ("GET", "/many"): Action.BULK,
        ("POST", "/many/plan"): Action.BULK,
        ("GET", "/many/plans/{plan}"): Action.BULK,
        ("POST", "/many/plans/{plan}/more"): Action.BULK,
        ("POST", "/many/plans/{plan}/start"): Action.BULK,
        ("GET", "/many/runs/{run}"): Action.BULK,
        ("POST", "/many/runs/{run}/cancel"): Action.BULK,
        ("GET", "/waiting"): Action.SIGN_OFF,
        ("GET", "/waiting/{record}"): Action.SIGN_OFF,
        ("POST", "/waiting/{record}/look"): Action.SIGN_OFF,
        ("POST", "/waiting/{record}"): Action.SIGN_OFF,
        ("POST", "/language"): PUBLIC,
        ("GET", "/sign-in"): PUBLIC,
        ("GET", "/sign-in/go"): PUBLIC,
        ("GET", "/sign-in/callback"): PUBLIC,
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
    def of(cls, settings: Settings) -> Cookies:
        """Those of the console's address; ports of one host are told apart by the name alone."""
        parts = urlsplit(settings.web_address)
        secure = parts.scheme == "https"
        mark = "__Host-console" if secure else "console"
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


def serving(request: Request) -> Console:
    """The console that this request is for."""
    console: Console = request.app.state.console
    return console


def session_of(request: Request) -> str:
    """What the browser says it holds; empty where it holds nothing."""
    return request.cookies.get(Cookies.of(serving(request).issuer.settings).session, "")


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


Service = Annotated[Console, Depends(serving)]
Member = Annotated[StaffMember, Depends(member_of)]
