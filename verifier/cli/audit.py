"""``audit``: sign the end of the audit trail, write it out, and check it, here or anywhere."""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from healthpassport.audit import Actor, Finding, Head, Report, check_database, check_file, read_head
from healthpassport.audit.lines import MAX_LINE
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, SettingsError, catalogue
from healthpassport.keys import PublicKey, public_key_from_certificate
from healthpassport.terminal import FAILED
from healthpassport.trust.cache import replace_file
from verifier.service import load_identity
from verifier.service.audit import AuditTrail, open_trail
from verifier.service.audit_export import exported
from verifier.service.identity import certificates, read_file

from .events import to_stderr
from .output import data, document, say, settings
from .stored import opened

COMMAND_LINE: Final = "command line"


def head(*, as_json: bool) -> None:
    """Sign a head over the trail as it stands."""
    with _trail() as trail:
        token = trail.head()
        told = read_head(token, expected_keys=[_own_key()])
    if as_json:
        document({"version": 1, "head": token, "seq": told.seq, "hash": told.hash, "at": told.at})
    else:
        data(token)
    say(f"Signed: {told.seq} entries. Keep it away from this desk: it tells a trail that was cut.")


def export(*, to: Path | None) -> None:
    """Write the whole trail, signed at the end."""
    with _trail() as trail:
        lines = exported(trail, who=_caller(trail))
        if to is None:
            for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        else:
            replace_file(to, b"".join(lines), mode=0o600)
            say(f"Written: {to}")


def verify(
    file: str | None, *, heads: Sequence[Path], certificate: Sequence[Path], as_json: bool
) -> None:
    """Check a file, or the database where none is named; exit code 1 where it is not whole."""
    keys = [*_own_keys(), *(_key(path) for path in certificate)]
    if not keys:
        raise SettingsError("verifier.setup", "name the desk's certificate with --certificate")
    outside = [_outside(path, keys) for path in heads]
    report = _checked(file, keys, outside)
    if as_json:
        document(_told(report))
    else:
        _print(report)
    if not report.whole:
        sys.exit(FAILED)


def tell(event: str, *, subject: str) -> None:
    """Write what was done from the command line; a desk that is not set up has no trail yet."""
    try:
        with _trail() as trail:
            trail.write(event, who=_caller(trail), subject=subject)
    except PassportError as error:
        say(f"Not in the audit trail: {error.title}")


def _checked(file: str | None, keys: Sequence[PublicKey], outside: Sequence[Head]) -> Report:
    if file is None:
        with opened(settings()) as store:
            return check_database(store.audit, expected_keys=keys, outside=outside)
    if file == "-":
        return check_file(_lines(sys.stdin.buffer), expected_keys=keys, outside=outside)
    try:
        with Path(file).open("rb") as stream:
            return check_file(_lines(stream), expected_keys=keys, outside=outside)
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {file}") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of bounded length; the rest of a longer one is a line that cannot be read."""
    while line := stream.readline(MAX_LINE + 2):
        yield line if line.endswith(b"\n") or len(line) <= MAX_LINE else line + b"\n"


@contextmanager
def _trail() -> Iterator[AuditTrail]:
    """The trail of this command's organisation.

    Raises:
        SettingsError, KeyMaterialError: where the desk's identity cannot be loaded.
    """
    own = settings()
    to_stderr()
    identity = load_identity(own)
    with opened(own) as store:
        yield open_trail(
            own,
            identity=identity,
            entries=store.audit,
            clock=lambda: datetime.now(UTC),
            random=secrets.token_bytes,
        )


def _caller(trail: AuditTrail) -> Actor:
    """Whoever is signed in to this machine; nobody where it has no name for them."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = ""
    return Actor(trail.own.organisation, COMMAND_LINE, user)


def _own_key() -> PublicKey:
    return _key(settings().certificate_file)


def _own_keys() -> list[PublicKey]:
    """The desk's own key; nothing on a machine that is no desk."""
    path = settings().certificate_file
    return [_key(path)] if path.exists() else []


def _key(path: Path) -> PublicKey:
    return public_key_from_certificate(certificates(path)[0])


def _outside(path: Path, keys: Sequence[PublicKey]) -> Head:
    return read_head(read_file(path).decode("ascii", "replace").strip(), expected_keys=keys)


def _told(report: Report) -> dict[str, Json]:
    findings: list[Json] = [
        {"code": one.code, "first": one.first, "last": one.last, "line": one.line}
        for one in report.findings
    ]
    return {
        "version": 1,
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
    data(f"trail: {report.trail or 'none'} ({report.tenant or 'nobody'})")
    data(f"entries: {report.entries}, numbers {report.first} to {report.last}")
    data(f"signed: up to {report.signed}")
    for finding in report.findings:
        data(f"{finding.code}: {_where(finding)}")
        say(f"{catalogue()[finding.code].title} {catalogue()[finding.code].hint}")
    say("The trail is whole." if report.whole else "The trail is NOT whole.")


def _where(finding: Finding) -> str:
    many = finding.first != finding.last
    which = f"entries {finding.first} to {finding.last}" if many else f"entry {finding.first}"
    return f"{which}, line {finding.line}" if finding.line else which
