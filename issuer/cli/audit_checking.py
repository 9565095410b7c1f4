"""Checking an audit trail at the command line: keys, files, what is printed, the exit code.

What is *not* here: the check (``healthpassport.audit``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import typer

from healthpassport.audit import Finding, Head, Report, check_database, check_file, read_head
from healthpassport.audit.lines import MAX_LINE
from healthpassport.encoding import Json
from healthpassport.errors import SettingsError, catalogue
from healthpassport.keys import PublicKey, public_key_from_certificate
from healthpassport.terminal import FAILED

from .opening import opened, say, show_json


def verified(
    file: str | None,
    *,
    heads: Sequence[Path],
    certificates: Sequence[Path],
    config: Path | None,
    as_json: bool,
) -> None:
    """Check a file, or the database where none is named; exit code 1 where it is not whole."""
    keys = [*(_key(path) for path in certificates), *_own_keys(config, needed=not certificates)]
    outside = [_outside(path, keys) for path in heads]
    report = _checked(file, keys, outside, config)
    if as_json:
        show_json(_told(report))
    else:
        _print(report)
    if not report.whole:
        raise typer.Exit(FAILED)


def _checked(
    file: str | None, keys: Sequence[PublicKey], outside: Sequence[Head], config: Path | None
) -> Report:
    from issuer.service.audit_keeping import StoredTrail  # noqa: PLC0415 - only for a database

    if file is None:
        with opened(config) as issuer:
            issuer.audit.settle()
            stored = StoredTrail(issuer.store)
            return check_database(stored, expected_keys=keys, outside=outside)
    if file == "-":
        return check_file(_lines(sys.stdin.buffer), expected_keys=keys, outside=outside)
    try:
        with Path(file).open("rb") as stream:
            return check_file(_lines(stream), expected_keys=keys, outside=outside)
    except OSError as error:
        raise SettingsError("issuer.settings", f"cannot read {file}") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of bounded length; the rest of a longer one is a line that cannot be read."""
    while line := stream.readline(MAX_LINE + 2):
        yield line if line.endswith(b"\n") or len(line) <= MAX_LINE else line + b"\n"


def _own_keys(config: Path | None, *, needed: bool) -> list[PublicKey]:
    """The keys of this issuer; none on a machine that is no issuer, where another is named."""
    from issuer.settings import load  # noqa: PLC0415 - cold start

    try:
        settings = load(config)
        return [_key(path) for path in (settings.x5c, settings.next_x5c) if path is not None]
    except SettingsError:
        if needed:
            raise
        return []


def _key(path: Path) -> PublicKey:
    from issuer.service.key_schedule import chain_in  # noqa: PLC0415 - cold start

    return public_key_from_certificate(chain_in(path)[0])


def _outside(path: Path, keys: Sequence[PublicKey]) -> Head:
    try:
        token = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise SettingsError("issuer.settings", f"cannot read {path.name}") from error
    return read_head(token, expected_keys=keys)


def _told(report: Report) -> dict[str, Json]:
    findings: list[Json] = [
        {"code": one.code, "first": one.first, "last": one.last, "line": one.line}
        for one in report.findings
    ]
    return {
        "whole": report.whole,
        "tenant": report.tenant,
        "trail": report.trail,
        "first": report.first,
        "last": report.last,
        "entries": report.entries,
        "signed": report.signed,
        "findings": findings,
    }


def _print(report: Report) -> None:
    typer.echo(f"trail: {report.trail or 'none'} ({report.tenant or 'nobody'})")
    typer.echo(f"entries: {report.entries}, numbers {report.first} to {report.last}")
    typer.echo(f"signed: up to {report.signed}")
    for finding in report.findings:
        typer.echo(f"{finding.code}: {_where(finding)}")
        say(f"{catalogue()[finding.code].title} {catalogue()[finding.code].hint}")
    say("The trail is whole." if report.whole else "The trail is NOT whole.")


def _where(finding: Finding) -> str:
    many = finding.first != finding.last
    which = f"entries {finding.first} to {finding.last}" if many else f"entry {finding.first}"
    return f"{which}, line {finding.line}" if finding.line else which
