"""Every page of the console by name: ``console_pages(...)`` opens them on two practices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Page:
    """Where a page is, and as whom it is opened."""

    base: str
    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self):
        return self.base + self.path


# Each page of the console: whose role opens it. "" is somebody who is not signed in.
NAMES = (
    "home", "help", "set-up", "problem", "sign in", "sign in refused", "signed out",
)  # fmt: skip


def console_pages(practice, base):
    """Each page of ``practice``, which is served at ``base``."""
    of = {
        role: practice.browser(role).cookies
        for role in ("clerk", "clinician", "corrections", "admin")
    }
    found = {
        "home": ("/", of["clerk"]),
        "help": ("/help", of["clerk"]),
        "set-up": ("/set-up", of["admin"]),
        "problem": ("/set-up", of["clerk"]),
        "sign in": ("/sign-in", {}),
        "sign in refused": ("/sign-in/callback?state=unknown&code=unknown", {}),
        "signed out": ("/signed-out", {}),
    }
    return {name: Page(base, *where) for name, where in found.items()}
