"""What an admin sees: how this desk is set up, its keys and lists, and nothing of a patient.

What is *not* here: changing any of it (settings and commands), and results.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from healthpassport.languages import msg
from verifier.service.key_file import read_keys
from verifier.service.staff import ROLES, Role
from verifier.service.words import age_words

from .access import serving
from .languages import words_of
from .rendering import page

router = APIRouter()


@router.get("/set-up", response_class=HTMLResponse)
def set_up(request: Request) -> str:
    """The desk's name, registrations, lists, API keys and sign-in."""
    desk = serving(request)
    settings = desk.settings
    lists = desk.lists.views(datetime.now(UTC))
    say = words_of(request)
    version = lists.trust.trust_list.version
    nobody = say(
        msg("nobody signs in: %(role)s"),
        role=", ".join(say(ROLES[Role(name)]) for name in settings.role.split(",")),
    )
    rows = (
        (say(msg("Organisation")), desk.identity.ods or settings.organisation),
        (say(msg("Address for wallets")), settings.public_url),
        (say(msg("Name towards wallets")), desk.identity.client_id),
        (say(msg("Registered for")), ", ".join(sorted(desk.identity.registrations))),
        (say(msg("Trust list")), f"{version}, {age_words(lists.trust.age, say)}"),
        (say(msg("Status lists at hand")), str(len(lists.status))),
        (say(msg("Staff sign in with")), settings.oidc_issuer or nobody),
        (say(msg("Emergency codes left")), str(desk.sign_in.codes_left())),
    )
    known = sorted(read_keys(settings.api_keys_file), key=lambda key: key.name)
    keys = [(key.name, say(ROLES[key.role])) for key in known]
    return page(request, "set_up.html", rows=rows, keys=keys)
