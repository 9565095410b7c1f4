"""``passport-trust``: the authority's commands, and keeping a copy of its list.

No command prompts: passphrases come from files. Data goes to stdout, words to stderr. What is *not*
here: what a command does (``keeping``, ``ending``, ``following``).
"""

from __future__ import annotations

import typer

from healthpassport import terminal
from healthpassport.errors import ServiceError

from .ending import end_key
from .following import check, update
from .keeping import (
    add_issuer,
    add_verifier,
    init,
    publish,
    remove_issuer,
    remove_verifier,
    rotate_root,
    second_key,
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for _command in (
    init,
    add_issuer,
    add_verifier,
    remove_issuer,
    remove_verifier,
    end_key,
    second_key,
    publish,
    rotate_root,
    update,
    check,
):
    app.command()(_command)


@app.callback()
def _trust() -> None:
    """Say who may issue and who may ask, publish that list, and keep a copy of it."""


def main() -> None:
    """The entry of ``passport-trust``."""
    terminal.run(_run)


def _run() -> None:
    try:
        app()
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise ServiceError("authority.storage", said) from error
