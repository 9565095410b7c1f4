"""``Wallet``: one person's records, in one vault, on one computer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from healthpassport.errors import PassportError, ServiceError, VaultError
from healthpassport.trust.model import TrustView
from wallet.client.answering import Delivered
from wallet.consent import ConsentQuestion, Preview, Refusal, offer_refusal_of, preview
from wallet.settings import WalletSettings
from wallet.vault import KdfCost, Vault, Way

from . import erasing, receiving, shelf, stating
from .backups import Backups
from .cards import Cards
from .helping import Helpers
from .history import Past
from .lending import Part
from .passports import of_person, settled
from .past import HistoryEntry, HistoryKind, add_entry, read_history
from .people import People, PersonView
from .receiving import Claimed, OfferPreview, Receiving
from .reports import Reports
from .sharing import ShareReceipt, Sharing
from .surroundings import Surroundings
from .travel import Travel
from .updates import Updates
from .waiting import Waiting
from .ways import Ways
from .withdrawing import Withdrawing

SHORTEST_ID: Final = 4  # characters of an id that may stand for all of it


class Wallet:
    """What its owner can do. Everything but ``init`` and ``exists`` needs a vault that stands.

    Args:
        around: files, network, trust and clock (``Surroundings.of(settings)``).
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._vault: Vault | None = None
        self._sharing: Sharing | None = None
        self._claimed: dict[str, Claimed] = {}

    @classmethod
    def of(cls, settings: WalletSettings) -> Wallet:
        """The wallet that ``settings`` describe."""
        return cls(Surroundings.of(settings))

    def speaking(self, language: str) -> Wallet:
        """The same wallet in another language, with the same open questions."""
        made = Wallet(replace(self._around, language=language))
        made._vault = self._vault  # the very same
        made._claimed = self._claimed
        made._sharing = self._sharing.speaking(made._around) if self._sharing else None
        return made

    @property
    def exists(self) -> bool:
        """Whether there is a vault."""
        return self._around.vault_file.exists()

    @property
    def locked(self) -> bool:
        """Whether a passphrase is needed first."""
        return self._vault is None or self._vault.locked

    @property
    def ways(self) -> Ways:
        """The ways into the wallet."""
        return Ways(self._opened, self._around.random)

    @property
    def backups(self) -> Backups:
        """The wallet's backups."""
        return Backups(self._opened, self._around)

    @property
    def reports(self) -> Reports:
        """Telling a surgery what is wrong in a record."""
        return Reports(self._opened, self._around, self._find)

    @property
    def updates(self) -> Updates:
        """Keeping records up to date, and stopping the old device."""
        return Updates(self._opened, self._around)

    @property
    def waiting(self) -> Waiting:
        """Records that come later."""
        return Waiting(self._opened, self._around)

    def init(self, passphrase: Way | str, *, cost: KdfCost | None = None) -> None:
        """Make a new, empty vault and unlock it; an existing one is never replaced."""
        vault = Vault.create(
            self._around.vault_file,
            passphrase=passphrase,
            anchor_folder=self._around.anchor_folder,
            clock=self._around.clock,
            random=self._around.random,
            cost=cost,
        )
        vault.close()
        self.unlock(passphrase)

    def unlock(self, way: Way | str) -> None:
        """Open the vault and check all of it (``vault.`` codes)."""
        self._opened().unlock(way)
        self.helpers.tidy(online=False)  # what was lent to us is gone once its time is over

    def open_past(self, way: Way | str) -> None:
        """The second unlock: ``history`` can be read for five minutes."""
        self._opened().open_private(way)

    def touch(self) -> None:
        """Put off the idle lock; ``vault.locked`` when it is too late."""
        self._opened().rows("records")

    def lock(self) -> None:
        """Forget all keys, every open question and every record whose owner was not named."""
        self._sharing = None
        self._claimed.clear()
        if self._vault is not None:
            self._vault.lock()

    def close(self) -> None:
        """Lock, and close the file."""
        self.lock()
        if self._vault is not None:
            self._vault.close()
        self._vault = None

    def change_passphrase(self, old: str, new: str) -> None:
        """From now on ``new`` opens the vault."""
        self._opened().change_passphrase(old, new)

    @property
    def before_erasing(self) -> tuple[str, ...]:
        """What to know before ``erase``."""
        return erasing.BEFORE[self._around.language]

    def erase(self, way: Way | str | None = None) -> erasing.Erased:
        """Delete this wallet from this device, for good; what is left elsewhere is told.

        A ``way`` that is given must open it (``vault.`` codes). None: whoever could delete the
        file can delete it here, also without a key.
        """
        if way is not None:
            self.unlock(way)
        self.close()
        return erasing.erase(self._around)

    def look(self) -> None:
        """Check what needs no passphrase: who may read the file, and its shape."""
        self._opened()

    def check(self) -> dict[str, int]:
        """Open every row of the vault; how many each table holds."""
        return self._opened().check()

    def mend(self, way: Way | str) -> tuple[Path, dict[str, int]]:
        """Go on with what is sound in a damaged or older vault.

        Returns the copy of the file as it was, and how many rows of each table were dropped.
        """
        source, now = self._around.vault_file, self._around.clock()
        kept = source.with_name(f"{source.stem}-before-mend-{now:%Y%m%dT%H%M%SZ}.db")
        self._opened().keep_copy(kept)
        return kept, self._opened().mend(way)

    def add_offer(self, link: str) -> OfferPreview:
        """What the offer behind ``link`` holds; nothing is claimed."""
        return receiving.preview(link, self._around)

    def accept(
        self,
        offer: OfferPreview,
        pin: str | None = None,
        *,
        person: str | None = None,
        other_person: bool = False,
    ) -> tuple[shelf.RecordView, ...]:
        """Claim ``offer`` with its PIN and store its records, all or none (later: ``waiting``).

        Where ``WhoseError`` asks whose they are, say it with the same offer and ``person``: an id
        of ``people``, ``new`` or ``me``. ``other_person`` makes a new passport instead of asking.
        """
        stored = self._taking().take(offer, pin, person=person, other_person=other_person)
        return self._new(stored)

    def sign_in(self, offer: OfferPreview, *, redirect_uri: str) -> str:
        """Where a browser signs in for ``offer``, for a minute; it comes to ``redirect_uri``."""
        return self._taking().begin(offer, redirect_uri)

    def finish(
        self, address: str, *, person: str | None = None, other_person: bool = False
    ) -> tuple[shelf.RecordView, ...]:
        """Store the records signed in for, as ``accept``; ``address`` is what came back."""
        stored = self._taking().finish(address, person=person, other_person=other_person)
        return self._new(stored)

    @property
    def people(self) -> People:
        """The people whose records are in this wallet."""
        return People(self._opened(), self._around)

    @property
    def helpers(self) -> Helpers:
        """The people who help: what they were lent, and what was lent to this wallet."""
        return Helpers(self._opened(), self._around, Withdrawing(self._opened(), self._around))

    def part(
        self,
        record_id: str,
        *,
        items: Collection[int] | None = None,
        private: Collection[str] = (),
        whole: bool = False,
    ) -> Part:
        """What of a record to lend; see ``Part``."""
        return Part(
            self._find(record_id),
            None if items is None else frozenset(items),
            frozenset(private),
            whole,
        )

    def records(self, person: str | None = None) -> tuple[shelf.RecordView, ...]:
        """All records, or those of one person."""
        records = settled(self._opened())
        if person is not None:
            records = of_person(records, self.people.find(person).id)
        return tuple(self._view(record) for record in records)

    def show(self, record_id: str) -> shelf.RecordDetail:
        """One record in full, by its id, the beginning of it, or its number on the list."""
        around, found = self._around, self._find(record_id)
        return shelf.detail(self._opened(), found, language=around.language, now=around.clock())

    def remove(self, record_id: str) -> None:
        """Delete one record with its copies and keys."""
        vault, stored = self._opened(), self._find(record_id)
        copies = shelf.copy_rows(vault, stored.row)
        label, last = self._view(stored).label, self.people.is_last(stored)
        entry = HistoryEntry(
            self._around.clock(), HistoryKind.REMOVED, what=(label,), person=stored.person
        )
        with vault.transaction() as writer:
            shelf.delete_record(writer, stored.row, copies)
            if last:
                writer.delete("people", int(stored.person, 16))
            add_entry(writer, entry)

    def move(self, record_id: str, person: str) -> PersonView:
        """Put a record with the person that it is about."""
        return self.people.move(self._find(record_id), person)

    def say(
        self,
        words: str,
        *,
        reading: str | None = None,
        day: str | None = None,
        about: str | None = None,
        person: str | None = None,
        anew: bool = False,
    ) -> shelf.RecordView:
        """Keep the owner's own words, or a home reading, to be shown as not checked."""
        told = {"text": words.strip(), "reading": reading, "date": day}
        stored = stating.say(
            {name: value for name, value in told.items() if value is not None},
            about=self._find(about) if about is not None else None,
            person=self.people.find(person).id if person is not None else None,
            anew=anew,
            vault=self._opened(),
            around=self._around,
        )
        return self._view(stored)

    def offer_refusal(self, error: PassportError) -> Refusal:
        """``error`` of ``add_offer`` or ``accept`` in words: why, whose side, what next."""
        return offer_refusal_of(error, self._around.language)

    def prepare(self, link: str, person: str | None = None) -> ConsentQuestion:
        """Who asks with ``link``, why, and for which values of one person. Nothing is sent.

        Where ``WhichPersonError`` asks whose records to show, name ``person`` and the same link.
        """
        return self._asked().prepare(link, person)

    def consider(self, link: str, person: str | None = None) -> ConsentQuestion | Refusal:
        """As ``prepare``; where the wallet refuses or nobody answers, why, in words."""
        return self._asked().consider(link, person)

    @staticmethod
    def read_picture(data: bytes) -> str:
        """The text of the QR code in a photo: a request or an offer (``request.picture``)."""
        from wallet.client.pictures import read_picture  # noqa: PLC0415 - image libraries are heavy

        return read_picture(data)

    def choose(self, question: ConsentQuestion, options: Mapping[str, str]) -> ConsentQuestion:
        """The same question answered another way: ``options`` by the ids of its choices."""
        return self._asked().choose(question, options)

    def preview(self, question: ConsentQuestion, ticks: Collection[int] | None = None) -> Preview:
        """What they will see if exactly ``ticks`` are shared. Nothing is sent."""
        numbers = question.ticked if ticks is None else ticks
        return preview(question, numbers, now=self._around.clock())

    def share(
        self, question: ConsentQuestion, ticks: Collection[int] | None = None
    ) -> ShareReceipt:
        """Send what is ticked: the numbers ``ticks``, or the question's own when None."""
        return self._asked().share(question, question.ticked if ticks is None else ticks)

    def decline(self, question: ConsentQuestion) -> Delivered:
        """Share nothing. The result says where the desk would lead a browser on this device."""
        return self._asked().decline(question)

    def history(self) -> tuple[HistoryEntry, ...]:
        """What was added, shared and refused, the newest first (after ``open_past``)."""
        return read_history(self._opened())

    @property
    def cards(self) -> Cards:
        """The emergency cards."""
        return Cards(self._opened, self._around)

    @property
    def past(self) -> Past:
        """Who has seen what, with the receipts."""
        return Past(self._opened, self._around)

    @property
    def travel(self) -> Travel:
        """Put the vault away, and bring it back."""
        return Travel(self._opened, self.close, self._around)

    def trust(self) -> TrustView:
        """The trust list as it stands on disk."""
        return self._around.trust()

    def update_trust(self) -> TrustView:
        """Fetch the newest trust list."""
        return self._around.update_trust()

    def _opened(self) -> Vault:
        if self._vault is None:
            self._vault = Vault(
                self._around.vault_file,
                anchor_folder=self._around.anchor_folder,
                clock=self._around.clock,
                random=self._around.random,
            )
        return self._vault

    def _asked(self) -> Sharing:
        vault = self._opened()
        if vault.locked:
            self._sharing = None
            raise VaultError("vault.locked")
        if self._sharing is None:
            self._sharing = Sharing(vault, self._around)
        return self._sharing

    def _taking(self) -> Receiving:
        vault = self._opened()
        if vault.locked:
            self._claimed.clear()
            raise VaultError("vault.locked")
        return Receiving(vault, self._around, self._claimed)

    def _new(self, stored: Collection[shelf.StoredRecord]) -> tuple[shelf.RecordView, ...]:
        self.reports.tell_again(stored)
        return tuple(self._view(one) for one in stored)

    def _view(self, stored: shelf.StoredRecord) -> shelf.RecordView:
        return shelf.view(
            self._opened(), stored, language=self._around.language, now=self._around.clock()
        )

    def _find(self, record_id: str) -> shelf.StoredRecord:
        records = settled(self._opened())
        wanted = record_id.strip().lower()
        if wanted.isdecimal() and 1 <= int(wanted) <= len(records):
            return records[int(wanted) - 1]
        found = [record for record in records if record.id.startswith(wanted)]
        if len(wanted) < SHORTEST_ID or len(found) != 1:
            raise ServiceError("wallet.record_unknown")
        return found[0]
