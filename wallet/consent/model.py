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

    Places are those of the record, whatever its format; a query's paths address the claims of the
    format, in which the record stands at ``root``.
    """

    reference: str
    format: str
    held: HeldCredential
    issuer_name: str

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

    def offered(self, reference: str, *, without_places: Collection[Place] = ()) -> HeldClaims:
        """What may go out, for matching with a query: all claims but ``without_places``."""
        cut = [(*self.root, *place) for place in without_places]
        claims = without(self.held.claims, cut) if cut else self.held.claims
        return HeldClaims(reference, self.format, str(self.held.payload.get("vct")), claims)


@dataclass(frozen=True, slots=True)
class Target:
    """A disclosure that a tick stands for; the empty place is the record as a whole."""

    query_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class Tick:
    """One box: ``parent`` is the number of the box without which this one means nothing.

    ``key`` names what the box stands for from one request to the next, without holding its value.
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


@dataclass(frozen=True, slots=True)
class ConsentQuestion:
    """What a person sees. ``satisfiable`` is False when they hold too little to answer at all.

    All records are those of ``person``, a passport's id; ``acting_for`` is that person's name where
    it is not the wallet's owner, ``notes`` what is to be read before the boxes.
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
    records: Mapping[str, HeldRecord] = field(repr=False)
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
