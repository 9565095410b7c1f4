"""What every credential format gives and takes, whatever it looks like on the wire.

What is *not* here: a class per format. A format is a module that has these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.keys.public import PublicKey

Place: TypeAlias = "tuple[str | int, ...]"


class ParsedCredential(Protocol):
    """A credential taken apart and *not* verified: only good for choosing a key."""

    @property
    def header(self) -> Mapping[str, Json]:
        """What the issuer's signature says of itself."""
        ...

    @property
    def iss(self) -> str | None:
        """Who claims to have issued it."""
        ...

    @property
    def vct(self) -> str | None:
        """Which type it claims to be of."""
        ...

    @property
    def payload(self) -> Mapping[str, Json]:
        """What it claims, before any disclosure."""
        ...

    def issued_at(self) -> datetime:
        """When it claims to have been issued, for choosing among the keys of an issuer."""
        ...

    def certificates(self) -> tuple[bytes, ...]:
        """The DER certificates that came with it, leaf first."""
        ...


@dataclass(frozen=True, slots=True)
class DisclosedCredential:
    """A credential whose signature, digests, times and holder binding were checked.

    ``payload`` is the processed payload: what cannot be hidden and what was disclosed.
    ``disclosed`` names the places of ``payload`` that came in a disclosure; an index counts the
    elements that are left in its array. ``gaps`` names the objects and arrays of which something
    may be withheld. ``holder_key`` is None where the issuer bound it to nobody.
    """

    header: Mapping[str, Json]
    payload: Mapping[str, Json]
    iss: str
    vct: str
    issued_at: datetime
    expires_at: datetime
    not_before: datetime | None
    holder_key: PublicKey | None
    disclosed: frozenset[Place]
    gaps: frozenset[Place]


class CredentialFormat(Protocol):
    """What the module of a format offers to a verifier."""

    def parse(self, text: str, /) -> ParsedCredential:
        """Take ``text`` apart without verifying it."""
        ...

    def verify(
        self,
        parsed: ParsedCredential,
        *,
        issuer_key: PublicKey,
        challenge: Challenge | None,
        now: datetime,
        expired_accepted: bool = False,
        second_key: PublicKey | None = None,
    ) -> DisclosedCredential:
        """Everything that was disclosed, after every check of the format.

        With ``second_key`` its post-quantum signature is required as well: a format that knows none
        refuses (``pq.missing``).
        """
        ...
