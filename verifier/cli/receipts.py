"""``receipts``: which were given, and whether one belongs to what was stored."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from healthpassport.encoding import MAX_BODY_BYTES, Json, parse_json_object
from healthpassport.errors import SettingsError
from healthpassport.terminal import FAILED
from verifier.service import Digests, Proof, load_identity, prove

from .output import data, document, say, settings
from .stored import opened


def show(*, as_json: bool) -> None:
    """List the latest receipts that this desk gave."""
    with opened(settings()) as store:
        notes = store.receipts.recent()
    if as_json:
        rows: list[Json] = [
            {
                "id": note.id,
                "kind": note.kind,
                "organisation": note.organisation,
                "time": note.created_at.isoformat(),
            }
            for note in notes
        ]
        document({"version": 1, "receipts": rows})
        return
    for note in notes:
        data(f"{note.created_at:%Y-%m-%d %H:%M}\t{note.organisation}\t{note.kind}\t{note.id}")


def check(receipt: str, *, presentation: Path | None, card: Path | None, as_json: bool) -> None:
    """Say whether a receipt is this desk's and belongs to what was stored."""
    own = settings()
    stored = None if presentation is None else _vp_token(_read(presentation))
    with opened(own) as store:
        proof = prove(
            _read(None if receipt == "-" else Path(receipt)).decode("ascii", "replace"),
            vp_token=stored,
            card=None if card is None else _read(card),
            identity=load_identity(own),
            notes=store.receipts,
            digests=Digests(own.receipt_key_file, secrets.token_bytes),
        )
    if as_json:
        document(_told(proof))
    else:
        _print(proof)
    if not proof.belongs:
        sys.exit(FAILED)


def _told(proof: Proof) -> dict[str, Json]:
    rows: list[Json] = [{"type": name, "stored": match.value} for name, match in proof.records]
    return {
        "version": 1,
        "belongs": proof.belongs,
        "signedHere": proof.signed_here,
        "noted": proof.noted.value,
        "whole": proof.whole,
        "records": rows,
        "receipt": proof.receipt.payload(),
    }


def _print(proof: Proof) -> None:
    receipt = proof.receipt
    data(f"Receipt {receipt.jti} of {receipt.organisation.name} ({receipt.organisation.ods})")
    data(f"Signed: {receipt.issued_at:%Y-%m-%d %H:%M} UTC, for {receipt.purpose.id}")
    data(f"By this desk's present key: {'yes' if proof.signed_here else 'no'}")
    words = {
        "as_given": "yes, exactly this one",
        "not_noted": "no",
        "different": "one with this id that says something else",
    }
    data(f"Noted by this desk: {words[proof.noted.value]}")
    found = {"same": "the same", "different": "NOT the same", "not_stored": "not stored"}
    for name, match in proof.records:
        data(f"{name}: {found[match.value]}")
    if proof.whole is not None:
        say("All that was received is stored." if proof.whole else "Not all of it is stored here.")
    say("They belong together." if proof.belongs else "They do NOT belong together.")


def _vp_token(found: bytes) -> dict[str, Json]:
    """A vp_token by itself, in an answer, or in the evidence that a FHIR document carries."""
    stored = parse_json_object(found)
    inner = stored.get("vp_token", stored)
    if not isinstance(inner, dict):
        raise SettingsError("verifier.setup", "the file holds no presentation")
    return inner


def _read(path: Path | None) -> bytes:
    try:
        if path is None:
            return sys.stdin.buffer.read(MAX_BODY_BYTES + 1)
        with path.open("rb") as file:
            return file.read(MAX_BODY_BYTES + 1)
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {path}") from error
