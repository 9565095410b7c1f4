"""The commands about API keys as typer sees them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

keys = typer.Typer(help="API keys of the systems that call this desk.", no_args_is_help=True)
earlier = typer.Typer(help="The earlier name of keys.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with a version.")]
RoleName = Annotated[
    Literal["clerk", "clinician", "auditor", "admin"],
    typer.Option(
        "--role", help="What the caller may do: a clerk sees who a patient is, nothing clinical."
    ),
]


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What this key is called: the system that calls.")],
    role: RoleName = "clinician",
    desk: Annotated[
        str | None,
        typer.Option(help="The desk whose requests it sees, where that is not its own name."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Days until it runs out; without this, never.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key; it is printed once and only its digest is kept."""
    from . import keys as given  # noqa: PLC0415

    given.add(name, role=role, desk=desk, days=days, as_json=as_json)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the API keys: desk, role, until when, and the day of the last use."""
    from . import keys as given  # noqa: PLC0415

    given.show(as_json=as_json)


@keys.command("remove")
def remove_key(
    name: Annotated[str, typer.Argument(help="The name that add was given.")],
) -> None:
    """Take an API key out; a running desk refuses it from then on."""
    from . import keys as given  # noqa: PLC0415

    given.remove(name)


@earlier.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="The name of the desk or system that will call.")],
    role: RoleName = "clinician",
    as_json: AsJson = False,
) -> None:
    """Make an API key: the earlier name of keys add."""
    from . import keys as given  # noqa: PLC0415

    given.add(name, role=role, desk=None, days=None, as_json=as_json)
