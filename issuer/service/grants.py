"""Grants: what lets a wallet come back (RFC 6749 section 6, RFC 9449 section 5).

A refresh token has two parts. The lasting one finds the grant and unseals where its records are
read; the other turns with each use. Rules: bound to the wallet's DPoP key; a part that turned away
is refused, and from the grant's own key it ends the grant (RFC 9700 section 4.14.2), unless its
answer may have been lost: then the very same answer is given again, once within a short grace, or
however late for the attempt that the wallet named. The next part is derived from the last with a
salt, so that the answer can be made again and is kept nowhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import b64url_encode
from healthpassport.errors import ProtocolError, ServiceError
from healthpassport.protocols.oid4vci import RefreshRequest, TokenResponse
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN
from issuer.store import GrantState, Offer, OfferState, deferrals, grants, issuances, lines, offers
from issuer.store.again import tried_again
from issuer.store.grants import Grant

from .audit import Told
from .clock_watch import require_right
from .context import IssuerContext, digest
from .dpop import accepted_new_key, accepted_proof
from .sealing import derived, seal, unseal
from .sources import SOURCE
from .statuses import set_status

TOKEN_PATH: Final = "/token"  # noqa: S105 - an address
DEVICE_PATH: Final = "/holder/device"
DPOP: Final = "DPoP"
_ID_LENGTH: Final = 22  # characters of base64url: 132 random bits
_SALT_BYTES: Final = 16
_DAY: Final = 86_400
_ENDED: Final = {
    GrantState.MOVED: "grant.device_stopped",
    GrantState.REVOKED: "grant.replayed",
    GrantState.ENDED: "grant.ended",
    GrantState.CLOSED: "grant.closed",
    GrantState.LAPSED: "grant.lapsed",
}


@dataclass(frozen=True, slots=True)
class _Next:
    """A refresh token to give, and the grant that it opens."""

    grant: Grant
    token: str


def open_grant(
    issuer: IssuerContext, tx: Connection, offer: Offer, *, thumbprint: str, reference: bytes | None
) -> tuple[str, str]:
    """A new grant for a redeemed ``offer``: its id and the first refresh token.

    ``reference`` is where its records can be read again, None where nowhere.
    """
    lasting, turning = issuer.secret(), issuer.secret()
    name = issuer.secret()[:_ID_LENGTH]
    now = issuer.now()
    grants.add(
        tx,
        Grant(
            id=name,
            root=name,
            client=offer.client,
            state=GrantState.ACTIVE,
            lasting_hash=digest(lasting),
            current_hash=digest(turning),
            salt=issuer.random(_SALT_BYTES),
            key_thumbprint=thumbprint,
            client_id=offer.client_id,
            sealed=_sealed(issuer, reference, lasting),
            created_at=now,
            used_at=now,
            expires_at=now + issuer.settings.refresh_days * _DAY,
        ),
    )
    return name, f"{lasting}.{turning}"


def refresh(issuer: IssuerContext, request: RefreshRequest, *, proof: str | None) -> TokenResponse:
    """A new access token and the next refresh token; ``proof`` is the DPoP header.

    Raises:
        ProtocolError: ``oid4vci.invalid_grant``, ``oid4vci.invalid_dpop_proof``,
            ``oid4vci.invalid_scope``, ``oid4vci.invalid_target``.
        ServiceError: ``grant.replayed``, ``grant.device_stopped``, ``grant.ended``,
            ``grant.closed``, ``grant.lapsed``.
    """
    with issuer.audit.refusals("token.refused", who=issuer.audit.wallet) as told:
        return _refresh(issuer, request, proof, told)


def _refresh(
    issuer: IssuerContext, request: RefreshRequest, proof: str | None, told: Told
) -> TokenResponse:
    if request.scope is not None:
        raise ProtocolError("oid4vci.invalid_scope")
    if request.resource not in (None, issuer.settings.iss):  # RFC 8707 section 2
        raise ProtocolError("oid4vci.invalid_target")
    key = accepted_proof(issuer, proof, path=TOKEN_PATH).thumbprint
    response = _refreshed(issuer, request, key, told)
    if response is None:
        # Raised after the transaction, which has ended the grant.
        raise ServiceError("grant.replayed")
    return response


@tried_again
def _refreshed(
    issuer: IssuerContext, request: RefreshRequest, key: str, told: Told
) -> TokenResponse | None:
    with issuer.store.writing() as tx:
        grant = _known(tx, request.refresh_token, key)
        told.subject = grant.root
        if grant.client_id != request.client_id:
            raise ProtocolError("oid4vci.invalid_grant", "the token is another client's")
        _require_active(issuer, tx, grant)
        given = _turned(issuer, tx, grant, request)
        response = None if given is None else _session(issuer, tx, given)
        event = "grant.replayed" if given is None else "grant.refreshed"
        issuer.audit.write(event, who=issuer.audit.wallet, tx=tx, subject=grant.root)
        told.written = given is None
        return response


def move(
    issuer: IssuerContext, *, refresh_token: str, new_proof: str, proof: str | None
) -> TokenResponse:
    """Move a grant to the key of ``new_proof``: the old device gets nothing any more.

    All copies that were given before are replaced. A backup may hold a refresh token that turned
    away long ago: the lasting part and the old key are what has to be right. Sent again with the
    same new key, because the answer was lost, the same answer comes.

    Raises:
        ProtocolError: ``oid4vci.invalid_grant``, ``oid4vci.invalid_dpop_proof``.
        ServiceError: as ``refresh``.
    """
    with issuer.audit.refusals("token.refused", who=issuer.audit.wallet):
        return _move(issuer, refresh_token, new_proof, proof)


def _move(
    issuer: IssuerContext, refresh_token: str, new_proof: str, proof: str | None
) -> TokenResponse:
    old_key = accepted_proof(issuer, proof, path=DEVICE_PATH).thumbprint
    new_key = accepted_new_key(issuer, new_proof, path=DEVICE_PATH, token=refresh_token).thumbprint
    if new_key == old_key:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the new key is the old one")
    return _moved_to(issuer, refresh_token, old_key, new_key)


@tried_again
def _moved_to(
    issuer: IssuerContext, refresh_token: str, old_key: str, new_key: str
) -> TokenResponse:
    with issuer.store.writing() as tx:
        old = _known(tx, refresh_token, old_key)
        given = _moved_before(tx, old, refresh_token, new_key)
        if given is None:
            _require_active(issuer, tx, old)
            given = _moved(issuer, tx, old, refresh_token, new_key)
            told = {"subject": old.root, "grant": given.grant.id}
            issuer.audit.write("grant.moved", who=issuer.audit.wallet, tx=tx, **told)
        return _session(issuer, tx, given)


@tried_again
def stop_grant(
    issuer: IssuerContext, *, grant: str, client: str | None = None, who: Actor | None = None
) -> Grant:
    """End ``grant`` for good and withdraw every copy of its line, as the practice wants it.

    ``who`` wants it, where that is not the API client itself.

    Raises:
        ServiceError: ``grant.unknown``, ``forbidden`` for another client's grant.
    """
    with issuer.store.writing() as tx:
        found = grants.find(tx, grant)
        if found is None:
            raise ServiceError("grant.unknown")
        if client is not None and found.client != client:
            raise ServiceError("forbidden")
        if found.state is not GrantState.ACTIVE:
            return found
        close_grant(tx, found, GrantState.ENDED, status=WITHDRAWN)
        tell_ended(issuer, tx, found, GrantState.ENDED, who=who or issuer.audit.by(client))
    return replace(found, state=GrantState.ENDED)


def all_grants(
    issuer: IssuerContext, *, limit: int = 100, client: str | None = None
) -> tuple[Grant, ...]:
    """The newest grants, of one API client or of all; none names a person."""
    with issuer.store.reading() as tx:
        return grants.newest(tx, limit=limit, client=client)


def lapse(issuer: IssuerContext, tx: Connection) -> None:
    """End the grants that nobody used for too long."""
    for grant in grants.unused(tx, issuer.now()):
        close_grant(tx, grant, GrantState.LAPSED, status=None)
        tell_ended(issuer, tx, grant, GrantState.LAPSED, who=issuer.audit.own)


def tell_ended(
    issuer: IssuerContext, tx: Connection, grant: Grant, state: GrantState, *, who: Actor
) -> None:
    """Into the audit trail: who ended ``grant``, and why."""
    issuer.audit.write("grant.ended", who=who, tx=tx, subject=grant.root, reason=state.value)


def close_grant(tx: Connection, grant: Grant, state: GrantState, *, status: int | None) -> None:
    """End ``grant`` in ``state`` and give every copy of its line ``status``, if any."""
    grants.change(tx, grant.id, state=state.value, sealed=None, previous_hash=None)
    offers.close_of_grant(tx, grant.id)
    deferrals.drop_of_line(tx, grant.root)
    if status is not None:
        mark_line(tx, grant.root, status=status)


def mark_line(tx: Connection, root: str, *, status: int) -> None:
    """Give every copy of a line of grants ``status``, but those that ended before."""
    for found in (issuances.find(tx, one.id) for one in lines.standing(tx, root)):
        if found is not None and found.status in {VALID, SUSPENDED}:
            set_status(tx, issuance=found.id, status=status)


def _known(tx: Connection, token: str, key: str) -> Grant:
    """The grant that ``token`` belongs to, in whatever state; ``key`` must be its own.

    A token without its key tells nothing and ends nothing: whoever found it cannot use it, nor lock
    the patient out with it.
    """
    grant = grants.by_lasting(tx, digest(token.partition(".")[0]))
    if grant is None or not hmac.compare_digest(grant.key_thumbprint, key):
        raise ProtocolError("oid4vci.invalid_grant")
    return grant


def grant_of_token(tx: Connection, token: str) -> Grant | None:
    """The grant that ``token`` says it belongs to; nothing of it was checked."""
    return grants.by_lasting(tx, digest(token.partition(".")[0]))


def _require_active(issuer: IssuerContext, tx: Connection, grant: Grant) -> None:
    state = grant.state
    if state is GrantState.ACTIVE and grant.expires_at <= issuer.now():
        state = GrantState.LAPSED
        require_right(issuer, tx)
    if state is not GrantState.ACTIVE:
        raise ServiceError(_ENDED[state])


def _turned(
    issuer: IssuerContext, tx: Connection, grant: Grant, request: RefreshRequest
) -> _Next | None:
    """The next token for the one presented; None when it was used before, and the grant ended."""
    presented = digest(request.refresh_token.partition(".")[2])
    attempt = None if request.attempt is None else digest(request.attempt)
    now = issuer.now()
    lost = presented != grant.previous_hash and _may_have_turned(issuer, grant)
    if hmac.compare_digest(presented, grant.current_hash) or lost:
        salt = issuer.random(_SALT_BYTES)
        token = _next_token(request.refresh_token, salt)
        grants.change(
            tx,
            grant.id,
            current_hash=digest(token.partition(".")[2]),
            previous_hash=presented,
            previous_until=now + issuer.settings.refresh_grace_seconds,
            attempt_hash=attempt,
            salt=salt,
            used_at=now,
            expires_at=now + issuer.settings.refresh_days * _DAY,
        )
        return _Next(grant, token)
    if presented == grant.previous_hash:
        again = attempt is not None and attempt == grant.attempt_hash
        if again or now < grant.previous_until:
            if not again:
                grants.change(tx, grant.id, previous_until=0)
            return _Next(grant, _next_token(request.refresh_token, grant.salt))
    close_grant(tx, grant, GrantState.REVOKED, status=None)
    return None


def _may_have_turned(issuer: IssuerContext, grant: Grant) -> bool:
    """Whether the database may have forgotten the last turn: it was set back since it knows of one.

    What is shown then is taken once, though nobody can tell that it is the newest: lasting part and
    key are right, without which it is worth nothing (RFC 9700 section 4.14.2 asks for one of the
    two; docs/adr/0086).
    """
    return grant.used_at <= issuer.store.set_back.noticed_at


def _moved(issuer: IssuerContext, tx: Connection, old: Grant, token: str, new_key: str) -> _Next:
    salt, now = issuer.random(_SALT_BYTES), issuer.now()
    given = _moved_token(token, salt)
    lasting, _, turning = given.partition(".")
    reference = None
    if old.sealed is not None:
        reference = unseal(old.sealed, secret=token.partition(".")[0], purpose=SOURCE)
    new = replace(
        old,
        id=issuer.secret()[:_ID_LENGTH],
        lasting_hash=digest(lasting),
        current_hash=digest(turning),
        previous_hash=None,
        previous_until=0,
        attempt_hash=None,
        salt=salt,
        key_thumbprint=new_key,
        sealed=_sealed(issuer, reference, lasting),
        created_at=now,
        used_at=now,
        expires_at=now + issuer.settings.refresh_days * _DAY,
    )
    close_grant(tx, old, GrantState.MOVED, status=REPLACED)
    grants.change(tx, old.id, moved_to=new.id)
    grants.add(tx, new)
    return _Next(new, given)


def _moved_before(tx: Connection, old: Grant, token: str, new_key: str) -> _Next | None:
    """The answer again, while the new device has not used it."""
    if old.state is not GrantState.MOVED or old.moved_to is None:
        return None
    new = grants.find(tx, old.moved_to)
    if new is None or new.state is not GrantState.ACTIVE or new.key_thumbprint != new_key:
        return None
    given = _moved_token(token, new.salt)
    lasting, _, turning = given.partition(".")
    if digest(lasting) != new.lasting_hash or digest(turning) != new.current_hash:
        return None
    return _Next(new, given)


def _session(issuer: IssuerContext, tx: Connection, given: _Next) -> TokenResponse:
    """An access token of ``given``'s grant: a collection whose records are still to be read."""
    token, seconds, now = issuer.secret(), issuer.settings.token_minutes * 60, issuer.now()
    reference = None
    if given.grant.sealed is not None:
        lasting = given.token.partition(".")[0]
        reference = unseal(given.grant.sealed, secret=lasting, purpose=SOURCE)
    offers.add(
        tx,
        Offer(
            id=issuer.secret()[:_ID_LENGTH],
            address_hash=digest(issuer.secret()),  # nobody knows an address or a code of it
            code_hash=digest(issuer.secret()),
            pin_mac="",
            client=given.grant.client,
            state=OfferState.REDEEMED,
            tries=0,
            created_at=now,
            expires_at=now,
            token_hash=digest(token),
            token_expires_at=now + seconds,
            key_thumbprint=given.grant.key_thumbprint,
            client_id=given.grant.client_id,
            grant=given.grant.id,
            sealed_source=_sealed(issuer, reference, token),
        ),
        {},
    )
    return TokenResponse(
        access_token=token, token_type=DPOP, expires_in=seconds, refresh_token=given.token
    )


def _next_token(token: str, salt: bytes) -> str:
    lasting = token.partition(".")[0]
    return f"{lasting}.{derived(token, f'refresh {b64url_encode(salt)}')}"


def _moved_token(token: str, salt: bytes) -> str:
    parts = (derived(token, f"{part} {b64url_encode(salt)}") for part in ("lasting", "turning"))
    return ".".join(parts)


def _sealed(issuer: IssuerContext, reference: bytes | None, secret: str) -> bytes | None:
    if reference is None:
        return None
    return seal(reference, secret=secret, purpose=SOURCE, random=issuer.random)
