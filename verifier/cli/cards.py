"""``card read``: an emergency card from a file, a photo or typed letters, without any network."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from healthpassport.encoding import Json
from healthpassport.errors import CardError, PassportError
from healthpassport.terminal import FAILED
from verifier.service import DeskLists, desk_policy, load_identity
from verifier.service.audit import AuditTrail, open_trail
from verifier.service.card_pictures import MAX_BYTES, read_picture
from verifier.service.card_readings import told_to
from verifier.service.cards import CardReading, Reader, read_card, reading_json
from verifier.service.identity import DeskIdentity
from verifier.service.receipts import DeskReceipts
from verifier.service.words import day_of_text, nhs_number
from verifier.settings import VerifierSettings
from verifier.store import AuditEntries, Store

from .audit import COMMAND_LINE
from .events import to_stderr
from .output import data, document, say, settings
from .report import print_result
from .stored import opened


def read(
    file: str, *, photo: Path | None, reader: Reader, receipt: Path | None, as_json: bool
) -> None:
    """Read a card; exit code 1 where it cannot be relied on."""
    to_stderr()
    own = settings()
    text = read_picture(_bytes(photo)) if photo is not None else _text(file)
    policy = desk_policy(own)
    now = _now()
    identity = _identity(own)
    with opened(own) as store:
        trail = None if identity is None else _trail(own, identity, store.audit)
        reading = read_card(
            text,
            reader=reader,
            lists=DeskLists(own, policy=policy).views(now),
            policy=policy,
            now=now,
            audit=None if trail is None else told_to(trail, COMMAND_LINE),
            receipts=None if identity is None else _receipts(own, identity, store, trail),
        )
    if as_json:
        document(reading_json(reading))
    else:
        _print(reading)
    if not reading.audited:
        say("NOT in the audit trail. Write down who read the card, when and why, and report it.")
    if receipt is not None and reading.receipt is not None:
        receipt.write_text(reading.receipt, encoding="ascii")
        say(f"Receipt for the patient: {receipt}")
    if reading.card.summary.codes:
        sys.exit(FAILED)


def _identity(own: VerifierSettings) -> DeskIdentity | None:
    """None where the desk has no key or registration: a card can be read all the same."""
    try:
        return load_identity(own)
    except PassportError as error:
        say(f"No receipt: {error.title}")
        return None


def _receipts(
    own: VerifierSettings, identity: DeskIdentity, store: Store, trail: AuditTrail | None
) -> DeskReceipts:
    return DeskReceipts(
        settings=own,
        identity=identity,
        notes=store.receipts,
        random=secrets.token_bytes,
        audit=trail,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _trail(own: VerifierSettings, identity: DeskIdentity, kept: AuditEntries) -> AuditTrail | None:
    """None where the trail cannot be opened, which holds up nobody in an emergency (ADR 0047)."""
    try:
        return open_trail(
            own, identity=identity, entries=kept, clock=_now, random=secrets.token_bytes
        )
    except PassportError as error:
        say(f"No audit trail: {error.title}")
        return None


def _print(reading: CardReading) -> None:
    words, card = reading.words, reading.card
    data(f"card: {words.verdict}")
    if card.subject is not None:
        data(f"person: {_person(card.subject)}")
    incomplete = " (list incomplete)" if words.allergies.incomplete else ""
    data(f"heading: {words.allergies.heading}{incomplete}")
    for why in words.allergies.reasons:
        data(f"  {why}")
    said = reading_json(reading)["result"]
    print_result(said if isinstance(said, Mapping) else {})
    for name, state in words.sections:
        say(f"{name}: {state}")
    for line in (*words.limits, *words.notes, words.next_step):
        if line:
            say(line)


def _person(subject: Mapping[str, Json]) -> str:
    given = subject.get("givenNames", ())
    names = " ".join(str(one) for one in given) if isinstance(given, list | tuple) else ""
    family = str(subject["familyName"]).upper()
    number = subject.get("nhsNumber")
    parts = [
        f"{family}, {names}" if names else family,
        f"Born {day_of_text(subject['birthDate'])}",
    ]
    if isinstance(number, Mapping):
        parts.append(f"NHS No. {nhs_number(number.get('value'))}")
    return "; ".join(parts)


def _text(file: str) -> str:
    raw = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else _bytes(Path(file))
    return raw.decode("utf-8", "replace")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CardError("card.image", f"cannot read {path.name}") from error
