"""The whole journey in the terminal, over real https: the smoke test of the product.

Every step does the real thing and checks what the next person would see; a step that does not end
as it must fails the script. What is *not* here: a clock that stands still or an answer made up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError, SourceError
from wallet.consent import ConsentQuestion

from .client import ApiClient
from .world import World

TEMPLATE: Final = "emergency_admission"
PATIENT: Final = Path(__file__).parent / "patients" / "rowan-ashdown.json"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the desk saw of one record: n of m, and its state."""

    record_type: str
    state: str
    shown: int
    total: int


class Journey:
    """One patient's records from a FHIR file to the desk, and their withdrawal.

    Args:
        world: not started yet.
        bundle: the FHIR file's bytes.
        say: prints one line.
    """

    def __init__(self, world: World, bundle: bytes, say: Say) -> None:
        self.world = world
        self.bundle = bundle
        self.say = say
        self.practice = ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)
        self.hospital = ApiClient(world.desk_server.url, world.desk_key, world.fetcher)
        self.number = 0

    def run(self) -> None:
        """Every step in order.

        Raises:
            PassportError: the step that did not end as it must.
        """
        offer = self.prepare()
        first = self._share_half()
        self._withdraw(offer)
        self._share_again(first)

    def prepare(self) -> dict[str, Json]:
        """Everything up to a filled wallet; the offer as the surgery made it.

        Raises:
            PassportError: the step that did not end as it must.
        """
        with self._step("Start the surgery, the hospital desk and the trust list") as done:
            self.world.start()
            self.world.desk.update()
            listed = self.world.desk.lists.views(self.world.clock()).trust.trust_list
            done(f"{len(listed.issuers)} may issue, {len(listed.verifiers)} may ask")
        offer = self._offer()
        self._receive(offer)
        return offer

    def _offer(self) -> dict[str, Json]:
        with self._step("The surgery offers the record, with a PIN on another channel") as done:
            offer = self.practice.post_fhir("/offers", self.bundle, ())
            types = offer["recordTypes"]
            done(", ".join(map(str, types)) if isinstance(types, list) else "")
        return offer

    def _receive(self, offer: dict[str, Json]) -> None:
        wallet = self.world.wallet
        with self._step("The patient makes a wallet and adds the records") as done:
            wallet.init(self.world.passphrase)
            wallet.update_trust()
            preview = wallet.add_offer(str(offer["link"]))
            if not preview.checked:
                raise ServiceError("demo.failed", "the wallet does not know the surgery")
            stored = wallet.accept(preview, str(offer["pin"]))
            copies = sum(record.fresh_copies for record in stored)
            done(f"{len(stored)} records from {preview.issuer}, {copies} single-use copies")

    def _share_half(self) -> list[Seen]:
        with self._step("The network to surgery and authority goes down") as done:
            self.world.issuer_server.stop()
            self.world.authority_server.stop()
            done("nothing but the desk itself can be reached")
        with self._step("The desk asks, the patient unticks half, the desk verifies") as done:
            result, question = self._ask_and_share(half=True)
            done(f"asked by {question.asker}: {question.purpose}")
        seen = self._told(result)
        if result["verdict"] != "accepted" or not seen:
            raise ServiceError("demo.failed", f"the desk says {result['codes']}")
        return seen

    def _withdraw(self, offer: dict[str, Json]) -> None:
        with self._step("The network comes back; the surgery withdraws the record") as done:
            self.world.issuer_server.start()
            self.world.authority_server.start()
            ids = self._issuances(str(offer["offerId"]))
            for issuance in ids:
                self.practice.post(f"/issuances/{issuance}/status", {"change": "withdraw"})
            self.world.desk.update()
            done(f"{len(ids)} records withdrawn, the desk has the new list")

    def _issuances(self, offer: str) -> list[str]:
        rows = self.practice.get(f"/issuances?offer={offer}")["issuances"]
        found = rows if isinstance(rows, list) else ()
        return [str(row["id"]) for row in found if isinstance(row, dict)]

    def _share_again(self, first: Sequence[Seen]) -> None:
        with self._step("The patient shares again") as done:
            result, _question = self._ask_and_share(half=False)
            done(f"the desk says {result['verdict']}")
        self._told(result)
        states = {s.record_type: s.state for s in self._sections(result)}
        withdrawn = [s.record_type for s in first if states[s.record_type] == "failed_check"]
        codes = result["codes"]
        if len(withdrawn) != len(first) or codes != ["status.revoked"]:
            raise ServiceError("demo.failed", "a withdrawn record was not refused")
        self.say(f"     The desk sees: withdrawn ({', '.join(withdrawn)}), and nothing of them.")

    def _ask_and_share(self, *, half: bool) -> tuple[dict[str, Json], ConsentQuestion]:
        request = self.hospital.post("/requests", {"template": TEMPLATE})
        question = self.world.wallet.prepare(str(request["link"]))
        ticks = half_of(question) if half else frozenset(t.number for t in question.ticks)
        try:
            self.world.wallet.share(question, ticks)
        except ServiceError as error:
            # The desk may refuse what it was sent; what it saw is asked of the desk itself.
            if error.code != "wallet.not_accepted":
                raise
        view = self.hospital.get(f"/requests/{request['id']}")
        result = view["result"]
        if not isinstance(result, dict):
            raise ServiceError("demo.failed", f"the desk has no result: {view['problem']}")
        return result, question

    def _told(self, result: dict[str, Json]) -> list[Seen]:
        """Print what the desk shows; the records that it saw something of."""
        self.say(f"     Desk: {result['allergyHeading']}")
        seen = [s for s in self._sections(result) if s.state not in {"not_shared", "not_asked_for"}]
        for s in seen:
            self.say(f"     {s.record_type:<22} {s.state:<16} {s.shown} of {s.total} shared")
        return seen

    def _sections(self, result: dict[str, Json]) -> Iterator[Seen]:
        sections = result["sections"]
        for row in sections if isinstance(sections, list) else ():
            if isinstance(row, dict):
                shown, total = row["shown"], row["total"]
                if isinstance(shown, int) and isinstance(total, int):
                    yield Seen(str(row["type"]), str(row["state"]), shown, total)

    @contextmanager
    def _step(self, name: str) -> Iterator[Say]:
        self.number += 1
        said: list[str] = []
        begun = time.perf_counter()
        yield said.append
        seconds = time.perf_counter() - begun
        self.say(f"{self.number:>2}.  {name}  [{seconds:.2f} s]")
        for line in said:
            self.say(f"     {line}")


def half_of(question: ConsentQuestion) -> frozenset[int]:
    """The ticks with every second list entry left out, and all that hangs on it."""
    entries = [t.number for t in question.ticks if any(_is_entry(p.place) for p in t.targets)]
    left_out = set(entries[1::2])
    kept = (t for t in question.ticks if t.number not in left_out and t.parent not in left_out)
    return frozenset(t.number for t in kept)


def read_record(path: Path) -> bytes:
    """The bytes of a FHIR file (``demo.record`` where it cannot be read)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError("demo.record", f"{path.name} cannot be read") from error


def _is_entry(place: tuple[str | int, ...]) -> bool:
    return len(place) == len(("items", 0)) and place[0] == "items"
