"""Which wallet a request is of: by its attestation, or by its name alone where that is enough.

Draft-ietf-oauth-attestation-based-client-auth-07 sections 6 and 8, HAIP 1.0 section 4.4.1. Rules:
an attestation that is sent is checked, needed or not; its proof is good once; a client that is only
named is a public one and must be known. What is *not* here: the checks of the two tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import AttestedClient, verify_attestation
from healthpassport.protocols.oid4vci.wallet_attestation import REPLAY_WINDOW
from issuer.store import spent

from . import nonces
from .context import IssuerContext, digest
from .known_wallets import usable_redirect

CHALLENGE_PATH: Final = "/challenge"
ALWAYS: Final = "always"
OPTIONAL: Final = "optional"


@dataclass(frozen=True, slots=True)
class SentAttestation:
    """The values of the two headers as they came; each must stand there once or not at all."""

    attestations: Sequence[str] = ()
    proofs: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.attestations or self.proofs)


NOTHING_SENT: Final = SentAttestation()


@dataclass(frozen=True, slots=True)
class WalletClient:
    """The wallet of one request: its ``client_id``, its name, and whether it proved both."""

    client_id: str
    name: str
    attested: bool


def needs_attestation(issuer: IssuerContext, *, signs_in: bool) -> bool:
    """Whether the settings want one, for a flow in which the patient signs in or for another."""
    wanted = issuer.settings.wallet_attestation
    return wanted == ALWAYS or (signs_in and wanted != OPTIONAL)


def attested_client(
    issuer: IssuerContext, sent: SentAttestation, *, client_id: str | None, needed: bool
) -> AttestedClient | None:
    """The wallet that ``sent`` proves, None where nothing was sent and nothing is ``needed``.

    Raises:
        ProtocolError: ``oid4vci.invalid_client``,
            ``oid4vci.use_attestation_challenge``.
    """
    if not sent:
        if needed:
            raise ProtocolError("oid4vci.invalid_client", "the wallet's attestation is missing")
        return None
    if len(sent.attestations) != 1 or len(sent.proofs) != 1:
        raise ProtocolError("oid4vci.invalid_client", "each of the two headers stands once")
    found = verify_attestation(
        sent.attestations[0],
        sent.proofs[0],
        trusted=issuer.wallets.trusted,
        expected_audience=issuer.settings.iss,
        now=issuer.clock(),
    )
    # OpenID4VCI 1.0 appendix E: sub of the attestation is the client.
    if client_id not in (None, found.client_id):
        raise ProtocolError("oid4vci.invalid_client", "client_id is not the attested one")
    _check_challenge(issuer, found)
    _spend(issuer, found)
    return found


def pushing_client(
    issuer: IssuerContext, sent: SentAttestation, *, client_id: str | None
) -> WalletClient:
    """The wallet that pushes a request.

    Raises:
        ProtocolError: as ``attested_client``; ``oid4vci.invalid_client`` for a wallet that is not
            known and proves nothing.
    """
    needed = needs_attestation(issuer, signs_in=True)
    attested = attested_client(issuer, sent, client_id=client_id, needed=needed)
    name = attested.client_id if attested else client_id
    known = issuer.wallets.clients.get(name or "")
    if attested is not None:
        label = known.name if known else attested.name or attested.client_id
        return WalletClient(attested.client_id, label, attested=True)
    if name is None or known is None:
        raise ProtocolError("oid4vci.invalid_client", "this wallet is not known here")
    return WalletClient(name, known.name, attested=False)


def check_redirect(issuer: IssuerContext, client: WalletClient, redirect_uri: str) -> None:
    """Refuse an address that this wallet's answer may not go to (RFC 9700 section 4.1.3).

    Raises:
        ProtocolError: ``oid4vci.invalid_redirect_uri``.
    """
    known = issuer.wallets.clients.get(client.client_id)
    if known is not None and known.may_use(redirect_uri):
        return
    free = issuer.settings.wallet_redirects == "attested" and client.attested and known is None
    if not (free and usable_redirect(redirect_uri)):
        raise ProtocolError("oid4vci.invalid_redirect_uri")


def new_challenge(issuer: IssuerContext) -> str:
    """A challenge for the proof beside an attestation; giving one writes nothing."""
    return nonces.new_nonce(issuer)


def _check_challenge(issuer: IssuerContext, found: AttestedClient) -> None:
    if found.challenge is None and not issuer.settings.wallet_attestation_challenge:
        return
    try:
        nonces.check(issuer, found.challenge or "")
    except ProtocolError as error:
        raise ProtocolError("oid4vci.use_attestation_challenge") from error


def _spend(issuer: IssuerContext, found: AttestedClient) -> None:
    """Draft-07 section 12.1: a proof is good once, and so is the challenge that it answers."""
    expires_at = int((found.issued_at + REPLAY_WINDOW).timestamp())
    with issuer.store.writing() as tx:
        fresh = spent.spend(tx, digest(f"pop {found.thumbprint} {found.jti}"), expires_at)
        if fresh and found.challenge is not None:
            until = issuer.now() + nonces.LIFETIME
            fresh = spent.spend(tx, digest(f"challenge {found.challenge}"), until)
    if not fresh:
        raise ProtocolError("oid4vci.invalid_client", "the proof was used before")
