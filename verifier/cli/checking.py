"""``doctor``: each part of a desk's set-up, and what to do where it is not right."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from healthpassport.encoding import Json
from healthpassport.errors import PassportError, SettingsError
from healthpassport.terminal import FAILED
from verifier.service import (
    DeskLists,
    desk_policy,
    desk_templates,
    load_identity,
    organisation_names,
    organisation_settings,
)
from verifier.service.key_file import read_keys
from verifier.service.key_fit import key_fit
from verifier.service.organisations import refuse_other_code
from verifier.service.tenants import own_marks, refuse_shared
from verifier.settings import VerifierSettings
from verifier.store import describe

from .output import data, deployment, document, say
from .staff import look as sign_in


def doctor(*, as_json: bool) -> None:
    """Run every check, of each organisation; exit code 1 where something has to be mended."""
    shared = deployment()
    names = organisation_names(shared)
    rows = [row for name in names for row in _of(shared, name)]
    rows += _apart(shared, names) if names else [_row(*check, shared) for check in CHECKS]
    if as_json:
        document({"version": 1, "checks": list(rows)})
    else:
        for row in rows:
            data(f"{'ok  ' if row['ok'] else 'MEND'} {row['name']}: {row['words']}")
            if row["help"]:
                say(f"     Next: {row['help']}")
    if not all(row["ok"] for row in rows):
        sys.exit(FAILED)


def _of(shared: VerifierSettings, name: str) -> list[dict[str, Json]]:
    """The checks of one organisation; its folder is the only one where that cannot be used."""
    try:
        own = organisation_settings(shared, name)
        refuse_other_code(own, load_identity(own))
    except PassportError as error:
        return [_failed(f"{name}: folder", error)]
    return [_row(f"{name}: {what}", check, own) for what, check in CHECKS]


def _apart(shared: VerifierSettings, names: Sequence[str]) -> list[dict[str, Json]]:
    """Whether two organisations share what must be one's own."""

    def check(_shared: VerifierSettings) -> str:
        marks = {}
        for name in names:
            own = organisation_settings(shared, name)
            marks[name] = own_marks(own, load_identity(own))
        refuse_shared(marks)
        return f"{len(names)} organisations, nothing shared that must be one's own"

    return [_row("organisations apart", check, shared)]


def _row(
    name: str, check: Callable[[VerifierSettings], str], own: VerifierSettings
) -> dict[str, Json]:
    try:
        words = check(own)
    except PassportError as error:
        return _failed(name, error)
    return {"name": name, "ok": True, "words": words, "code": None, "help": None}


def _failed(name: str, error: PassportError) -> dict[str, Json]:
    said = error.detail or error.title
    return {"name": name, "ok": False, "words": said, "code": error.code, "help": error.hint}


def _key(own: VerifierSettings) -> str:
    now = datetime.now(UTC)
    fit = key_fit(own, now=now)
    if fit.ends_soon(now):
        return f"{fit.client_id}, good until {fit.ends:%Y-%m-%d} only: signing-key make"
    return fit.client_id


def _registrations(own: VerifierSettings) -> str:
    known = load_identity(own).registrations
    templates = desk_templates(own)
    if not templates.askable(known):
        raise SettingsError("verifier.not_registered", "none for any template")
    unused = {template.purpose for template in templates.all()} - known.keys()
    said = ", ".join(sorted(known))
    return f"{said}; not asked here: {', '.join(sorted(unused))}" if unused else said


def _https(own: VerifierSettings) -> str:
    for path in (own.tls_cert, own.tls_key):
        if path is None or not path.is_file():
            raise SettingsError("verifier.setup", "set TLS_CERT and TLS_KEY to files that exist")
    return f"{own.public_url} on {own.api_host}:{own.api_port}"


def _keys(own: VerifierSettings) -> str:
    return f"{len(read_keys(own.api_keys_file))} API keys"


def _lists(own: VerifierSettings) -> str:
    lists = DeskLists(own, policy=desk_policy(own)).views(datetime.now(UTC))
    if lists.trust.stale:
        raise SettingsError("verifier.setup", "the trust list is too old: passport-verifier update")
    found = lists.trust.trust_list
    said = f"trust list {found.version}, {len(lists.status)} status lists at hand"
    if not own.require_post_quantum:
        return said
    able = sum(any(key.second_jwk for key in issuer.keys) for issuer in found.issuers)
    if not able:
        raise SettingsError("verifier.setup", "no issuer on the list has a post-quantum key")
    return f"{said}, {able} of {len(found.issuers)} issuers with a post-quantum key"


def _database(own: VerifierSettings) -> str:
    return describe(own.database_file, url=own.database_url)


CHECKS = (
    ("signing key and certificate", _key),
    ("registrations", _registrations),
    ("https", _https),
    ("API keys", _keys),
    ("trust and status lists", _lists),
    ("staff sign-in", sign_in),
    ("database", _database),
)
