"""Printing: data to stdout, words to stderr."""

from __future__ import annotations

import sys

from healthpassport.encoding import Json, dump_json
from healthpassport.terminal import visible
from verifier.settings import VerifierSettings


def settings() -> VerifierSettings:
    """The settings of this process."""
    return VerifierSettings()


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
