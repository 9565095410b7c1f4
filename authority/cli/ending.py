"""``passport-trust end-key``: a key of an issuer signs no longer, or never counted.

What is *not* here: taking an issuer off the list (``keeping``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from .keeping import AsJson, Folder, keyless
from .output import say, show


def end_key(
    *,
    iss: Annotated[str, typer.Option(help="The issuer's URL.")],
    key: Annotated[str, typer.Option(help="Thumbprint of the key.")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day (UTC) it signs no longer; else now."),
    ] = None,
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="Others have it: nothing that it signed is believed."),
    ] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """End an issuer's key; what it signed before stays believed, unless it is compromised."""
    now = datetime.now(UTC)
    ends = now if at is None or compromised else at.replace(tzinfo=UTC)
    keyless(folder).end_key(iss, key, now=now, at=ends, compromised=compromised)
    say("Not public yet: run passport-trust publish.")
    if compromised:
        say("Desks refuse its records once they have fetched the list. Tell the issuer's patients.")
    words = f"Key {key} {'is compromised' if compromised else f'signs until {ends:%Y-%m-%d}'}"
    show(
        {"iss": iss, "thumbprint": key, "notAfter": ends.isoformat(), "compromised": compromised},
        words=words,
        as_json=as_json,
    )
