"""``passport-issuer doctor``: is everything set up so that records can be issued and relied on?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import typer

from .opening import AsJson, Config, say, show_json

if TYPE_CHECKING:
    from datetime import datetime

    from issuer.service.key_schedule import SigningKey
    from issuer.service.setting_up import Advice
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
    for words in _warned(config):
        if as_json:
            show_json({"check": "soon", "ok": True, "problem": words})
        else:
            typer.echo(f"SOON   {words}")
    if any(problem is not None for _, problem in findings):
        raise typer.Exit(1)


def _warned(config: Path | None) -> list[str]:
    from healthpassport.errors import PassportError  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415

    try:
        settings = load(config)
        examined = [one for _, found in _examined(settings) for one in found]
        soon = [one.words for one in examined if not one.wrong]
        return [*_warnings(settings), *soon, *_small_herds(settings), *_kept_too_long(settings)]
    except PassportError:
        return []  # the checks said so


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
    yield "signing key and certificate", _tried(lambda: _check_certificates(settings))
    if settings.trust_folder is not None:
        yield "trust list", _tried(lambda: _check_listed(settings))
    if settings.second_key:
        yield "second key", _tried(lambda: _check_second_key(settings))
    yield "api keys", _tried(lambda: _check_clients(settings))
    yield "wallets", _tried(lambda: _check_wallets(settings))
    if settings.signs_in_patients:
        yield "patient sign-in", _tried(lambda: _check_patients(settings))
    if settings.web_port is not None:
        yield "console", _tried(lambda: _check_console(settings))
    for name, found in _examined(settings):
        yield name, " ".join(one.words + "." for one in found if one.wrong) or None
    if settings.source_folder or settings.source_fhir_url or settings.source_gp_connect_url:
        yield "sources (`sources try` asks them)", _tried(lambda: _check_sources(settings))


def _check_certificates(settings: Settings) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from issuer.service.key_schedule import open_keys  # noqa: PLC0415

    for key in open_keys(settings):
        begins = max(key.signs_from or datetime.now(UTC), datetime.now(UTC))
        _check_certificate(key, settings.iss, at=begins)


def _check_certificate(key: SigningKey, iss: str, *, at: datetime) -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - cold start

    from cryptography import x509  # noqa: PLC0415

    from healthpassport.errors import SettingsError  # noqa: PLC0415

    leaf = x509.load_der_x509_certificate(key.x5c[0])
    if leaf.issuer == leaf.subject:  # HAIP 1.0 section 4.5.1: no self-signed leaf
        raise SettingsError("issuer.certificate", "the signing certificate is self-signed")
    if not leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc:
        raise SettingsError("issuer.certificate", "the signing certificate is not in force")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if urlsplit(iss).hostname not in names.get_values_for_type(x509.DNSName):
        raise SettingsError("issuer.certificate", "its DNS name is not the host of the issuer")


def _check_listed(settings: Settings) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from issuer.service.key_list import Listed, key_rows  # noqa: PLC0415

    for row in key_rows(settings, now=datetime.now(UTC)):
        if row.listed not in {Listed.YES, Listed.UNKNOWN} and row.signs != "before":
            raise SettingsError("issuer.key_not_listed", f"{row.thumbprint}: {row.listed}")


def _warnings(settings: Settings) -> Iterator[str]:
    """What works today and will not for long, or is weaker than it could be."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from healthpassport.errors import PassportError  # noqa: PLC0415
    from issuer.service.key_list import ends_soon, key_rows  # noqa: PLC0415

    now = datetime.now(UTC)
    try:
        soon = ends_soon(key_rows(settings, now=now), now=now)
    except PassportError:
        return  # the checks said so
    if soon is not None:
        yield soon


def _small_herds(settings: Settings) -> Iterator[str]:
    """Lists in which so few records stand that one change can point at a person."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from issuer.service.retention import small_lists  # noqa: PLC0415
    from issuer.store import open_store  # noqa: PLC0415
    from issuer.store.examining import Schema, examine  # noqa: PLC0415

    url = settings.database_url.get_secret_value()
    if examine(settings.database, url=url).schema is not Schema.CURRENT:
        return  # opening it would migrate it
    store = open_store(settings.database, url=url)
    try:
        for number, standing in small_lists(store, now=int(datetime.now(UTC).timestamp())):
            yield f"only {standing} records stand in status list {number} (docs/status.md, herds)"
    finally:
        store.close()


def _kept_too_long(settings: Settings) -> Iterator[str]:
    """Rows that should be gone, because nobody does the jobs."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from issuer.service.keeping import DAY, LATE, late_in  # noqa: PLC0415
    from issuer.store import open_store  # noqa: PLC0415
    from issuer.store.examining import Schema, examine  # noqa: PLC0415

    url = settings.database_url.get_secret_value()
    if examine(settings.database, url=url).schema is not Schema.CURRENT:
        return  # opening it would migrate it
    store = open_store(settings.database, url=url)
    now, margin = int(datetime.now(UTC).timestamp()), settings.status_retire_days
    try:
        with store.reading() as tx:
            late = late_in(tx, now=now, margin_days=margin)
    finally:
        store.close()
    if late > LATE:
        yield f"rows are kept {late // DAY} days too long: who does the jobs (docs/keeping.md)?"


def _check_sources(settings: Settings) -> None:
    """Whether they can be opened; nobody is asked."""
    import secrets  # noqa: PLC0415 - cold start
    from datetime import UTC, datetime  # noqa: PLC0415

    from healthpassport.errors import SourceError  # noqa: PLC0415
    from issuer.service.sources import open_sources  # noqa: PLC0415

    opened = open_sources(settings, clock=lambda: datetime.now(UTC), random=secrets.token_bytes)
    if settings.source_default is not None and settings.source_default not in opened:
        raise SourceError("source.none", settings.source_default)


def _check_second_key(settings: Settings) -> None:
    from issuer.service.context import load_second_signer  # noqa: PLC0415 - cold start

    load_second_signer(settings)


def _check_wallets(settings: Settings) -> None:
    from issuer.service.known_wallets import read_known_wallets  # noqa: PLC0415 - cold start

    read_known_wallets(settings)


def _check_patients(settings: Settings) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from issuer.service.known_wallets import read_known_wallets  # noqa: PLC0415
    from issuer.service.patient_provider import open_patient_provider  # noqa: PLC0415

    known = read_known_wallets(settings)
    if settings.wallet_attestation != "optional" and not known.attest:
        raise SettingsError("patient.setup", "no wallet provider is trusted: no wallet can ask")
    if settings.wallet_attestation == "optional" and not known.clients and not known.attest:
        raise SettingsError("patient.setup", "PASSPORT_ISSUER_WALLET_CLIENTS: no wallet is known")
    provider = open_patient_provider(settings, None)
    if provider is not None:
        provider.metadata(datetime.now(UTC))


def _check_clients(settings: Settings) -> None:
    from issuer.service.clients import read_clients  # noqa: PLC0415 - cold start

    read_clients(settings.api_keys)


def _check_console(settings: Settings) -> None:
    """Whether staff could sign in, and PINs go by text; nobody is asked."""
    from healthpassport.errors import SettingsError  # noqa: PLC0415 - cold start
    from healthpassport.sign_in import open_provider  # noqa: PLC0415
    from issuer.service.console.sign_in import oidc_settings, own_fetcher  # noqa: PLC0415

    fetcher = own_fetcher(settings)
    if settings.staff_sign_in:
        open_provider(oidc_settings(settings), fetcher)
    file = settings.web_text_key_file
    if file is not None and not os.access(file, os.R_OK):
        raise SettingsError("console.setup", "the key for texts cannot be read")


def _examined(settings: Settings) -> Iterator[tuple[str, list[Advice]]]:
    """Files, disks, and the database with its clock; nothing is changed."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from healthpassport.errors import PassportError  # noqa: PLC0415
    from issuer.service import setting_up  # noqa: PLC0415
    from issuer.store.examining import examine  # noqa: PLC0415

    yield "files", list(setting_up.about_files(settings))
    yield "disks", list(setting_up.about_disks(settings))
    try:
        found = examine(settings.database, url=settings.database_url.get_secret_value())
    except PassportError as error:
        yield "database", [setting_up.Advice(_words(error).rstrip("."))]
        return
    now = datetime.now(UTC).timestamp()
    yield "database", list(setting_up.about_database(found, now=now))
    yield "clock", list(setting_up.about_clock(settings, found, now=now))


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
