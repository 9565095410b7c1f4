"""``passport-issuer erased BUNDLE...``: is anything left of what was issued?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.service import IssuerContext
    from issuer.service.erasure import Values
    from issuer.service.erasure_places import Looked

STANDARD_INPUT: Final = "-"
MAX_INPUT: Final = 64 * 1_048_576  # bytes of values


def erased(
    bundles: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUNDLE...",
            help="FHIR JSON of those to whom records were given; - reads values, one a line.",
        ),
    ],
    *,
    also: Annotated[
        list[Path] | None,
        typer.Option(help="Look in this file or folder too: a log, say. May be repeated."),
    ] = None,
    temp: Annotated[
        bool, typer.Option(help="Look through the folder of temporary files (--no-temp: do not).")
    ] = True,
    subject: Annotated[
        str | None, typer.Option(help="Which person, where a bundle holds several.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Look for every value of these records in database, temporary files, logs; exit 1 if found.

    Which place holds how many is printed, and never a value.
    """
    import tempfile  # noqa: PLC0415 - cold start

    from issuer.service.erasure import Hunt  # noqa: PLC0415
    from issuer.service.erasure_places import look  # noqa: PLC0415

    places = [*(also or ()), *([Path(tempfile.gettempdir())] if temp else [])]
    with opened(config) as issuer:
        values = _values(issuer, bundles, subject)
        around = {Path.cwd()}
        if issuer.settings.database is not None:
            around.add(issuer.settings.database.parent)
        found = list(look(issuer, Hunt(values), also=places, around=sorted(around)))
    _tell(values, found, as_json=as_json)
    if any(one.found or one.unread for one in found):
        raise typer.Exit(1)


def _values(issuer: IssuerContext, bundles: list[Path], subject: str | None) -> Values:
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.service.erasure import Values, values_of  # noqa: PLC0415
    from issuer.service.erasure_places import own_words  # noqa: PLC0415
    from issuer.service.reading import rules_of  # noqa: PLC0415

    texts: set[str] = set()
    rules, now = rules_of(issuer.settings), issuer.clock()
    for path in bundles:
        if str(path) == STANDARD_INPUT:
            lines = sys.stdin.buffer.read(MAX_INPUT).decode("utf-8", "replace").splitlines()
            texts.update(line.strip() for line in lines)
            continue
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ServiceError("erased.unread", f"the file {path.name}") from error
        texts |= values_of(data, rules=rules, subject=subject, now=now)
    values = Values.of(texts, own=own_words(issuer), now=now)
    if not values.wanted:
        raise ServiceError("erased.nothing")
    return values


def _tell(values: Values, found: list[Looked], *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "values": len(values.wanted),
                "passedOver": values.passed_over,
                "places": [
                    {"place": o.place, "bytes": o.size, "found": o.found, "unread": o.unread}
                    for o in found
                ],
            }
        )
        return
    for one in found:
        if one.found or one.unread:
            typer.echo(f"{'UNREAD' if one.unread else f'FOUND {one.found}'}  {one.place}")
    size = sum(one.size for one in found)
    say(f"{len(values.wanted)} values, {len(found)} places, {size} bytes looked through.")
    say(f"{values.passed_over} values prove nothing, and were not looked for.")
