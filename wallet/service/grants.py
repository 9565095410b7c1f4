"""Grants in the vault: what lets this wallet come back to an issuer.

One row for each offer that gave one: refresh token, the key it is bound to, which records it gives.
Rules: before a token is sent, the attempt is written down, so that an answer that is lost (or a
crash before it was stored) costs nothing: the same attempt is sent again. An ended grant is kept
with its reason, so that its owner is told in words. What is *not* here: what is done with access.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from healthpassport.credential import VerifiedIssuer
from healthpassport.encoding import Json, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import PassportError, ServiceError
from healthpassport.keys import SoftwareSigner, generate_signer, signer_from_private_jwk
from healthpassport.protocols.oid4vci import REFRESH_GRANT
from wallet.client.access import Access, Caller, by_moving, by_refresh_token
from wallet.client.holding import HolderClient, device_url
from wallet.client.offers import read_issuer
from wallet.vault import Vault, Writer

from .attested import attestation_rows, attested_for, forget_attestations
from .shelf import StoredRecord
from .surroundings import Surroundings

ATTEMPT_BYTES: Final = 24
# An issuer may say these today and give again tomorrow; all other refusals are for good.
PASSING: Final = frozenset({"grant.no_source", "grant.source_failed", "grant.other_person"})


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to come back to one issuer for one person's records.

    ``names`` has the configuration of each record type that it gave. ``attempt`` is set while a
    refresh is under way, ``new_key`` while the grant moves to this device. ``restored`` says that a
    backup held it: it must move before it is used, and ``renew`` that the copies from before are no
    good any more. ``ended`` is the code of why it is over. ``before`` names the passports that its
    records stood in before they moved: copies lent from these are its own too. ``attested`` says
    that the wallet's provider vouched for it when it was given. ``id`` is its name here for good,
    ``server`` the authorization server that gave it; both are empty in rows of older wallets.
    """

    row: int
    iss: str
    issuer: str
    ods: str
    person: str
    token: str = field(repr=False)
    key: Mapping[str, Json] = field(repr=False)
    names: Mapping[str, str]
    used_at: datetime
    attempt: str = ""
    new_key: Mapping[str, Json] | None = field(default=None, repr=False)
    restored: bool = False
    renew: bool = False
    ended: str = ""
    before: tuple[str, ...] = ()
    attested: bool = False
    id: str = ""
    server: str = ""

    @property
    def people(self) -> frozenset[str]:
        """The passports that copies given by it stand in, or stood in when they were lent."""
        return frozenset({self.person, *self.before})

    def moved(self, person: str) -> Grant:
        """The grant, once what it gives belongs to ``person``."""
        before = dict.fromkeys(one for one in (*self.before, self.person) if one != person)
        return replace(self, person=person, before=tuple(before))

    @property
    def signer(self) -> SoftwareSigner:
        """The key that the refresh token is bound to."""
        return signer_from_private_jwk(self.key)

    def wire(self) -> bytes:
        """The grant as it is stored."""
        return dump_json(
            {
                "iss": self.iss,
                "issuer": self.issuer,
                "ods": self.ods,
                "person": self.person,
                "refreshToken": self.token,
                "key": self.key,
                "names": dict(self.names),
                "usedAt": self.used_at.isoformat(),
                "attempt": self.attempt,
                "newKey": self.new_key,
                "restored": self.restored,
                "renew": self.renew,
                "ended": self.ended,
                "before": list(self.before),
                "attested": self.attested,
                "id": self.id,
                "server": self.server,
            }
        )


def id_of(signer: SoftwareSigner) -> str:
    """The name of what is given for the key ``signer``, which is new for each offer."""
    return signer.public_key.thumbprint()


def read_grants(vault: Vault) -> tuple[Grant, ...]:
    """Every grant, the newest use first."""
    found = [_grant(row, vault.read("grants", row)) for row in vault.rows("grants")]
    return tuple(sorted(found, key=lambda grant: (-grant.used_at.timestamp(), -grant.row)))


def grant_for(vault: Vault, record: StoredRecord) -> Grant | None:
    """The grant that can bring ``record`` up to date; a usable one before one that has ended."""
    fitting = [
        grant
        for grant in read_grants(vault)
        if grant.iss == record.iss
        and grant.person == record.person
        and record.record.type in grant.names
    ]
    return next((g for g in fitting if not g.ended), fitting[0] if fitting else None)


def keep_grant(
    writer: Writer,
    access: Access,
    *,
    known: Iterable[Grant],
    issuer: VerifiedIssuer,
    names: Mapping[str, str],
    person: str,
    now: datetime,
    server: str,
    lent: bool = False,
    awaited: Collection[str] = (),
) -> None:
    """Keep what came with the records of one offer for ``person``, as part of a transaction.

    ``known`` are the grants from before (``read_grants``, before the transaction). ``names`` has
    the configuration of each type: these are the new grant's from now on, and an
    older one that gives nothing else is forgotten, but where helpers have copies that came by it
    (``lent``): only it can have these withdrawn; or where records of it are still to come
    (``awaited``: ids of such grants). Without a refresh token nothing is kept.
    """
    take_names(
        writer, known, iss=issuer.iss, person=person, names=names, lent=lent, awaited=awaited
    )
    token = access.token.refresh_token
    if token is None:
        return
    made = Grant(
        row=0,
        iss=issuer.iss,
        issuer=issuer.name,
        ods=issuer.ods,
        person=person,
        token=token,
        key=access.caller.signer.private_jwk(),
        names=names,
        used_at=now,
        attested=access.caller.attested is not None,
        id=id_of(access.caller.signer),
        server=server,
    )
    writer.add("grants", made.wire())


def take_names(
    writer: Writer,
    known: Iterable[Grant],
    *,
    iss: str,
    person: str,
    names: Mapping[str, str],
    lent: bool,
    awaited: Collection[str],
) -> None:
    """From now on none of ``known`` gives the types in ``names``; as ``keep_grant``."""
    for older in known:
        if (older.iss, older.person) == (iss, person):
            left = {one: name for one, name in older.names.items() if one not in names}
            if left or lent or older.id in awaited:
                change_grant(writer, replace(older, names=left))
            else:
                forget(writer, older)


def change_grant(writer: Writer, grant: Grant) -> None:
    """Write ``grant`` in the place of what stood in its row."""
    writer.replace("grants", grant.row, grant.wire())


def forget(writer: Writer, grant: Grant) -> None:
    """Delete ``grant``, token and key."""
    writer.delete("grants", grant.row)


def mark_restored(vault: Vault) -> None:
    """Every grant came out of a backup: it must move to this device before it is used.

    The device that the backup was made on may still have the same tokens and keys, and a key that
    it had made for a move of its own: this device makes another.
    """
    known, rows = read_grants(vault), attestation_rows(vault)
    with vault.transaction() as writer:
        forget_attestations(writer, rows)
        for grant in known:
            change_grant(writer, replace(grant, restored=True, attempt="", new_key=None))


def now(vault: Vault, grant: Grant) -> Grant:
    """``grant`` as it stands: another window may have turned its token since it was read.

    Raises:
        ServiceError: ``wallet.no_way_back`` where it is not there any more.
    """
    if grant.row not in vault.rows("grants"):
        raise ServiceError("wallet.no_way_back", grant.issuer)
    return _grant(grant.row, vault.read("grants", grant.row))


def access(grant: Grant, *, vault: Vault, around: Surroundings) -> HolderClient:
    """A way to the issuer of ``grant``; its refresh token has turned, and the next one is kept.

    Raises:
        ServiceError: the code of an ended grant; ``wallet.old_device`` for one that a backup held;
            as ``attested_for``; ``wallet.issuer_failed``, ``wallet.offer_unsupported``.
        FetchError: of the fetcher; nothing is lost, and the next try goes on from here.
    """
    grant = now(vault, grant)
    if grant.ended:
        raise ServiceError(grant.ended)
    if grant.restored or grant.new_key is not None:
        raise ServiceError("wallet.old_device")
    issuer, server = read_issuer(grant.iss, fetcher=around.fetcher, server=grant.server or None)
    if REFRESH_GRANT not in server.grant_types_supported:
        raise ServiceError("wallet.offer_unsupported", "the issuer takes no refresh tokens")
    attested = attested_for(
        server, vault=vault, around=around, line=grant.id, before=grant.attested
    )
    if not grant.attempt:
        grant = replace(grant, attempt=b64url_encode(around.random(ATTEMPT_BYTES)))
        _write(vault, grant)
    caller = replace(_caller(grant.signer, around), attested=attested)
    try:
        found = by_refresh_token(
            caller, server.token_endpoint, token=grant.token, attempt=grant.attempt
        )
    except ServiceError as error:
        note_end(vault, grant, error)
        raise
    _keep_turned(vault, grant, found, around)
    return HolderClient(found, issuer)


def take_over(grant: Grant, *, vault: Vault, around: Surroundings) -> HolderClient:
    """Move ``grant`` to a new key that only this device has; the old device is told so.

    May be tried again after a crash or a lost answer: the new key is written down first.

    Raises:
        As ``access``.
    """
    grant = now(vault, grant)
    if grant.ended:
        raise ServiceError(grant.ended)
    issuer, _ = read_issuer(grant.iss, fetcher=around.fetcher)
    if grant.new_key is None:
        grant = replace(grant, new_key=generate_signer().private_jwk())
        _write(vault, grant)
    new_key = grant.new_key or {}
    new = _caller(signer_from_private_jwk(new_key), around)
    try:
        found = by_moving(
            _caller(grant.signer, around), new, device_url(grant.iss), token=grant.token
        )
    except ServiceError as error:
        note_end(vault, grant, error)
        raise
    moved = replace(grant, key=new_key, new_key=None, restored=False, renew=True)
    _keep_turned(vault, moved, found, around)
    return HolderClient(found, issuer)


def note_end(vault: Vault, grant: Grant, error: PassportError) -> None:
    """Remember that the issuer said for good that ``grant`` is over."""
    if error.code.startswith("grant.") and error.code not in PASSING and not grant.ended:
        _write(vault, replace(grant, ended=error.code, attempt="", new_key=None))


def _keep_turned(vault: Vault, grant: Grant, found: Access, around: Surroundings) -> None:
    turned = replace(
        grant,
        token=found.token.refresh_token or grant.token,  # RFC 6749 section 6: it may stay the same
        attempt="",
        used_at=around.clock(),
    )
    _write(vault, turned)


def _write(vault: Vault, grant: Grant) -> None:
    with vault.transaction() as writer:
        change_grant(writer, grant)


def _caller(signer: SoftwareSigner, around: Surroundings) -> Caller:
    return Caller(signer, around.fetcher, around.clock(), around.random, provider=around.provider)


def _grant(row: int, data: bytes) -> Grant:
    """Only we write grants, and the vault vouches for every byte of them."""
    stored = parse_json_object(data)
    key, new_key, names = stored["key"], stored["newKey"], stored["names"]
    before = stored.get("before")  # absent from what older wallets stored
    return Grant(
        row=row,
        iss=str(stored["iss"]),
        issuer=str(stored["issuer"]),
        ods=str(stored["ods"]),
        person=str(stored["person"]),
        token=str(stored["refreshToken"]),
        key=key if isinstance(key, Mapping) else {},
        names={k: str(v) for k, v in names.items()} if isinstance(names, Mapping) else {},
        used_at=datetime.fromisoformat(str(stored["usedAt"])).astimezone(UTC),
        attempt=str(stored["attempt"]),
        new_key=new_key if isinstance(new_key, Mapping) else None,
        restored=stored["restored"] is True,
        renew=stored["renew"] is True,
        ended=str(stored["ended"]),
        before=tuple(str(one) for one in before) if isinstance(before, list) else (),
        attested=stored.get("attested") is True,
        id=str(stored.get("id", "")),
        server=str(stored.get("server", "")),
    )
