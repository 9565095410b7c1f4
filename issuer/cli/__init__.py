"""``passport-issuer``: serve, make offers, see and change what was issued, read FHIR.

Data goes to stdout, words for people to stderr. Heavy imports stand inside the commands.
"""

from __future__ import annotations

import typer

from healthpassport import terminal

from .changes import reinstate, replace, suspend, withdraw
from .codes import codes
from .doctor import doctor
from .extract import extract
from .issued import issued
from .keys import keys
from .offers import offers
from .preview import preview
from .records import records
from .serve import serve
from .status import status

__all__ = ["app", "main"]

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
app.command()(withdraw)
app.command()(suspend)
app.command()(reinstate)
app.command()(replace)
app.command()(doctor)
app.add_typer(offers, name="offers")
app.add_typer(status, name="status")
app.add_typer(keys, name="keys")
app.add_typer(codes, name="codes")


def main() -> None:
    """The console script ``passport-issuer``."""
    terminal.run(app)
