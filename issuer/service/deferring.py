"""Records given later (OpenID4VCI 1.0 section 9): their source is slow, or staff look first.

What waits is sealed under the transaction_id, which only the wallet has: the holder's keys, and the
record where it was read already. A wallet asks with any token of its line of grants, since a token
lives for minutes and staff may take days. It ends with the answer, with the grant, or after
``deferred_days``. What is *not* here: showing staff the record, which their own system does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ProtocolError, SourceError
from healthpassport.keys import PublicKey, public_key_from_jwk
from healthpassport.protocols.oid4vci import (
    CredentialResponse,
    DeferredRequest,
    DeferredResponse,
    KeyProof,
    parse_credential_response,
)
from issuer.settings import SD_JWT_VC
from issuer.store import (
    Deferral,
    DeferralReason,
    DeferralState,
    deferrals,
    grants,
    issuances,
    lines,
    offers,
)
from issuer.store.again import tried_again

from .clock_watch import require_right
from .configurations import Configuration, configurations
from .context import IssuerContext, digest
from .copying import ID_LENGTH, Order, make_copies
from .grant_lines import line_of, same_line
from .holder_keys import spend
from .offers import SIGN_IN
from .places import MOST_COPIES, Reserved, reserving
from .refreshing import LATER, prepare, supersede
from .sealing import seal, unseal
from .tokens import NO_PIN, Access

DEFERRED_PATH: Final = "/deferred_credential"
_CONTENT: Final = "deferred"
_ANSWER: Final = "answer"
_TRANSACTION: Final = "transaction"
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Wanted:
    """A credential request after its checks."""

    configuration: Configuration
    proofs: tuple[KeyProof, ...]
    request_hash: str


def needs_sign_off(issuer: IssuerContext, access: Access) -> bool:
    """Whether staff look at what ``access`` asks for; no staff saw what a wallet comes back for."""
    rule = issuer.settings.sign_off
    return rule == "all" or (rule == "returning" and access.offer.pin_mac in {NO_PIN, SIGN_IN})


def put_off(
    issuer: IssuerContext, access: Access, wanted: Wanted, *, reason: DeferralReason
) -> DeferredResponse:
    """Keep what ``wanted`` asks for until it can be given; the same request gets the same answer.

    Raises:
        ProtocolError: ``oid4vci.invalid_nonce``; ``oid4vci.invalid_credential_request`` where it
            was asked for already.
    """
    name = wanted.configuration.id
    transaction = issuer.secret()
    with issuer.store.writing() as tx:
        offers.stand_still(tx, access.offer)
        before = deferrals.of_offer(tx, access.offer.id, name)
        for one in before:
            if one.request_hash == wanted.request_hash and one.answer is not None:
                told = unseal(one.answer, secret=access.token, purpose=_TRANSACTION)
                return _wait(issuer, told.decode())
        if before and not issuer.settings.collect_again:
            raise ProtocolError("oid4vci.invalid_credential_request", "it was asked for already")
        spend(issuer, tx, wanted.proofs)
        content: dict[str, Json] = {"keys": [proof.key.jwk() for proof in wanted.proofs]}
        if reason is DeferralReason.STAFF:
            content["record"] = _taken(issuer, tx, access, name)
        deferrals.add(
            tx,
            Deferral(
                id=issuer.secret()[:ID_LENGTH],
                transaction_hash=digest(transaction),
                offer=access.offer.id,
                root=line_of(tx, access.offer),
                client=access.offer.client,
                configuration=name,
                turn=len(before),
                reason=reason,
                state=DeferralState.WAITING,
                copies=len(wanted.proofs),
                request_hash=wanted.request_hash,
                created_at=issuer.now(),
                expires_at=issuer.now() + issuer.settings.deferred_days * _DAY,
                answer=_sealed(issuer, transaction.encode(), access.token, _TRANSACTION),
                sealed=_sealed(issuer, dump_json(content), transaction, _CONTENT),
            ),
        )
        issuer.audit.write(
            "record.put_off",
            who=issuer.audit.wallet,
            tx=tx,
            subject=access.offer.id,
            type=name,
            reason=reason.value,
            copies=len(wanted.proofs),
        )
    issuer.store.wipe()
    return _wait(issuer, transaction)


@tried_again
def collect(
    issuer: IssuerContext, *, access: Access, request: DeferredRequest
) -> CredentialResponse | DeferredResponse:
    """What was put off under ``request.transaction_id``, or word that it takes longer.

    Raises:
        ProtocolError: ``oid4vci.invalid_transaction_id`` for one that is unknown, another wallet's,
            used or too old; ``oid4vci.credential_request_denied`` where staff said no.
        SourceError: as ``refreshing.prepare``.
    """
    told = issuer.audit.refusals(
        "credential.refused", who=issuer.audit.wallet, subject=access.offer.id
    )
    with told:
        return _collected(issuer, access, request.transaction_id)


def _collected(
    issuer: IssuerContext, access: Access, transaction: str
) -> CredentialResponse | DeferredResponse:
    with issuer.store.reading() as tx:
        found = deferrals.by_transaction(tx, digest(transaction))
        if found is None or not same_line(tx, access.offer, found.offer):
            raise ProtocolError("oid4vci.invalid_transaction_id")
    if found.state is DeferralState.DENIED:
        raise ProtocolError("oid4vci.credential_request_denied")
    if found.state is DeferralState.ISSUED:
        return _told_again(issuer, found, transaction)
    if found.state is DeferralState.EXPIRED or found.expires_at <= issuer.now():
        with issuer.store.reading() as tx:
            require_right(issuer, tx)  # a wallet asks no more for what it is told of as unknown
        raise ProtocolError("oid4vci.invalid_transaction_id")
    if found.reason is DeferralReason.SOURCE and not _read(issuer, access):
        return _wait(issuer, transaction)
    if found.reason is DeferralReason.STAFF and found.state is DeferralState.WAITING:
        return _wait(issuer, transaction)
    return _given(issuer, access, found, transaction)


def _given(
    issuer: IssuerContext, access: Access, found: Deferral, transaction: str
) -> CredentialResponse | DeferredResponse:
    """Issue ``found``, or put it before staff where it was read only now."""
    known = configurations(issuer.settings).get(found.configuration)
    with (
        reserving(issuer, known.format if known else SD_JWT_VC, copies=MOST_COPIES) as places,
        issuer.store.writing() as tx,
    ):
        offers.stand_still(tx, access.offer)
        still = deferrals.find(tx, found.id)
        if still is None or still.sealed is None:  # given, denied or dropped meanwhile
            return _collected(issuer, access, transaction)
        if found.root and type_of(found) in grants.suspended_types(tx, found.root):
            return _wait(issuer, transaction)  # of a record on hold there is no newer one meanwhile
        if found.reason is DeferralReason.STAFF:
            _refuse_overtaken(tx, found)
        content = parse_json_object(unseal(still.sealed, secret=transaction, purpose=_CONTENT))
        if found.reason is DeferralReason.SOURCE:
            content["record"] = _taken(issuer, tx, access, found.configuration)
            if access.offer.id != found.offer:  # read again, for another collection
                lines.forget_digest(tx, found.offer, found.configuration)
            if needs_sign_off(issuer, access):
                kept = _sealed(issuer, dump_json(content), transaction, _CONTENT)
                deferrals.change(tx, found.id, reason=DeferralReason.STAFF.value, sealed=kept)
                return _wait(issuer, transaction)
        deferrals.claim(tx, found.id)
        holder = replace(access, token=transaction)
        response = _issued(issuer, tx, holder, found, content, places=places)
    issuer.store.wipe()
    return response


def _refuse_overtaken(tx: Connection, found: Deferral) -> None:
    """What was read before a record that the wallet got meanwhile would replace the newer one."""
    root, since = found.root, found.created_at
    if root and lines.overtaken(
        tx, root, offer=found.offer, record_type=type_of(found), since=since
    ):
        raise ProtocolError("oid4vci.invalid_transaction_id", "a newer record was given since")


def type_of(found: Deferral) -> str:
    """The record type of ``found``, whatever its format."""
    return found.configuration.partition(".")[0]


def _issued(
    issuer: IssuerContext,
    tx: Connection,
    access: Access,
    found: Deferral,
    content: dict[str, Json],
    *,
    places: Reserved,
) -> CredentialResponse:
    """The copies; ``access.token`` is the transaction_id, which seals the answer."""
    configuration = configurations(issuer.settings).get(found.configuration)
    record = content.get("record")
    if configuration is None or not isinstance(record, dict):  # no longer given in this format
        raise ProtocolError("oid4vci.credential_request_denied")
    turn = len(issuances.all_of_offer(tx, found.offer, found.configuration))
    keys = _keys(content["keys"])
    order = Order(
        configuration,
        keys,
        found.request_hash,
        found.offer,
        places,
        turn=turn,
        asks_notice=issuer.settings.deferred_notification,
    )
    issuance, response = make_copies(issuer, tx, access, order, record)
    until = access.offer.token_expires_at or issuer.now()
    deferrals.change(tx, found.id, issuance=issuance.id, expires_at=until, answer=None)
    if not order.asks_notice:  # nobody will say that the wallet has it; an older list is worse
        supersede(issuer, tx, issuance)
    return response


def _told_again(issuer: IssuerContext, found: Deferral, transaction: str) -> CredentialResponse:
    """The same answer, for a wallet that lost it and has not notified (section 9.1)."""
    with issuer.store.reading() as tx:
        sealed = None
        if found.expires_at <= issuer.now():
            require_right(issuer, tx)
        elif found.issuance is not None:
            sealed = issuances.answer(tx, found.issuance, found.request_hash)
    if sealed is None:
        raise ProtocolError("oid4vci.invalid_transaction_id")
    return parse_credential_response(unseal(sealed, secret=transaction, purpose=_ANSWER))


def _read(issuer: IssuerContext, access: Access) -> bool:
    """Whether the source was read by now."""
    try:
        prepare(issuer, access)
    except SourceError as error:
        if error.code == LATER:
            return False
        raise
    return True


def _taken(issuer: IssuerContext, tx: Connection, access: Access, name: str) -> Json:
    """The record that waits for ``access``; it waits in the deferral from now on."""
    sealed = offers.sealed_record(tx, access.offer.id, name)
    if sealed is None:
        raise ProtocolError("oid4vci.credential_request_denied", "the notes do not tell this now")
    if not issuer.settings.collect_again:
        offers.erase_record(tx, access.offer.id, name)
    return parse_json_object(unseal(sealed, secret=access.token, purpose=name))


def _keys(value: Json) -> Sequence[PublicKey]:
    found = value if isinstance(value, list) else []
    return [public_key_from_jwk(jwk) for jwk in found if isinstance(jwk, dict)]


def _wait(issuer: IssuerContext, transaction: str) -> DeferredResponse:
    interval = issuer.settings.deferred_interval_seconds
    return DeferredResponse(transaction_id=transaction, interval=interval)


def _sealed(issuer: IssuerContext, data: bytes, secret: str, purpose: str) -> bytes:
    return seal(data, secret=secret, purpose=purpose, random=issuer.random)
