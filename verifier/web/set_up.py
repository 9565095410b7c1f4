"""What an admin sees: how this desk is set up, its keys and lists, and nothing of a patient.

What is *not* here: changing any of it (settings and commands), and results.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from verifier.service.api_keys import load_key_roles
from verifier.service.words import age_words

from .access import serving
from .rendering import page

router = APIRouter()


@router.get("/set-up", response_class=HTMLResponse)
def set_up(request: Request) -> str:
    """The desk's name, registrations, lists, API keys and sign-in."""
    desk = serving(request)
    settings = desk.settings
    lists = desk.lists.views(datetime.now(UTC))
    rows = (
        ("Organisation", desk.identity.ods or settings.organisation),
        ("Address for wallets", settings.public_url),
        ("Name towards wallets", desk.identity.client_id),
        ("Registered for", ", ".join(sorted(desk.identity.registrations)) or "nothing"),
        ("Trust list", f"version {lists.trust.trust_list.version}, {age_words(lists.trust.age)}"),
        ("Status lists at hand", str(len(lists.status))),
        ("Staff sign in with", settings.oidc_issuer or f"nobody signs in: {settings.role}"),
        ("Emergency codes left", str(desk.sign_in.codes_left())),
    )
    keys = sorted(load_key_roles(settings).items())
    return page(request, "set_up.html", rows=rows, keys=keys)
