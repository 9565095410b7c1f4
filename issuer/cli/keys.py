"""``passport-issuer keys add NAME``: a key for a practice's own system."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from .opening import AsJson, Config, say, show_json

keys = typer.Typer(no_args_is_help=True, help="API keys of the systems that make offers.")


@keys.callback()
def _group() -> None:
    """Keep `add` a command of its own."""


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower case letters, digits and hyphens.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, once; only its hash is kept. Restart the server after it."""
    from issuer.service.clients import add_client  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415

    made = add_client(load(config).api_keys, name=name, random=secrets.token_bytes)
    if as_json:
        show_json({"name": made.name, "key": made.key})
        return
    typer.echo(made.key)
    say("This key is shown once. Restart `passport-issuer serve` to let it in.")
