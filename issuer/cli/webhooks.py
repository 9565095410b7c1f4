"""``passport-issuer webhooks``: where record systems are told of events, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from issuer.store.messages import Message
    from issuer.store.receivers import Receiver

webhooks = typer.Typer(
    no_args_is_help=True, help="Where record systems are told of events (docs/api.md)."
)
ALL = "all"
IDS = {"ignore_unknown_options": True}
Id = Annotated[str, typer.Argument(help="Id, as `passport-issuer webhooks list` says.")]


@webhooks.command("add")
def add(
    client: Annotated[str, typer.Argument(help="Whose offers: the name of its key or client.")],
    url: Annotated[str, typer.Argument(help="Its https address.")],
    event: Annotated[
        list[str] | None, typer.Option("--event", help="Only of this; may be repeated.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add a receiver and print its secret, once; messages are signed with it."""
    from issuer.service.receivers import add_receiver  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        made = add_receiver(issuer, client=client, url=url, events=event or ())
    if as_json:
        show_json({**_row(made.receiver), "secret": made.secret})
        return
    typer.echo(made.secret)
    say(f"Receiver {made.receiver.id}. Its secret is shown once.")


@webhooks.command("list")
def list_receivers(config: Config = None, as_json: AsJson = False) -> None:
    """List receivers: id, record system, address, events."""
    from issuer.service.receivers import all_receivers  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = all_receivers(issuer)
    if not found and not as_json:
        say("No record system is told of anything.")
    for one in found:
        if as_json:
            show_json(_row(one))
        else:
            typer.echo(f"{one.id}  {one.client:<16} {one.url}  {' '.join(one.events)}")


@webhooks.command("renew", context_settings=IDS)
def renew(
    receiver: Id,
    overlap: Annotated[
        int, typer.Option(min=0, max=90, help="Days for which the secret before signs too.")
    ] = 7,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print a new secret; both sign until the overlap is over. 0 for a secret that got out."""
    from issuer.service.receivers import renew_secret  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        secret = renew_secret(issuer, receiver, client=None, overlap_days=overlap)
    if as_json:
        show_json({"id": receiver, "secret": secret})
    else:
        typer.echo(secret)


@webhooks.command("end", context_settings=IDS)
def end(receiver: Id, config: Config = None) -> None:
    """Tell this receiver nothing more; what waits for it is forgotten."""
    from issuer.service.receivers import end_receiver  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        end_receiver(issuer, receiver, client=None)
    say("It is told nothing more.")


@webhooks.command("messages")
def messages(
    config: Config = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the latest messages: id, state, attempts, last problem."""
    from issuer.service.receivers import latest_messages  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = latest_messages(issuer, dead=dead)
    for one in found:
        row = _message(one)
        if as_json:
            show_json(row)
        else:
            problem = one.problem or "-"
            typer.echo(f"{row['since']}\t{one.state}\t{one.attempts}\t{problem}\t{one.id}")


@webhooks.command("retry", context_settings=IDS)
def retry(
    message: Annotated[str, typer.Argument(help="Id of a message, or `all` that were given up.")],
    config: Config = None,
) -> None:
    """Begin anew with a message that waits or was given up."""
    from issuer.service.receivers import latest_messages, retry_message  # noqa: PLC0415

    with opened(config) as issuer:
        dead = [one.id for one in latest_messages(issuer, dead=True)]
        chosen = dead if message == ALL else [message]
        for name in chosen:
            retry_message(issuer, name, client=None)
    say(f"{len(chosen)} messages are sent again while the issuer serves.")


def _row(receiver: Receiver) -> dict[str, Json]:
    return {
        "id": receiver.id,
        "client": receiver.client,
        "url": receiver.url,
        "events": list(receiver.events),
    }


def _message(message: Message) -> dict[str, Json]:
    from issuer.service.context import utc  # noqa: PLC0415 - cold start

    return {
        "id": message.id,
        "client": message.client,
        "receiver": message.receiver,
        "state": message.state,
        "attempts": message.attempts,
        "since": utc(message.since).isoformat(),
        "problem": message.problem,
    }
