"""``passport-issuer clients``: record systems that may use the API with OAuth 2.0 (docs/api.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from issuer.service.scopes import Scope
    from issuer.store.api_clients import ApiClient

clients = typer.Typer(
    no_args_is_help=True, help="Record systems that may use the API, and what each may do."
)
Name = Annotated[str, typer.Argument(help="Lower case letters, digits and hyphens.")]


@clients.command("add")
def add(
    name: Name,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="What it may do, for example offers:create; may be repeated."),
    ] = None,
    jwks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Its public JWK or JWK Set; without it a secret is made."
        ),
    ] = None,
    dpop: Annotated[
        bool, typer.Option("--dpop", help="Give it tokens that are bound to a key alone.")
    ] = False,
    takes_over_key: Annotated[
        bool,
        typer.Option(
            "--takes-over-key",
            help="Let it have the name of an API key and what that made; the key counts no more.",
        ),
    ] = False,
    overlap: Annotated[
        int, typer.Option(min=0, help="Days for which a secret or key that stands still counts.")
    ] = 7,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add a record system, or give one that stands a new secret or key; a secret is told once."""
    from issuer.service.api_clients import add_client  # noqa: PLC0415 - cold start

    keys = None if jwks is None else _read(jwks)
    wanted = _scopes(scope or [])
    with opened(config) as issuer:
        made = add_client(
            issuer,
            name=name,
            scopes=wanted,
            jwks=keys,
            dpop=dpop,
            overlap_days=overlap,
            takes_over_key=takes_over_key,
        )
    if as_json:
        show_json({**_row(made.client), "secret": made.secret})
        return
    typer.echo(made.secret or made.client.name)
    if made.secret:
        say("This secret is shown once. It counts at once; one that stood before ends in time.")
    if not made.client.scopes:
        say(f"It may do nothing yet: passport-issuer clients scopes {name} SCOPE...")


@clients.command("list")
def list_clients(config: Config = None, as_json: AsJson = False) -> None:
    """List record systems: name, state, secrets and keys that count, scopes."""
    from issuer.service.api_clients import every_client  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = every_client(issuer)
    if not found and not as_json:
        say("No record system was added yet.")
    for client, known in found:
        secrets = sum(one.secret_hash is not None for one in known)
        if as_json:
            show_json({**_row(client), "secrets": secrets, "keys": len(known) - secrets})
            continue
        state = "ended" if client.ended_at is not None else "active"
        proofs = f"{secrets} secrets, {len(known) - secrets} key sets"
        typer.echo(f"{client.name:<24} {state:<7} {proofs}  {client.scopes}")


@clients.command("scopes")
def scopes(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Argument(help="What it may do from now on; none: nothing.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what a record system may do; tokens that it has lose the rest at once."""
    from issuer.service.api_clients import set_scopes  # noqa: PLC0415 - cold start

    wanted = _scopes(scope or [])
    with opened(config) as issuer:
        changed = set_scopes(issuer, name=name, scopes=wanted)
    _tell(changed, as_json=as_json)


@clients.command("end")
def end(name: Name, config: Config = None, as_json: AsJson = False) -> None:
    """End a record system for good: its secrets, keys and tokens count no more."""
    from issuer.service.api_clients import end_client  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        ended = end_client(issuer, name=name)
    _tell(ended, as_json=as_json)


def _tell(client: ApiClient, *, as_json: bool) -> None:
    if as_json:
        show_json(_row(client))
    else:
        state = "ended" if client.ended_at is not None else "active"
        typer.echo(f"{client.name}  {state}  {client.scopes}")


def _scopes(words: list[str]) -> frozenset[Scope]:
    from issuer.service.scopes import parse_scopes  # noqa: PLC0415 - cold start

    return parse_scopes(" ".join(words)) if words else frozenset()


def _read(path: Path) -> bytes:
    from healthpassport.errors import ProtocolError  # noqa: PLC0415 - cold start

    try:
        return path.read_bytes()
    except OSError as error:
        raise ProtocolError("api.client_key", f"the file {path.name} cannot be read") from error


def _row(client: ApiClient) -> dict[str, Json]:
    from issuer.service.context import utc  # noqa: PLC0415 - cold start

    return {
        "name": client.name,
        "scopes": list(client.scopes.split()),
        "dpop": client.dpop,
        "createdAt": utc(client.created_at).isoformat(),
        "endedAt": None if client.ended_at is None else utc(client.ended_at).isoformat(),
    }
