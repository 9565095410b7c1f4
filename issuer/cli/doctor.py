"""``passport-issuer doctor``: is everything set up so that records can be issued and relied on?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import typer

from .opening import AsJson, Config, say, show_json

if TYPE_CHECKING:
    from issuer.settings import Settings

Finding: TypeAlias = tuple[str, str | None]  # what was looked at, and what is wrong with it


def doctor(config: Config = None, as_json: AsJson = False) -> None:
    """Check settings, key, certificate, TLS, API keys and database; exit code 1 if one is wrong."""
    findings = list(_findings(config))
    for name, problem in findings:
        if as_json:
            show_json({"check": name, "ok": problem is None, "problem": problem})
        else:
            typer.echo(f"{'ok     ' if problem is None else 'WRONG  '}{name}")
            if problem is not None:
                say(f"       {problem}")
    if any(problem is not None for _, problem in findings):
        raise typer.Exit(1)


def _findings(config: Path | None) -> Iterator[Finding]:
    from healthpassport.errors import PassportError  # noqa: PLC0415 - cold start
    from issuer.settings import load, tls_problem  # noqa: PLC0415

    try:
        settings = load(config)
    except PassportError as error:
        yield "settings", _words(error)
        return
    yield "settings", None
    yield "tls", tls_problem(settings)
    yield "signing key and certificate", _tried(lambda: _check_certificate(settings))
    if settings.second_key:
        yield "second key", _tried(lambda: _check_second_key(settings))
    yield "api keys", _tried(lambda: _check_clients(settings))
    yield "database", _tried(lambda: _check_database(settings))


def _check_certificate(settings: Settings) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start
    from urllib.parse import urlsplit  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415

    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.keys import load_signer, public_key_from_certificate  # noqa: PLC0415
    from issuer.service.context import passphrase, read_chain  # noqa: PLC0415

    chain = read_chain(settings)
    signer = load_signer(settings.key, passphrase(settings))
    if public_key_from_certificate(chain[0]).raw != signer.public_key.raw:
        raise SettingsError("issuer.key_mismatch")
    leaf = x509.load_der_x509_certificate(chain[0])
    if leaf.issuer == leaf.subject:  # HAIP 1.0 section 4.5.1: no self-signed leaf
        raise SettingsError("issuer.certificate", "the signing certificate is self-signed")
    if not leaf.not_valid_before_utc <= datetime.now(UTC) < leaf.not_valid_after_utc:
        raise SettingsError("issuer.certificate", "the signing certificate is not in force")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if urlsplit(settings.iss).hostname not in names.get_values_for_type(x509.DNSName):
        raise SettingsError("issuer.certificate", "its DNS name is not the host of the issuer")


def _check_second_key(settings: Settings) -> None:
    from issuer.service.context import load_second_signer  # noqa: PLC0415 - cold start

    load_second_signer(settings)


def _check_clients(settings: Settings) -> None:
    from issuer.service.clients import read_clients  # noqa: PLC0415 - cold start

    read_clients(settings.api_keys)


def _check_database(settings: Settings) -> None:
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.store import open_store  # noqa: PLC0415

    store = open_store(settings.database)
    try:
        if not store.sound():
            raise ServiceError("issuer.database", "SQLite finds damage in the file")
    finally:
        store.close()


def _tried(check: Callable[[], None]) -> str | None:
    from healthpassport.errors import PassportError  # noqa: PLC0415 - cold start

    try:
        check()
    except PassportError as error:
        return _words(error)
    return None


def _words(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    return f"{error} {hint}".strip()
