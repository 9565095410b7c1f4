"""What a question to a person consists of: the asker, the boxes, the records behind them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from healthpassport.formats import HeldCredential, format_named
from healthpassport.protocols.dcql import ClaimsQuery, HeldClaims, Place, select, without
from healthpassport.requests import VerifiedRequest
from schemas.definitions import SECOND_SIGNATURE

# Goes out wherever it is asked for and its record does, without a box of its own: it says nothing
# of the person, and is the same as the first signature, which is never asked about either.
CARRIED: Final[frozenset[Place]] = frozenset({(SECOND_SIGNATURE,)})


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record as the wallet holds it: its reference in the vault, and all of its content.

    ``authority_key_ids`` are those of its certificates (OpenID4VP 1.0 section 6.1.1.1).

    Places are those of the record, whatever its format; a query's paths address the claims of the
    format, in which the record stands at ``root``.
    """

    reference: str
    format: str
    held: HeldCredential
    issuer_name: str
    authority_key_ids: frozenset[str] = frozenset()

    @property
    def root(self) -> Place:
        """Where in the claims the record stands."""
        return format_named(self.format).ROOT

    def asked(self, claim: ClaimsQuery) -> frozenset[Place]:
        """The places of the record that ``claim`` asks for and whose values it accepts."""
        start = len(self.root)
        return frozenset(
            place[start:]
            for place, value in select(self.held.claims, claim.path)
            if claim.accepts(value) and place[:start] == self.root
        )

    def always_says(self, claim: ClaimsQuery) -> bool:
        """Whether ``claim`` asks for something around the record, which nobody can hold back."""
        start = len(self.root)
        return any(
            claim.accepts(value) and place[:start] != self.root
            for place, value in select(self.held.claims, claim.path)
        )

    def offered(self, reference: str, *, without_places: Collection[Place] = ()) -> HeldClaims:
        """What may go out, for matching with a query: all claims but ``without_places``."""
        cut = [(*self.root, *place) for place in without_places]
        claims = without(self.held.claims, cut) if cut else self.held.claims
        vct = str(self.held.payload.get("vct"))
        return HeldClaims(reference, self.format, vct, claims, self.authority_key_ids)


@dataclass(frozen=True, slots=True)
class Target:
    """A disclosure that a tick stands for; the empty place is the record as a whole."""

    query_id: str
    reference: str
    place: Place


@dataclass(frozen=True, slots=True)
class Tick:
    """One box: ``parent`` is the number of the box without which this one means nothing.

    ``needed`` boxes are needed for safe treatment, ``sensitive`` ones start unticked; ``note`` says
    in one sentence what happens without it, or why it is unticked. ``key`` names what the box
    stands for from one request to the next, without holding its value.
    """

    number: int
    section: str
    label: str
    value: str
    ticked: bool
    sensitive: bool
    parent: int | None
    key: str
    targets: tuple[Target, ...] = field(repr=False)
    needed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer, in words; ``id`` names it within its choice."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a question can be answered in more than one way: the ways, and the one that is shown.

    Either the asker named alternatives, or several records fit where one is wanted.
    """

    id: str
    title: str
    options: tuple[Option, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class ConsentQuestion:
    """What a person sees. ``satisfiable`` is False when they hold too little to answer at all.

    All records are those of ``person``, a passport's id; ``acting_for`` is that person's name where
    it is not the wallet's owner, ``notes`` what is to be read before the boxes.

    ``records`` holds, for each part of the query that would be answered, the records that answer
    it: more than one only where the asker takes several.
    """

    id: str
    asker: str
    asker_ods: str
    purpose: str
    reason: str
    retention: str
    ticks: tuple[Tick, ...]
    not_held: tuple[str, ...]
    satisfiable: bool
    request: VerifiedRequest = field(repr=False)
    records: Mapping[str, tuple[HeldRecord, ...]] = field(repr=False)
    choices: tuple[Choice, ...] = ()
    language: str = "en"
    person: str = ""
    acting_for: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ticked(self) -> frozenset[int]:
        """The boxes that are ticked to begin with."""
        return frozenset(tick.number for tick in self.ticks if tick.ticked)

    def after(self, numbers: Collection[int]) -> ConsentQuestion:
        """The same question with exactly ``numbers`` ticked: a choice outlives an error."""
        ticks = tuple(replace(tick, ticked=tick.number in numbers) for tick in self.ticks)
        return replace(self, ticks=ticks)

    def as_ticked_in(self, other: ConsentQuestion) -> ConsentQuestion:
        """This question with every box that ``other`` has too ticked as it is there."""
        before: dict[str, list[bool]] = {}
        for tick in other.ticks:
            before.setdefault(tick.key, []).append(tick.ticked)
        ticked = {
            tick.number
            for tick in self.ticks
            if (before[tick.key].pop(0) if before.get(tick.key) else tick.ticked)
        }
        return self.after(ticked)
