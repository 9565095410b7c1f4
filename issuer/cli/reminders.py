"""``passport-issuer reminders``: whose records run out soon and were not fetched anew."""

from __future__ import annotations

import typer

from .opening import AsJson, Config, opened, say, show_json


def reminders(*, config: Config = None, as_json: AsJson = False) -> None:
    """List records that run out within a week, the soonest first, by the offer that was made.

    Nobody is named: whoever made the offer knows for whom. A wallet that opens fetches newer ones.
    """
    from issuer.service.context import utc  # noqa: PLC0415 - cold start
    from issuer.service.reminders import due, note_due  # noqa: PLC0415

    with opened(config) as issuer:
        note_due(issuer)
        found = due(issuer)
    if not found and not as_json:
        say("Nobody needs to be reminded now.")
    for one in found:
        until = utc(one.expires_at)
        if as_json:
            told = {"offer": one.offer, "grant": one.grant, "client": one.client}
            show_json({**told, "expiresAt": until.isoformat()})
        else:
            typer.echo(f"{one.offer or '-'}  {one.client}  until {until.date().isoformat()}")
