"""Printing: data to stdout, words to stderr."""

from __future__ import annotations

import sys

from pydantic import ValidationError

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import SettingsError
from healthpassport.terminal import visible
from verifier.settings import VerifierSettings


def settings() -> VerifierSettings:
    """The settings of this process.

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
