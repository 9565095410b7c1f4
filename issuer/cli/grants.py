"""``passport-issuer grants list|stop``: which wallets may come back for newer records."""

from __future__ import annotations

from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

grants = typer.Typer(no_args_is_help=True, help="Wallets that may come back for newer records.")


@grants.command("list")
def list_grants(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List grants, newest first: id, state, days. No person is named: the database knows none."""
    from issuer.service import all_grants  # noqa: PLC0415 - cold start
    from issuer.service.context import utc  # noqa: PLC0415

    with opened(config) as issuer:
        found = all_grants(issuer, limit=limit)
    if not found and not as_json:
        say("No wallet may come back yet.")
    for grant in found:
        used, until = (
            utc(moment).date().isoformat() for moment in (grant.used_at, grant.expires_at)
        )
        if as_json:
            show_json(
                {
                    "id": grant.id,
                    "state": grant.state.value,
                    "source": grant.sealed is not None,
                    "createdAt": utc(grant.created_at).isoformat(),
                    "usedAt": utc(grant.used_at).isoformat(),
                    "expiresAt": utc(grant.expires_at).isoformat(),
                }
            )
        else:
            typer.echo(f"{grant.id}  {grant.state.value:<8} used {used}, until {until}")


@grants.command("stop", context_settings={"ignore_unknown_options": True})
def stop(
    grant: Annotated[str, typer.Argument(help="Id, as `passport-issuer grants list` says.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """End a grant for good and withdraw every copy that was given under it."""
    from issuer.service import stop_grant  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        stopped = stop_grant(issuer, grant=grant)
    if as_json:
        show_json({"id": stopped.id, "state": stopped.state.value})
    else:
        typer.echo(f"{stopped.id}  {stopped.state.value}")
        say("Desks see this at their next look at the status list.")
