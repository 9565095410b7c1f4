"""``passport-issuer extract FILE...``: what is understood of any FHIR JSON, as a report.

One file gives its report or ends with its error; several give one JSON object a line, in order,
each with ``file`` and, where it could not be read, ``error``. What is *not* here: the report.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from healthpassport.encoding import Json

STANDARD_INPUT = "-"


def extract(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="FHIR JSON files; - is standard input."),
    ],
    subject: Annotated[
        str | None,
        typer.Option(help="Id, reference or NHS number of the one person who is meant."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print compact JSON, one object a line.")
    ] = False,
) -> None:
    """Print what is understood of FHIR JSON: patients, sections, states, warnings, defects."""
    if len(files) == 1:
        _one(files[0], subject, as_json=as_json)
        return
    failed = 0
    for path in files:
        line, good = _line(path, subject)
        failed += not good
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    if failed:
        sys.stderr.write(f"{failed} of {len(files)} files could not be read.\n")
        raise typer.Exit(1)


def _one(path: Path, subject: str | None, *, as_json: bool) -> None:
    from healthpassport.encoding import dump_json  # noqa: PLC0415 - cold start
    from healthpassport.errors import PassportError  # noqa: PLC0415

    try:
        report = _report(path, subject)
    except PassportError as error:
        if as_json:
            sys.stdout.buffer.write(dump_json(error.problem()) + b"\n")
            sys.stdout.buffer.flush()
        raise
    sys.stdout.buffer.write(dump_json(report, indent=None if as_json else 2) + b"\n")
    sys.stdout.buffer.flush()


def _line(path: Path, subject: str | None) -> tuple[bytes, bool]:
    from healthpassport.encoding import dump_json  # noqa: PLC0415
    from healthpassport.errors import PassportError  # noqa: PLC0415

    # A name's bytes that are no UTF-8 stand in it as half characters, which JSON cannot hold.
    name = str(path).encode("utf-8", "replace").decode("utf-8")
    try:
        return dump_json({"file": name, **_report(path, subject)}), True
    except PassportError as error:
        return dump_json({"file": name, "error": error.problem()}), False


def _report(path: Path, subject: str | None) -> dict[str, Json]:
    from healthpassport.errors import SourceError  # noqa: PLC0415
    from issuer.fhir import extract as understand  # noqa: PLC0415

    try:
        data = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise SourceError("fhir.unreadable", error.strerror or "") from error
    return understand(data, subject).report()
