"""``passport-issuer``: the issuer's commands.

Every command is noun or verb, data on stdout, words on stderr. Heavy imports stand inside the
commands. What is *not* here: what a command does (one file each).
"""

from __future__ import annotations

import typer

from healthpassport import terminal

from .extract import extract

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(extract)


@app.callback()
def _issuer() -> None:
    """Read FHIR, issue signed record summaries, withdraw them."""


def main() -> None:
    """The entry of ``passport-issuer``."""
    terminal.run(app)
