"""The pages of a desk at which staff sign in: ``staff_paths(...)`` gives them by name.

Each is a path and the cookies of somebody who may open it.
"""

from __future__ import annotations

from staff_world import Browser, asked_and_answered

CLERK, CLINICIAN, ADMIN, AUDITOR = "clerk", "clinician", "admin", "auditor"


def signed_in(app, provider, role):
    """The cookies of somebody with ``role``."""
    browser = Browser(app, provider)
    browser.sign_in(role)
    return browser.cookies


def staff_paths(world, desk, app, provider):
    """The path of each page, and the cookies to open it with."""
    of = {role: signed_in(app, provider, role) for role in (CLERK, CLINICIAN, ADMIN, AUDITOR)}
    result = f"/requests/{asked_and_answered(world, desk).id}"
    return {
        "sign in": ("/sign-in", {}),
        "sign in refused": ("/sign-in/callback?state=unknown&code=unknown", {}),
        "signed out": ("/signed-out", {}),
        "result closed to a clerk": (result, of[CLERK]),
        "result closed to a clinician": (result, of[CLINICIAN]),
        "set-up": ("/set-up", of[ADMIN]),
        "audit": ("/audit", of[AUDITOR]),
        "audit of nothing": ("/audit?day=nonsense", of[AUDITOR]),
    }
