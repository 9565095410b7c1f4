"""``wallet.past``: who has seen what, with the receipts; the complaint sheet and the letter.

Rules: no value stands in any of it; all of it lies in the vault's private tables, so that a second
unlock is needed to read it; any entry can be deleted, and its receipts go with it. What is *not*
here: writing entries (each deed of the wallet does), pages, and backups, which leave
``wallet.vault.PRIVATE_TABLES`` out unless the person chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import schemas
from healthpassport import receipts
from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, ReceiptError, ServiceError
from healthpassport.receipts import Kind, Receipt
from healthpassport.record_words import record_label
from healthpassport.summary import definition, record_types
from wallet.vault import Vault

from . import receipts as kept_receipts
from .complaint import ComplaintSheet, Letter, complaint_sheet, letter
from .past import HistoryEntry, HistoryKind, add_entry, read_entry, read_rows
from .receipts import KeptReceipt, ReceiptState
from .surroundings import Surroundings

SHORTEST_ID: Final = 4  # characters of an id that may stand for all of it
WITH_RECEIPT: Final = frozenset(
    {HistoryKind.SHARED, HistoryKind.NOT_DELIVERED, HistoryKind.EMERGENCY_READ}
)


@dataclass(frozen=True, slots=True)
class PastEntry:
    """One entry of history as a person sees it; ``problems`` are codes of the error catalogue."""

    id: str
    entry: HistoryEntry
    receipt: ReceiptState
    problems: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether somebody may have seen something, so that a receipt is due."""
        return self.entry.kind in WITH_RECEIPT


@dataclass(frozen=True, slots=True)
class PastDetail:
    """One entry with its receipts, as they came and as they can be read."""

    view: PastEntry
    receipts: tuple[tuple[KeptReceipt, Receipt | None], ...]


class Past:
    """See the module.

    Args:
        opened: gives the vault; it must be unlocked a second time to read (``open_past``).
        around: trust, clock and language.
        cards: gives the hashes of the owner's emergency cards in the vault (docs/receipts.md).
    """

    def __init__(
        self,
        opened: Callable[[], Vault],
        around: Surroundings,
        cards: Callable[[Vault], Collection[str]] = kept_receipts.card_hashes,
    ) -> None:
        self._opened = opened
        self._around = around
        self._cards = cards

    @property
    def locked(self) -> bool:
        """Whether the second unlock is needed before anything here can be read."""
        return self._opened().private_locked

    def close(self) -> None:
        """End the second unlock at once."""
        self._opened().close_private()

    def entries(self) -> tuple[PastEntry, ...]:
        """Everything that happened, the newest first."""
        vault = self._opened()
        return tuple(_view(row, entry, self._kept(row, entry)) for row, entry in read_rows(vault))

    def show(self, entry_id: str) -> PastDetail:
        """One entry by its id, the beginning of it, or its number on the list.

        Raises:
            ServiceError: ``wallet.entry_unknown``.
        """
        row, entry = self._find(entry_id)
        kept = self._kept(row, entry)
        return PastDetail(_view(row, entry, kept), tuple((one, one.read()) for one in kept))

    def delete(self, entry_id: str) -> None:
        """Delete one entry with its receipts; nobody can bring it back."""
        vault = self._opened()
        row, _ = self._find(entry_id)
        rows = kept_receipts.rows_of(vault, row)
        with vault.transaction() as writer:
            writer.delete("history", row)
            for one in rows:
                writer.delete(kept_receipts.TABLE, one)

    def add_receipt(self, text: str) -> PastEntry:
        """Keep a receipt that was given on paper or as a file.

        It is put beside the answer that it is for; one for the reading of an emergency card makes
        an entry of its own.

        Raises:
            ReceiptError: ``receipt.format``, ``receipt.signature``, ``receipt.duplicate`` or
                ``receipt.nothing_matches``. Nothing is kept then.
        """
        token = read_token(text)
        receipt = receipts.read_unchecked(token)
        vault = self._opened()
        again = next((k for k in kept_receipts.all_kept(vault) if k.token == token), None)
        if again is not None and again.state is not ReceiptState.NOT_CHECKED:
            raise ReceiptError("receipt.duplicate")
        if receipt.kind is Kind.EMERGENCY_CARD:
            return self._add_for_card(token, receipt, again)
        return self._add_for_answer(token, receipt, again)

    def complaint(self, entry_id: str) -> ComplaintSheet:
        """What to print for a complaint about one entry, with the proof."""
        detail = self.show(entry_id)
        return complaint_sheet(detail.view.entry, detail.receipts, self._around.language)

    def letter(self, entry_id: str) -> Letter:
        """A letter that asks what they keep; it says that notes of the care must stay."""
        detail = self.show(entry_id)
        if detail.view.entry.kind not in WITH_RECEIPT:
            raise ServiceError("wallet.entry_shared_nothing")
        return letter(detail.view.entry, detail.receipts, self._around.language)

    def _add_for_answer(self, token: str, receipt: Receipt, again: KeptReceipt | None) -> PastEntry:
        vault = self._opened()
        found = [
            (row, entry)
            for row, entry in read_rows(vault)
            if entry.evidence is not None and entry.evidence.request_hash == receipt.request_hash
        ]
        # The same question may have been answered twice; the one that matches is meant.
        found.sort(key=lambda one: _answer(one[1]) != receipt.vp_token_hash)
        if not found or found[0][1].evidence is None:
            raise ReceiptError("receipt.nothing_matches")
        row, entry = found[0]
        problems = kept_receipts.check_late(token, sent=found[0][1].evidence, around=self._around)
        kept = KeptReceipt(token, problems, self._around.clock())
        with vault.transaction() as writer:
            if again is not None:
                writer.delete(kept_receipts.TABLE, again.row)
            kept_receipts.write(writer, kept, kept_receipts.entry_tag(vault, row))
        return _view(row, entry, self._kept(row, entry))

    def _add_for_card(self, token: str, receipt: Receipt, again: KeptReceipt | None) -> PastEntry:
        problems = kept_receipts.check_card_receipt(
            token, hashes=self._cards(self._opened()), around=self._around
        )
        if "receipt.card" in problems:
            raise ReceiptError("receipt.nothing_matches")
        vault = self._opened()
        kept = KeptReceipt(token, problems, self._around.clock())
        entry = self._card_entry(receipt)
        row = next((r for r, _ in read_rows(vault) if again in self._of(r)), None)
        with vault.transaction() as writer:
            if again is not None:
                writer.delete(kept_receipts.TABLE, again.row)
            row = add_entry(writer, entry) if row is None else row
            kept_receipts.write(writer, kept, kept_receipts.entry_tag(vault, row))
        return _view(row, entry, self._kept(row, entry))

    def _card_entry(self, receipt: Receipt) -> HistoryEntry:
        language = self._around.language
        labels = [
            record_label(definition(r.type), language) if r.type in record_types() else r.type
            for r in receipt.records
        ]
        return HistoryEntry(
            receipt.issued_at,
            HistoryKind.EMERGENCY_READ,
            who=receipt.organisation.name,
            ods=receipt.organisation.ods,
            purpose=_purpose(receipt.purpose.id, language),
            retention=receipt.retention.text,
            what=tuple(labels),
        )

    def _kept(self, row: int, entry: HistoryEntry) -> tuple[KeptReceipt, ...]:
        return self._of(row) if entry.kind in WITH_RECEIPT else ()

    def _of(self, row: int) -> tuple[KeptReceipt, ...]:
        return kept_receipts.of_entry(self._opened(), row)

    def _find(self, entry_id: str) -> tuple[int, HistoryEntry]:
        rows = [row for row, _ in read_rows(self._opened())]
        wanted = entry_id.strip().lower()
        long_enough = len(wanted) >= SHORTEST_ID
        found = [row for row in rows if long_enough and _id(row).startswith(wanted)]
        if len(found) == 1:
            return found[0], read_entry(self._opened(), found[0])
        if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(rows):
            row = rows[int(wanted) - 1]
            return row, read_entry(self._opened(), row)
        raise ServiceError("wallet.entry_unknown")


def read_token(text: str) -> str:
    """The receipt in ``text``: as it is, broken over lines, or in a JSON object of an answer.

    Raises:
        ReceiptError: ``receipt.format``.
    """
    if len(text) > 2 * receipts.MAX_RECEIPT:
        raise ReceiptError("receipt.format", "it is too long")
    if not text.lstrip().startswith("{"):
        return "".join(text.split())
    try:
        found = parse_json_object(text).get("receipt")
    except EncodingError as error:
        raise ReceiptError("receipt.format", error.code) from error
    if not isinstance(found, str):
        raise ReceiptError("receipt.format", "there is no receipt in it")
    return found


def _view(row: int, entry: HistoryEntry, kept: tuple[KeptReceipt, ...]) -> PastEntry:
    # Without anything to compare with (an issuer asked, an older wallet) none is missed.
    due = entry.kind in WITH_RECEIPT and (bool(kept) or entry.evidence is not None)
    problems = tuple(dict.fromkeys(code for one in kept for code in one.problems))
    state = kept_receipts.worst(kept) if due else ReceiptState.NOT_DUE
    return PastEntry(_id(row), entry, state, problems)


def _id(row: int) -> str:
    return f"{row:014x}"


def _answer(entry: HistoryEntry) -> str:
    return entry.evidence.vp_token_hash if entry.evidence else ""


def _purpose(name: str, language: str) -> str:
    """The label of a purpose of the closed list; another one stands as it came."""
    found = schemas.load("requests/purposes.json").get(name)
    return str(found["labels"][language]["patient"]) if found else name
