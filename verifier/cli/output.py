"""Printing: data to stdout, words to stderr."""

from __future__ import annotations

import sys

from pydantic import ValidationError

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import SettingsError
from healthpassport.terminal import visible
from verifier.settings import MAIN, VerifierSettings


def settings() -> VerifierSettings:
    """The settings of the organisation that this command works for.

    Raises:
        SettingsError: ``verifier.setup`` with the first one that is wrong, or where several
            organisations are served and none was named; ``verifier.organisation``.
    """
    shared = deployment()
    if shared.organisations is None:
        if shared.tenant != MAIN:
            raise SettingsError("verifier.setup", "PASSPORT_VERIFIER_ORGANISATIONS is not set")
        return shared
    from verifier.service import organisations  # noqa: PLC0415 - only where they are needed

    names = organisations.organisation_names(shared)
    if shared.tenant not in names:
        said = ", ".join(names)
        raise SettingsError("verifier.setup", f"set PASSPORT_VERIFIER_TENANT to one of {said}")
    return organisations.organisation_settings(shared, shared.tenant)


def deployment() -> VerifierSettings:
    """The settings of this process, which are those of the deployment.

    Raises:
        SettingsError: ``verifier.setup`` with the first one that is wrong.
    """
    try:
        return VerifierSettings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError("verifier.setup", f"{place} {first['msg']}".strip()) from error


def data(text: str) -> None:
    """One line for a program or a pipe."""
    sys.stdout.write(visible(text) + "\n")


def document(value: Json) -> None:
    """One JSON document."""
    sys.stdout.buffer.write(dump_json(value, indent=2) + b"\n")
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """One line for a person."""
    sys.stderr.write(visible(text) + "\n")
