"""``passport-issuer``: serve, make offers, see and change what was issued, read FHIR.

Data goes to stdout, words for people to stderr. Heavy imports stand inside the commands.
"""

from __future__ import annotations

from typing import Final

import typer

from healthpassport import terminal

from .audit import audit
from .backup import backup
from .bulk import bulk
from .changes import reinstate, replace, suspend, withdraw
from .clients import clients
from .clock import clock
from .codes import codes
from .database import database
from .deferred import deferred
from .doctor import doctor
from .erased import erased
from .extract import extract
from .forget import forget
from .grants import grants
from .issued import issued
from .jobs import jobs
from .key_changes import keys
from .offers import offers
from .preview import preview
from .records import records
from .reminders import reminders
from .reports import reports
from .serve import serve
from .sources import sources
from .status import status
from .vc_api import vc_api
from .webhooks import webhooks
from .worker import worker

__all__ = ["app", "main"]

# An id is base64url and may begin with a hyphen, which is no option then.
IDS: Final = {"ignore_unknown_options": True}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Issue signed records from FHIR, and say later whether they still stand.",
)
app.command()(extract)
app.command()(preview)
app.command()(serve)
app.command()(records)
app.command()(issued)
app.command(context_settings=IDS)(withdraw)
app.command(context_settings=IDS)(suspend)
app.command(context_settings=IDS)(reinstate)
app.command(context_settings=IDS)(replace)
app.command()(doctor)
app.command()(backup)
app.command()(erased)
app.command()(forget)
app.command()(clock)
app.command(name="vc-api")(vc_api)
app.add_typer(offers, name="offers")
app.add_typer(sources, name="sources")
app.add_typer(grants, name="grants")
app.add_typer(deferred, name="deferred")
app.add_typer(reports, name="reports")
app.add_typer(status, name="status")
app.add_typer(keys, name="keys")
app.add_typer(codes, name="codes")
app.add_typer(database, name="database")
app.add_typer(jobs, name="jobs")
app.add_typer(bulk, name="bulk")
app.command()(worker)
app.command()(reminders)
app.add_typer(clients, name="clients")
app.add_typer(webhooks, name="webhooks")
app.add_typer(audit, name="audit")


def main() -> None:
    """The console script ``passport-issuer``."""
    terminal.run(app)
