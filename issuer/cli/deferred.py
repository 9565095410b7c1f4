"""``passport-issuer deferred list|release|deny``: records that wait until staff have looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.service import WaitingRecord

_IDS: Final = {"ignore_unknown_options": True}
Waiting = Annotated[str, typer.Argument(help="Id, as `passport-issuer deferred list` says.")]

deferred = typer.Typer(no_args_is_help=True, help="Records that wait until staff have looked.")


@deferred.command("list")
def list_deferred(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, oldest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what waits: id, record type, the offer that you noted the patient for, days."""
    from issuer.service import waiting_records  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = waiting_records(issuer, limit=limit)
    if not found and not as_json:
        say("No record waits.")
    for one in found:
        _show(one, as_json=as_json)


@deferred.command("release", context_settings=_IDS)
def release(waiting: Waiting, config: Config = None, as_json: AsJson = False) -> None:
    """Let the wallet have a record; it gets it when it asks the next time."""
    _decide("release", waiting, config, as_json=as_json)


@deferred.command("deny", context_settings=_IDS)
def deny(waiting: Waiting, config: Config = None, as_json: AsJson = False) -> None:
    """Refuse a record and erase it; the wallet is told so."""
    _decide("deny", waiting, config, as_json=as_json)


def _decide(what: str, waiting: str, config: Config, *, as_json: bool) -> None:
    from issuer.service import Decision, decide  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        _show(decide(issuer, deferral=waiting, decision=Decision(what)), as_json=as_json)


def _show(one: WaitingRecord, *, as_json: bool) -> None:
    from issuer.service.context import utc  # noqa: PLC0415 - cold start

    asked, until = (utc(moment) for moment in (one.asked_at, one.expires_at))
    if as_json:
        show_json(
            {
                "id": one.id,
                "configuration": one.configuration,
                "offer": one.offer,
                "copies": one.copies,
                "askedAt": asked.isoformat(),
                "expiresAt": until.isoformat(),
            }
        )
    else:
        days = f"asked {asked.date().isoformat()}, until {until.date().isoformat()}"
        typer.echo(f"{one.id}  {one.configuration}  offer {one.offer}  {days}")
