"""``passport-issuer clock``: is the clock right, and may what is over end? (docs/keeping.md)."""

from __future__ import annotations

from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json


def clock(
    *,
    is_right: Annotated[
        bool,
        typer.Option(
            "--is-right", help="The clock of this machine is right: what is over may end."
        ),
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show whether the clock leapt, so that nothing is ended; with --is-right go on.

    Look at the clock first: what ends by a wrong one cannot be brought back.
    """
    from issuer.service import clock_watch  # noqa: PLC0415 - cold start
    from issuer.service.context import utc  # noqa: PLC0415

    with opened(config) as issuer:
        seen, now = clock_watch.last_seen(issuer), issuer.now()
        leap = clock_watch.leap(issuer)
        if is_right:
            clock_watch.confirm(issuer)
            leap = None
    before = None if seen is None else utc(seen).isoformat()
    ends = None if leap is None or leap.believed_at is None else utc(leap.believed_at).isoformat()
    if as_json:
        told = {"now": utc(now).isoformat(), "seen": before, "leapt": leap is not None}
        show_json({**told, "believed_at": ends})
        return
    typer.echo(f"now   {utc(now).isoformat()}\nseen  {before or 'never'}")
    if is_right:
        say("What is over ends from now on.")
    elif ends:
        say(f"The clock is far ahead: nothing is ended before {ends}, where the issuer runs.")
        say("Set it right if it is wrong; if it is right wait, or say --is-right.")
    elif leap:
        say("The clock has leapt: nothing is ended. Set it right, or say --is-right if it is.")
    else:
        say("The clock goes as it should.")
