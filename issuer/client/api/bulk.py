"""Offers to many people: planned, started, followed, ended, and their links and PINs opened.

What is *not* here: the key's keeping, which is the caller's; without it no result opens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, JoseError, ServiceError
from healthpassport.jose import jwe
from healthpassport.keys import SoftwareSigner

from .bulk_models import (
    BulkAsked,
    BulkLineAsked,
    BulkPlan,
    BulkPlanAsked,
    BulkResult,
    BulkResults,
    Bulks,
    BulkSeen,
    BulkTakenBack,
    LinesTaken,
    LineTold,
)
from .transport import Transport, body_of, part

_PUBLIC: Final = ("kty", "crv", "x", "y")  # RFC 7518 section 6.2.1


@dataclass(frozen=True, slots=True)
class Opened:
    """What is told to one patient: the link, and the PIN by another way.

    ``warnings`` are those of ``OfferMade``: heed them before the PIN is given.
    """

    line: int
    offer_id: str
    link: str = field(repr=False)
    pin: str = field(repr=False)
    expires_at: datetime
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkCalls(Transport):
    """The calls about runs. ``key`` is a P-256 key of the caller's (``generate_signer()``)."""

    def plan_bulk(
        self, lines: Collection[BulkLineAsked], *, record_types: tuple[str, ...] = ()
    ) -> BulkPlan:
        """What would be offered for each line now; nothing is offered. At most 100 lines."""
        asked = BulkPlanAsked(lines=tuple(lines), record_types=record_types)
        return self.post("/bulk/plan", asked, BulkPlan)

    def start_bulk(
        self,
        lines: Collection[BulkLineAsked],
        *,
        bulk_key: SoftwareSigner,
        record_types: tuple[str, ...] = (),
        days: int | None = None,
        key: str | None = None,
    ) -> BulkSeen:
        """Offer to everybody in ``lines`` in the background; ``bulk_key`` opens the results.

        ``key`` is the Idempotency-Key: one of the caller's own, to try again after a restart.
        """
        asked = BulkAsked(
            lines=tuple(lines),
            recipient=recipient_of(bulk_key),
            record_types=record_types,
            days=days,
        )
        return self.make("/bulk", asked, BulkSeen, key=key)

    def bulks(self) -> tuple[BulkSeen, ...]:
        """The newest runs of this record system."""
        return self.read("/bulk", Bulks).bulks

    def bulk(self, bulk: str) -> BulkSeen:
        """How far a run is."""
        return self.read(f"/bulk/{part(bulk)}", BulkSeen)

    def cancel_bulk(self, bulk: str) -> BulkSeen:
        """Offer no further line; what was offered stays."""
        return self.post(f"/bulk/{part(bulk)}/cancel", None, BulkSeen)

    def take_back_bulk(self, bulk: str) -> int:
        """Offer no further line, and cancel each offer that nobody began to collect; how many."""
        return self.post(f"/bulk/{part(bulk)}/take-back", None, BulkTakenBack).taken_back

    def bulk_results(self, bulk: str, *, bulk_key: SoftwareSigner) -> tuple[Opened, ...]:
        """Link and PIN of each offered line that was not let go yet.

        Raises:
            ServiceError: ``bulk.key`` where they were sealed for another key.
        """
        found = self.read(f"/bulk/{part(bulk)}/results", BulkResults).results
        return tuple(_opened(one, bulk_key) for one in found)

    def let_bulk_results_go(self, bulk: str, lines: Collection[int]) -> None:
        """These are safe here: the issuer forgets them."""
        path = f"/bulk/{part(bulk)}/results/taken"
        self.call("POST", path, body_of(LinesTaken(lines=tuple(lines))), {})


def recipient_of(key: SoftwareSigner) -> dict[str, Json]:
    """The public JWK of ``key`` that links and PINs are sealed for."""
    jwk = key.public_key.jwk()
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def _opened(result: BulkResult, key: SoftwareSigner) -> Opened:
    kid = key.public_key.thumbprint()
    private = {name: value for name, value in key.private_jwk().items() if name != "alg"}
    opener = jwe.EncryptionKey(kid, {**private, "kid": kid})
    try:
        text = parse_json_object(jwe.decrypt(result.sealed or "", private_key=opener))
        told = LineTold.model_validate(text)
    except JoseError as error:
        raise ServiceError("bulk.key") from error
    except (EncodingError, ValidationError) as error:
        raise ServiceError("api.answer") from error
    return Opened(
        result.line, result.offer_id or "", told.link, told.pin, told.expires_at, told.warnings
    )
