"""``passport-issuer issued``: what was issued. No person is named: the database knows none."""

from __future__ import annotations

from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json


def issued(
    config: Config = None,
    offer: Annotated[str | None, typer.Option(help="Only what was issued for this offer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was issued, newest first: id, record type, copies, status, days."""
    from healthpassport.status.reference import status_name  # noqa: PLC0415 - cold start
    from issuer.service import issued as everything_issued  # noqa: PLC0415
    from issuer.service.context import utc  # noqa: PLC0415

    with opened(config) as issuer:
        found = everything_issued(issuer, limit=limit, offer=offer)
    if not found and not as_json:
        say("Nothing was issued yet.")
    for entry in found:
        word = status_name(entry.status)
        if as_json:
            show_json(
                {
                    "id": entry.id,
                    "offerId": entry.offer,
                    "recordType": entry.record_type,
                    "copies": entry.copies,
                    "status": word,
                    "issuedAt": utc(entry.issued_at).isoformat(),
                    "expiresAt": utc(entry.expires_at).isoformat(),
                }
            )
        else:
            day = utc(entry.issued_at).date().isoformat()
            typer.echo(f"{entry.id}  {day}  {entry.record_type:<20} x{entry.copies:<3} {word}")
