"""Records that a surgery gives later, in the vault until they come or never will.

OpenID4VCI 1.0 section 9. A row holds the keys that the copies will name and the secret that they
are asked for with. Rules: a row names the grant that it is asked for by, since no other will do;
before the first record came, nobody knows whose it is, and the person has a name of its own.
What is *not* here: asking (``waiting``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.credential import VerifiedIssuer
from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.keys import signer_from_private_jwk
from healthpassport.summary import definition
from wallet.client.access import Access
from wallet.client.collecting import Later
from wallet.vault import Vault, Writer

from .grants import Grant, forget, read_grants

NOBODY_YET: Final = "waiting "  # no passport has such an id
ID_BYTES: Final = 8
LONGEST: Final = timedelta(days=30)  # whatever a surgery says, it is asked again by then
_TAG: Final = "waiting"


@dataclass(frozen=True, slots=True)
class PutOff:
    """One record that comes later.

    ``grant`` is the id of the leave to ask by, empty in rows of older wallets. ``said`` is the
    owner's word for whose it is, or empty. ``token`` and ``key`` are the access of
    a surgery that gave no leave to come back, good until ``until``. ``ended`` is the code of why it
    will not come; then it is kept until its owner has seen it.
    """

    row: int
    id: str
    iss: str
    issuer: str
    ods: str
    person: str
    said: str
    type: str
    configuration: str
    format: str
    keys: tuple[Mapping[str, Json], ...] = field(repr=False)
    transaction: str = field(repr=False)
    since: datetime
    next: datetime
    token: str = field(default="", repr=False)
    key: Mapping[str, Json] = field(default_factory=dict, repr=False)
    until: datetime | None = None
    ended: str = ""
    grant: str = ""

    @property
    def later(self) -> Later:
        """What to ask for."""
        keys = tuple(signer_from_private_jwk(key) for key in self.keys)
        known = definition(self.type)
        return Later(self.configuration, self.format, known, keys, self.transaction, 0)

    @property
    def known(self) -> bool:
        """Whether it is known whose it is."""
        return not self.person.startswith(NOBODY_YET)

    def again(self, later: Later, now: datetime) -> PutOff:
        """The same, after the surgery said that it takes longer."""
        return replace(self, transaction=later.transaction_id, next=next_time(later.interval, now))

    def wire(self) -> bytes:
        """The row as it is stored."""
        return dump_json(
            {
                "id": self.id,
                "iss": self.iss,
                "issuer": self.issuer,
                "ods": self.ods,
                "person": self.person,
                "said": self.said,
                "type": self.type,
                "configuration": self.configuration,
                "format": self.format,
                "keys": [dict(key) for key in self.keys],
                "transaction": self.transaction,
                "since": self.since.isoformat(),
                "next": self.next.isoformat(),
                "token": self.token,
                "key": dict(self.key),
                "until": None if self.until is None else self.until.isoformat(),
                "ended": self.ended,
                "grant": self.grant,
            }
        )


def next_time(interval: int, now: datetime) -> datetime:
    """When a surgery that asked for ``interval`` seconds may be asked again."""
    return now + min(timedelta(seconds=min(interval, 10**9)), LONGEST)


def put_off(
    later: Later,
    *,
    id_: str,
    issuer: VerifiedIssuer,
    person: str,
    said: str,
    access: Access,
    grant: str,
    now: datetime,
) -> PutOff:
    """The row for ``later``, not stored yet; ``grant`` is the id of what it is asked for by."""
    token = access.token
    alone = token.refresh_token is None
    life = timedelta(seconds=min(token.expires_in or 0, 10**9))
    return PutOff(
        row=0,
        id=id_,
        iss=issuer.iss,
        issuer=issuer.name,
        ods=issuer.ods,
        person=person,
        said=said,
        type=later.definition.type,
        configuration=later.configuration,
        format=later.format,
        keys=tuple(key.private_jwk() for key in later.keys),
        transaction=later.transaction_id,
        since=now,
        next=next_time(later.interval, now),
        token=token.access_token if alone else "",
        key=access.caller.signer.private_jwk() if alone else {},
        until=now + min(life, LONGEST) if alone and token.expires_in else None,
        grant="" if alone else grant,
    )


def read_put_off(vault: Vault) -> tuple[PutOff, ...]:
    """Every one, the oldest first."""
    rows = vault.rows("state", tag=vault.tag(_TAG))
    found = [_put_off(row, vault.read("state", row)) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.since, one.row)))


def types_waiting(vault: Vault, grant: Grant) -> frozenset[str]:
    """The types that ``grant`` was asked for and that have not come yet."""
    return frozenset(
        one.type for one in read_put_off(vault) if not one.ended and belongs(one, grant)
    )


def belongs(one: PutOff, grant: Grant) -> bool:
    """Whether ``one`` is asked for by ``grant``; of older rows issuer and person alone tell."""
    if one.grant:
        return one.grant == grant.id
    return one.iss == grant.iss and one.person in grant.people and not one.token


def awaited(known: Iterable[PutOff], gone: Collection[PutOff] = ()) -> frozenset[str]:
    """The ids of grants by which something of ``known`` that is not ``gone`` is asked for."""
    return frozenset(one.grant for one in known if one.grant and one not in gone)


def forget_idle(
    writer: Writer,
    grants: Iterable[Grant],
    known: Iterable[PutOff],
    gone: Collection[PutOff],
    *,
    lent: bool,
) -> None:
    """Forget those of ``grants`` that gave nothing, and by which nothing is asked for any more.

    Those that helpers have copies of stay (``lent``), as in ``keep_grant``.
    """
    left, asked = awaited(known, gone), awaited(gone)
    for grant in grants:
        if grant.id in asked - left and not grant.names and not lent:
            forget(writer, grant)


def grant_of(vault: Vault, one: PutOff) -> Grant | None:
    """The grant to ask by, the newest first; None where there is none."""
    return next((grant for grant in read_grants(vault) if belongs(one, grant)), None)


def superseded(
    known: Iterable[PutOff], *, iss: str, person: str, types: Collection[str]
) -> tuple[PutOff, ...]:
    """Those in whose place a newer answer of the same surgery stands."""
    return tuple(
        one for one in known if (one.iss, one.person) == (iss, person) and one.type in types
    )


def add_put_off(writer: Writer, vault: Vault, made: Iterable[PutOff]) -> None:
    """Keep new ones, as part of a transaction."""
    for one in made:
        writer.add("state", one.wire(), tag=vault.tag(_TAG))


def change_put_off(writer: Writer, changed: PutOff) -> None:
    """Write ``changed`` in the place of what stood in its row."""
    writer.replace("state", changed.row, changed.wire())


def drop_put_off(writer: Writer, gone: Iterable[PutOff]) -> None:
    """Delete them, keys and all."""
    for one in gone:
        writer.delete("state", one.row)


def _put_off(row: int, data: bytes) -> PutOff:
    """Only we write them, and the vault vouches for every byte."""
    stored = parse_json_object(data)
    keys, key, until = stored["keys"], stored["key"], stored["until"]
    return PutOff(
        row=row,
        id=str(stored["id"]),
        iss=str(stored["iss"]),
        issuer=str(stored["issuer"]),
        ods=str(stored["ods"]),
        person=str(stored["person"]),
        said=str(stored["said"]),
        type=str(stored["type"]),
        configuration=str(stored["configuration"]),
        format=str(stored["format"]),
        keys=tuple(k for k in (keys if isinstance(keys, list) else []) if isinstance(k, Mapping)),
        transaction=str(stored["transaction"]),
        since=_moment(stored["since"]),
        next=_moment(stored["next"]),
        token=str(stored["token"]),
        key=key if isinstance(key, Mapping) else {},
        until=None if until is None else _moment(until),
        ended=str(stored["ended"]),
        grant=str(stored.get("grant", "")),
    )


def _moment(value: Json) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)
