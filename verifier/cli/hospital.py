"""``hospital``: the record system's patients for a result, and adding it, through a running desk.

What is *not* here: sign-in and FHIR; the desk does both.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json
from healthpassport.keys import generate_signer, save_signer
from healthpassport.terminal import FAILED
from verifier.client import load_client_key, public_jwks

from .calling import call
from .output import data, document, say, settings

PATIENCE: Final = 60.0  # seconds: the desk itself waits for the record system


def jwks() -> None:
    """Print the public half of the key, which is made where there is none."""
    own = settings()
    path = own.home / "fhir.key"
    if not own.fhir_key and not path.exists():
        own.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        save_signer(generate_signer("ES384"), path)
        say(f"Made {path.name} in the home folder.")
    document(public_jwks(load_client_key(own.fhir_key_uri)))
    say("Register this key set with the record system, and set the client id that it gives.")


def find(request_id: str, *, as_json: bool) -> None:
    """Show the patients who fit."""
    found = call("GET", f"/requests/{request_id}/record", None, timeout=PATIENCE)
    if as_json:
        document(found)
        return
    for one in _rows(found.get("candidates")):
        apart = ", cannot be told apart" if one.get("cannotBeToldApart") else ""
        data(
            f"{one.get('id')}\t{one.get('name')}\t{one.get('birthDate')}\t{one.get('fits')}{apart}"
            f"\t{one.get('seen')}"
        )
        for word in ("differing", "missing"):
            if names := one.get(word):
                say(f"{one.get('id')}: {word}: {', '.join(map(str, _list(names)))}")


def write(
    request_id: str, *, patient: str, seen: str, agreed: Sequence[str], as_json: bool
) -> None:
    """Add the result to a record."""
    body: Json = {"patient": patient, "seen": seen, "agreed": list(agreed)}
    done = call("POST", f"/requests/{request_id}/record", body, timeout=PATIENCE)
    if as_json:
        document(done)
    else:
        for one in _rows(done.get("entries")):
            data(f"{one.get('outcome')}\t{one.get('resource')}\t{one.get('section')}")
    if not done.get("whole"):
        say("Only a part was written: adding again writes only what is missing.")
        sys.exit(FAILED)


def _rows(value: Json) -> list[Mapping[str, Json]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
