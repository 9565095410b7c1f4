"""What every credential format gives and takes, whatever it looks like on the wire.

What is *not* here: a class per format. A format is a module that has these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.keys.public import PublicKey
from healthpassport.keys.signer import Signer

Randomness: TypeAlias = Callable[[int], bytes]
ClaimPath: TypeAlias = "tuple[str | None, ...]"
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

    def key_name(self) -> str | None:
        """The thumbprint by which it names the issuer's key; None where certificates name it."""
        ...

    def holder_key(self) -> PublicKey | None:
        """The key that it claims to be bound to, for choosing among a wallet's keys."""
        ...


class HeldCredential(Protocol):
    """A record in a wallet: all of it in plain form, and what of it can be held back.

    ``claims`` is what the paths of a query address, and the record stands at the format's ``ROOT``
    in it. ``payload`` is the record itself, as ``healthpassport.summary`` has it on the wire;
    ``places`` names what of it can be held back, outer places before inner ones.
    """

    @property
    def claims(self) -> Mapping[str, Json]:
        """The whole credential in plain form."""
        ...

    @property
    def payload(self) -> Mapping[str, Json]:
        """The record in plain form."""
        ...

    @property
    def places(self) -> Collection[Place]:
        """The places of ``payload`` that can be held back."""
        ...

    @property
    def issued_at(self) -> datetime:
        """When it was signed."""
        ...

    @property
    def expires_at(self) -> datetime:
        """Until when it is valid."""
        ...


@dataclass(frozen=True, slots=True)
class DisclosedCredential:
    """A credential whose signature, digests, times and holder binding were checked.

    ``payload`` is the whole credential in plain form: what cannot be hidden and what was disclosed.
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
    """What the module of a format offers to an issuer, a wallet and a verifier.

    ``ROOT`` is where in a credential's claims the record stands.
    """

    @property
    def ROOT(self) -> Place:  # noqa: N802 - a constant of a module
        """The place of the record in the claims."""
        ...

    def record(self, claims: Mapping[str, Json], /) -> Mapping[str, Json]:
        """The record in ``claims``, as ``healthpassport.summary`` reads it."""
        ...

    def issue(
        self,
        *,
        payload: Mapping[str, Json],
        disclosable: Iterable[ClaimPath],
        signer: Signer,
        iss: str,
        holder_jwk: PublicKey | Mapping[str, Json] | None,
        issued_at: datetime,
        expires_at: datetime,
        salts: Randomness,
        x5c: Sequence[bytes] = (),
        status: Mapping[str, Json] | None = None,
        second_signer: Signer | None = None,
    ) -> str:
        """A signed credential that holds the record ``payload``.

        With ``second_signer`` it bears a post-quantum signature too; a format that carries none
        refuses (``pq.format``).
        """
        ...

    def read_held(
        self,
        text: str,
        *,
        issuer_key: PublicKey,
        holder_key: PublicKey,
        now: datetime,
        second_key: PublicKey | None = None,
    ) -> HeldCredential:
        """The record ``text`` on its receipt by a wallet, after every check.

        A second signature that it has is checked with ``second_key``, where there is one.
        """
        ...

    def open_held(self, text: str, /) -> HeldCredential:
        """The record ``text`` from a wallet's own vault, where ``read_held`` accepted it before."""
        ...

    def narrow(self, text: str, /, *, keep: Iterable[Place]) -> str:
        """The record ``text`` without the values that are not at ``keep`` or around it.

        For handing a copy on with its key; a format that cannot do it refuses
        (``cred.whole_only``).
        """
        ...

    def present(
        self,
        held: HeldCredential,
        *,
        disclose: Iterable[Place],
        challenge: Challenge,
        holder_signer: Signer,
        now: datetime,
        random: Randomness,
    ) -> str:
        """A presentation that shows the values at ``disclose`` and those around them."""
        ...

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
