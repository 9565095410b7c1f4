"""``verify-again``: whether a stored presentation still stands, without any network."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from healthpassport.errors import SettingsError
from healthpassport.terminal import FAILED
from verifier.service import DeskLists, desk_policy, load_identity
from verifier.service.again import verify_again
from verifier.service.again_words import CONTENT, again_json, words
from verifier.service.stored import MAX_DOCUMENT, read_stored

from .output import data, document, say, settings


def again(file: str, *, as_json: bool) -> None:
    """Verify the stored presentation in ``file`` against the lists at hand."""
    own = settings()
    now = datetime.now(UTC)
    policy = desk_policy(own)
    found = verify_again(
        read_stored(_read(None if file == "-" else Path(file))),
        lists=DeskLists(own, policy=policy).views(now),
        policy=policy,
        client_id=load_identity(own).client_id,
        now=now,
    )
    if as_json:
        document(again_json(found))
    else:
        for record in found.records:
            data(f"{record.record_type}\t{record.standing.value}\t{record.code or '-'}")
            say(words(record))
        say(CONTENT[found.content])
        asked = "This desk asked" if found.asked_here else "Another certificate asked"
        say(f"{asked}; shown {found.shown_at:%Y-%m-%d %H:%M} UTC.")
    if not found.stands:
        sys.exit(FAILED)


def _read(path: Path | None) -> bytes:
    try:
        if path is None:
            return sys.stdin.buffer.read(MAX_DOCUMENT + 1)
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {path}") from error
