"""Every page of the console by name: ``console_pages(...)`` opens them on two practices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console_reports import reported

from healthpassport.encoding import dump_json
from issuer.service.reports import answer_report, parse_answer


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
    "keys", "trust", "lists", "audit", "reports", "report", "report answered",
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
        **_kept(of["admin"]),
        **_reports(practice, of["corrections"]),
    }
    return {name: Page(base, *where) for name, where in found.items()}


def _kept(admin):
    return {
        "keys": ("/keys", admin),
        "trust": ("/trust", admin),
        "lists": ("/lists", admin),
        "audit": ("/audit", admin),
    }


def _reports(practice, corrections):
    """Reports that wait, one that is late, and one that was answered."""
    names = ("report-that-waits-here", "report-that-is-so-late", "report-with-an-answer")
    for name, days in zip(names, (0, 40, 27), strict=True):
        reported(practice, name, days_ago=days)
    told = parse_answer(dump_json({"outcome": "corrected", "words": "Thank you."}))
    answer_report(practice.issuer, names[2], told)
    return {
        "reports": ("/reports?answered=1", corrections),
        "report": (f"/reports/{names[1]}", corrections),
        "report answered": (f"/reports/{names[2]}", corrections),
    }
