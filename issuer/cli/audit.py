"""``passport-issuer audit head|export|verify|find``: the audit trail, here or anywhere.

Checking needs no issuer: with ``--certificate`` it runs on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from datetime import datetime

    from healthpassport.audit import Sealed

audit = typer.Typer(no_args_is_help=True, help="The audit trail of this issuer.")
DAY = "%Y-%m-%d"
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day (UTC).")]


@audit.command("head")
def head(config: Config = None, as_json: AsJson = False) -> None:
    """Sign the end of the audit trail; keep what is printed away from this issuer."""
    from healthpassport.audit import read_head  # noqa: PLC0415 - cold start
    from issuer.service import audit_keeping  # noqa: PLC0415

    with opened(config) as issuer:
        token = audit_keeping.head(issuer)
        told = read_head(token, expected_keys=[issuer.signer.public_key])
    if as_json:
        show_json({"head": token, "seq": told.seq, "hash": told.hash, "at": told.at})
    else:
        typer.echo(token)
    say(f"Signed: {told.seq} entries. Keep it away from here: it tells a trail that was cut.")


@audit.command("export")
def export(
    to: Annotated[Path | None, typer.Option(help="File to write to; stdout without it.")] = None,
    config: Config = None,
) -> None:
    """Write the whole audit trail as JSON Lines, signed at the end."""
    import sys  # noqa: PLC0415 - cold start

    from healthpassport.trust.cache import replace_file  # noqa: PLC0415
    from issuer.service import audit_keeping  # noqa: PLC0415

    with opened(config) as issuer:
        lines = audit_keeping.exported(issuer, who=issuer.audit.operator)
        if to is None:
            for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        else:
            replace_file(to, b"".join(lines), mode=0o600)
            say(f"Written: {to}")


@audit.command("verify")
def verify(
    file: Annotated[
        str | None, typer.Argument(help="File with an export; - for stdin.", show_default=False)
    ] = None,
    head: Annotated[
        list[Path] | None, typer.Option(help="File with a head that was kept elsewhere.")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="PEM file of an earlier key, or of another issuer.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a file, or else this issuer's database, is whole; if not, what was touched."""
    from .audit_checking import verified  # noqa: PLC0415 - cold start

    verified(file, heads=head or (), certificates=certificate or (), config=config, as_json=as_json)


@audit.command("find")
def find(
    *,
    about: Annotated[
        str | None,
        typer.Option(help="An NHS number, or the id of an offer, record or report; - is stdin."),
    ] = None,
    event: Annotated[str, typer.Option(help="One event, for example record.issued.")] = "",
    person: Annotated[str, typer.Option(help="One member of staff, client or part.")] = "",
    day: Day = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 100,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Look in the audit trail, newest first; that somebody looked is written there too."""
    from datetime import timedelta  # noqa: PLC0415 - cold start

    from healthpassport.encoding import parse_json_object  # noqa: PLC0415
    from issuer.service import audit_keeping  # noqa: PLC0415
    from issuer.store import Wanted  # noqa: PLC0415

    since = None if day is None else _day(day)
    with opened(config) as issuer:
        wanted = Wanted(
            since=since,
            until=None if since is None else since + timedelta(days=1),
            event=event,
            person=person,
            about="" if about is None else issuer.audit.about(_typed(about)),
        )
        found = audit_keeping.found(issuer, wanted, who=issuer.audit.operator, limit=limit)
    for one in found:
        if as_json:
            show_json(dict(parse_json_object(one.entry)))
        else:
            typer.echo(_line(one))
    if not found:
        say("No entry.")


def _typed(about: str) -> str:
    """What is looked for; by standard input it stays out of the shell's memory."""
    import sys  # noqa: PLC0415 - cold start

    return sys.stdin.readline().strip() if about == "-" else about.strip()


def _day(text: str) -> datetime:
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    try:
        return datetime.strptime(text, DAY).replace(tzinfo=UTC)
    except ValueError as error:
        raise typer.BadParameter("a day is written 2026-11-26") from error


def _line(sealed: Sealed) -> str:
    from healthpassport.encoding import parse_json_object  # noqa: PLC0415 - cold start
    from healthpassport.terminal import visible  # noqa: PLC0415

    facts = parse_json_object(sealed.entry)["facts"]
    pairs = facts.items() if isinstance(facts, Mapping) else ()
    told = "  ".join(f"{name}={value}" for name, value in pairs)
    return visible(
        f"{sealed.seq}  {sealed.at:%Y-%m-%d %H:%M:%S}  {sealed.event}  "
        f"{sealed.person}  {told}".rstrip()
    )
