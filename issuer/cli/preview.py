"""``passport-issuer preview FILE``: what patient and hospital will see, and what not.

Without settings the list of sensitive codes of this package is used, and the command says so. What
is *not* here: the preview itself (issuer.service.preview).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .opening import AsJson, Config, say, show_json

if TYPE_CHECKING:
    from issuer.service.reading import Rules

STANDARD_INPUT = "-"


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A FHIR JSON file; - is stdin.")],
    config: Config = None,
    subject: Annotated[
        str | None, typer.Option(help="Id, reference or NHS number of the one person meant.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the patient and a hospital will see of a file, what is left out, and why."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from healthpassport.errors import SourceError  # noqa: PLC0415
    from issuer.service.preview import preview as make  # noqa: PLC0415
    from issuer.service.reading import read_bundle  # noqa: PLC0415

    rules = _rules(config)
    try:
        data = sys.stdin.buffer.read() if str(file) == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise SourceError("fhir.unreadable", error.strerror or "") from error
    now = datetime.now(UTC)
    shown: Any = make(
        read_bundle(data, rules=rules, subject=subject, now=now), rules=rules, now=now
    )
    if as_json:
        show_json(shown)
        return
    for side, title in (("patient", "The patient will see"), ("hospital", "A hospital will see")):
        typer.echo(f"{title}\n")
        for record in shown["records"]:
            _show(record[side])
    typer.echo("Left out\n")
    for row in shown["leftOut"]:
        typer.echo(f"  {row['section']}: {row['text'] or row['place']}. {row['words']}")
    if not shown["leftOut"]:
        typer.echo("  Nothing.")


def _rules(config: Path | None) -> Rules:
    """The rules of the settings; without any, an issuer of no name and an empty list."""
    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.summary import Source  # noqa: PLC0415
    from issuer.fhir.sensitive import shipped_codes  # noqa: PLC0415
    from issuer.service.reading import Rules, rules_of  # noqa: PLC0415
    from issuer.settings import load  # noqa: PLC0415

    try:
        settings = load(config)
    except SettingsError:
        if config is not None:
            raise
        say("There are no settings: previewed without a list of sensitive codes.")
        return Rules(Source("NONE", "No settings", "preview"), shipped_codes(), laboratory=False)
    return rules_of(settings)


def _show(side: Any) -> None:  # noqa: ANN401 - JSON that the service made
    typer.echo(f"  {side['title']}: {side['state']}")
    for line in side["facts"]:
        typer.echo(f"    {line}")
    for item in side["items"]:
        typer.echo(f"    - {item['text']}")
        for line in (*item["together"], *item["separable"]):
            typer.echo(f"        {line}")
    for row in side["negations"]:
        typer.echo(f"    - {row}")
    for note in side["notes"]:
        typer.echo(f"    ! {note}")
    typer.echo("")
