"""Receipts in the vault: checked when they come, kept whether or not they match.

Each row belongs to an entry of history and is found by a blind tag of it, so that a receipt can be
kept while history itself is closed. What is *not* here: the checks (``healthpassport.receipts``)
and what a person sees (``history``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from healthpassport import cards, receipts
from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import PassportError, ReceiptError, VaultError
from healthpassport.receipts import MAX_RECEIPT, CheckedReceipt, Receipt, Sent
from wallet.vault import Vault, Writer

from .card_store import read_cards
from .surroundings import Surroundings

TABLE: Final = "receipts"
# The list of who may ask was missing or too old: nothing is wrong with the receipt by that.
LATER: Final = frozenset({"trust.stale", "trust.missing", "wallet.setting"})


class ReceiptState(StrEnum):
    """How an entry stands to the receipt that is due for it."""

    NOT_DUE = "not_due"
    MISSING = "missing"
    CHECKED = "checked"
    NOT_CHECKED = "not_checked"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt as it came; ``problems`` are codes, ``token`` is empty for what no receipt is."""

    token: str
    problems: tuple[str, ...]
    checked_at: datetime
    row: int = 0

    @property
    def state(self) -> ReceiptState:
        """What the check came to."""
        if not self.problems:
            return ReceiptState.CHECKED
        waits = LATER.issuperset(self.problems)
        return ReceiptState.NOT_CHECKED if waits else ReceiptState.DIFFERENT

    def read(self) -> Receipt | None:
        """What it says, by its own account; None for what cannot be read."""
        try:
            return receipts.read_unchecked(self.token)
        except ReceiptError:
            return None


def judge(check: Callable[[], CheckedReceipt]) -> tuple[str, ...]:
    """The problems that ``check`` finds, those of a receipt that proves nothing among them."""
    try:
        return check().problems
    except PassportError as error:
        return (error.code,)


def check_and_keep(
    vault: Vault, entry: int, token: str | None, sent: Sent | None, around: Surroundings
) -> tuple[ReceiptState, tuple[str, ...]]:
    """Check what a desk answered with against what was ``sent``, and keep it beside ``entry``.

    Never raises: what was shared is shared.
    """
    if token is None or sent is None:
        return ReceiptState.MISSING, ()
    problems = judge(lambda: _check(token, sent, around))
    kept = KeptReceipt(_safe(token), problems, around.clock())
    try:
        tag = entry_tag(vault, entry)
        with vault.transaction() as writer:
            write(writer, kept, tag)
    except VaultError as error:
        return ReceiptState.MISSING, (error.code,)
    return kept.state, problems


def write(writer: Writer, kept: KeptReceipt, tag: bytes) -> int:
    """Store ``kept`` as part of a transaction."""
    value: dict[str, Json] = {
        "token": kept.token,
        "problems": list(kept.problems),
        "checked": kept.checked_at.isoformat(),
    }
    return writer.add(TABLE, dump_json(value), tag=tag)


def of_entry(vault: Vault, entry: int) -> tuple[KeptReceipt, ...]:
    """The receipts beside ``entry``."""
    return tuple(_read(vault, row) for row in rows_of(vault, entry))


def rows_of(vault: Vault, entry: int) -> tuple[int, ...]:
    """Where they stand."""
    return vault.rows(TABLE, tag=entry_tag(vault, entry))


def all_kept(vault: Vault) -> tuple[KeptReceipt, ...]:
    """Every receipt."""
    return tuple(_read(vault, row) for row in vault.rows(TABLE))


def worst(found: Iterable[KeptReceipt]) -> ReceiptState:
    """The state to show where an entry has several receipts, or none."""
    states = {kept.state for kept in found}
    order = (ReceiptState.DIFFERENT, ReceiptState.NOT_CHECKED, ReceiptState.CHECKED)
    return next((state for state in order if state in states), ReceiptState.MISSING)


def card_hashes(vault: Vault) -> frozenset[str]:
    """The hashes of all emergency cards that this wallet ever made and still knows."""
    found = (cards.parse(card.text).message for card in read_cards(vault))
    return frozenset(map(receipts.card_hash, found))


def check_card_receipt(
    token: str, *, hashes: Collection[str], around: Surroundings
) -> tuple[str, ...]:
    """The problems of a receipt for the reading of one of the cards with these ``hashes``."""
    return judge(
        lambda: receipts.check_card(
            token, expected_card_hashes=hashes, trust=around.trust(), now=around.clock()
        )
    )


def check_late(token: str, *, sent: Sent, around: Surroundings) -> tuple[str, ...]:
    """The problems of a receipt for an answer, given on paper or as a file."""
    return judge(lambda: _check(token, sent, around))


def entry_tag(vault: Vault, entry: int) -> bytes:
    """The blind tag of everything that belongs to ``entry``."""
    return vault.tag(f"receipt {entry}")


def _check(token: str, sent: Sent, around: Surroundings) -> CheckedReceipt:
    return receipts.check_presentation(
        token, expected=sent, trust=around.trust(), now=around.clock()
    )


def _safe(token: str) -> str:
    """What came, if it is short and plain enough to be shown and printed."""
    plain = len(token) <= MAX_RECEIPT and token.isascii() and token.isprintable()
    return token if plain else ""


def _read(vault: Vault, row: int) -> KeptReceipt:
    stored = parse_json_object(vault.read(TABLE, row))
    problems = stored["problems"]
    return KeptReceipt(
        token=str(stored["token"]),
        problems=tuple(str(code) for code in problems) if isinstance(problems, list) else (),
        checked_at=datetime.fromisoformat(str(stored["checked"])),
        row=row,
    )
