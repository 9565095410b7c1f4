"""Clients of the API for record systems, what proves each, and the tokens that they were given.

What is *not* here: any secret or token itself; those are kept as hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from .api_tables import api_clients, api_credentials, api_tokens


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One record system; ``scopes`` are separated by spaces."""

    name: str
    scopes: str
    dpop: bool
    created_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves a client: the hash of a secret, or a public key as JSON; until ``ends_at``."""

    id: str
    client: str
    created_at: int
    secret_hash: str | None = field(default=None, repr=False)
    jwk: str | None = None
    ends_at: int | None = None


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that was given, with the scopes that it was given for."""

    token_hash: str
    client: str
    scopes: str
    expires_at: int
    key_thumbprint: str | None = None
    sealed: bytes | None = field(default=None, repr=False)


def add(connection: Connection, client: ApiClient) -> None:
    """Keep ``client``."""
    connection.execute(insert(api_clients).values(asdict(client)))


def find(connection: Connection, name: str) -> ApiClient | None:
    """The client of this name."""
    row = connection.execute(select(api_clients).where(api_clients.c.name == name)).first()
    return None if row is None else ApiClient(**row._mapping)  # noqa: SLF001


def every(connection: Connection) -> tuple[ApiClient, ...]:
    """Every client, by name."""
    rows = connection.execute(select(api_clients).order_by(api_clients.c.name))
    return tuple(ApiClient(**row._mapping) for row in rows)  # noqa: SLF001


def change(connection: Connection, name: str, **values: str | int | bool | None) -> None:
    """Set columns of the client ``name``."""
    connection.execute(update(api_clients).where(api_clients.c.name == name).values(values))


def add_credential(connection: Connection, credential: Credential) -> None:
    """Keep what proves a client."""
    connection.execute(insert(api_credentials).values(asdict(credential)))


def credentials(connection: Connection, client: str, *, now: int) -> tuple[Credential, ...]:
    """What proves ``client`` now, the oldest first."""
    c = api_credentials.c
    query = select(api_credentials).where(
        c.client == client, or_(c.ends_at.is_(None), c.ends_at > now)
    )
    rows = connection.execute(query.order_by(c.created_at, c.id))
    return tuple(Credential(**row._mapping) for row in rows)  # noqa: SLF001


def end_credentials(connection: Connection, client: str, *, ends_at: int, but: str = "") -> None:
    """What proves ``client`` ends then, unless it ends before; all but the one with this id."""
    c = api_credentials.c
    later = or_(c.ends_at.is_(None), c.ends_at > ends_at)
    connection.execute(
        update(api_credentials)
        .where(c.client == client, c.id != but, later)
        .values(ends_at=ends_at)
    )


def add_token(connection: Connection, token: ApiToken) -> None:
    """Keep a token that is given now."""
    connection.execute(insert(api_tokens).values(asdict(token)))


def token(
    connection: Connection, token_hash: str, *, now: int
) -> tuple[ApiToken, ApiClient] | None:
    """The token that hashes so and its client, while neither has ended."""
    c, t = api_clients.c, api_tokens.c
    query = select(api_tokens, c.scopes.label("own_scopes"), c.dpop, c.created_at).join(
        api_clients, c.name == t.client
    )
    good = query.where(t.token_hash == token_hash, t.expires_at > now, c.ended_at.is_(None))
    row = connection.execute(good).first()
    return None if row is None else _pair(row._mapping)  # noqa: SLF001


def forget_tokens(connection: Connection, now: int, *, client: str | None = None) -> None:
    """Forget tokens that have ended, or every token of ``client``."""
    t = api_tokens.c
    old = t.expires_at <= now if client is None else t.client == client
    connection.execute(delete(api_tokens).where(old))


def _pair(row: RowMapping) -> tuple[ApiToken, ApiClient]:
    names: Sequence[str] = api_tokens.c.keys()
    made = ApiToken(**{name: row[name] for name in names})
    return made, ApiClient(made.client, row["own_scopes"], row["dpop"], row["created_at"])
