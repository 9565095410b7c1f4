"""Record systems that may use the API: added with a secret or a key, renewed, narrowed, ended.

Rules: a secret is told once and kept as a hash; while a new one replaces an old one both count; the
end of a client ends its tokens at once; a name is never given twice, since what was made stays with
it. What is *not* here: tokens (``client_tokens``), and what a scope allows (``scopes``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import Json, b64url_encode, dump_text, parse_json_object
from healthpassport.errors import EncodingError, ProtocolError, ServiceError
from healthpassport.protocols.oidc.jwks import read_jwks
from issuer.store import api_clients as rows
from issuer.store import receivers
from issuer.store.api_clients import ApiClient, Credential

from .clients import RESERVED, read_clients
from .context import SECRET_BYTES, IssuerContext, digest
from .scopes import Scope, written

SECRET_PREFIX: Final = "hps_"  # noqa: S105 - so that a leaked secret is recognised for what it is
MAX_KEYS: Final = 4  # in a set that is registered
DAY: Final = 86_400  # seconds
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]\Z")
_ID_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A client with the secret that it was given, told once; None where it has a key instead."""

    client: ApiClient
    secret: str | None = field(repr=False)


def add_client(
    issuer: IssuerContext,
    *,
    name: str,
    scopes: Collection[Scope],
    jwks: bytes | None = None,
    dpop: bool = False,
    overlap_days: int = 7,
    takes_over_key: bool = False,
) -> NewCredential:
    """Add a client, or give one that stands a new secret or keys in place of what it has.

    Args:
        issuer: the issuer.
        name: of the client.
        scopes: of a new client; of one that stands they are added to.
        jwks: a public JWK or JWK Set; None makes a secret.
        dpop: whether its tokens must be bound to a key.
        overlap_days: how long what a standing client has still counts.
        takes_over_key: whether a new client may have the name of an API key, and with it all that
            the key made; the key counts no more then.

    Raises:
        ServiceError: ``api.client_name``, ``api.client_name_taken``, ``api.client_ended``.
        ProtocolError: ``api.client_key``.
    """
    if not _NAME.match(name) or name in RESERVED:
        raise ServiceError("api.client_name")
    keys = None if jwks is None else read_keys(jwks)
    secret = (
        None if keys is not None else SECRET_PREFIX + b64url_encode(issuer.random(SECRET_BYTES))
    )
    now = issuer.now()
    made = Credential(
        id=issuer.secret()[:_ID_LENGTH],
        client=name,
        created_at=now,
        secret_hash=None if secret is None else digest(secret),
        jwk=keys,
    )
    with issuer.store.writing() as tx:
        client = _standing(tx, name)
        if client is None:
            if not takes_over_key and _is_of_key(issuer, name):
                raise ServiceError("api.client_name_taken")
            rows.add(tx, ApiClient(name, written(scopes), dpop, now))
        else:
            more = {*client.scopes.split(), *written(scopes).split()}
            rows.change(tx, name, scopes=" ".join(s for s in Scope if s in more), dpop=dpop)
        rows.add_credential(tx, made)
        rows.end_credentials(tx, name, ends_at=now + overlap_days * DAY, but=made.id)
        client = _found(tx, name)
        issuer.audit.write("api_key.made", who=issuer.audit.operator, tx=tx, subject=name)
    return NewCredential(client, secret)


def every_client(issuer: IssuerContext) -> tuple[tuple[ApiClient, tuple[Credential, ...]], ...]:
    """Every client with what proves it now."""
    now = issuer.now()
    with issuer.store.reading() as tx:
        return tuple((one, rows.credentials(tx, one.name, now=now)) for one in rows.every(tx))


def set_scopes(issuer: IssuerContext, *, name: str, scopes: Collection[Scope]) -> ApiClient:
    """Let ``name`` do ``scopes`` and nothing else, from its next call on.

    Raises:
        ServiceError: ``api.client_unknown``, ``api.client_ended``.
    """
    with issuer.store.writing() as tx:
        if _standing(tx, name) is None:
            raise ServiceError("api.client_unknown")
        rows.change(tx, name, scopes=written(scopes))
        return _found(tx, name)


def end_client(issuer: IssuerContext, *, name: str) -> ApiClient:
    """End ``name`` for good: its secrets, keys and tokens count no more, and it is told nothing.

    Raises:
        ServiceError: ``api.client_unknown``.
    """
    now = issuer.now()
    with issuer.store.writing() as tx:
        client = _found(tx, name)
        if client.ended_at is None:
            rows.change(tx, name, ended_at=now)
        rows.end_credentials(tx, name, ends_at=now)
        rows.forget_tokens(tx, now, client=name)
        for receiver in receivers.of_client(tx, name):
            receivers.end(tx, receiver.id)
        issuer.audit.write("api_key.removed", who=issuer.audit.operator, tx=tx, subject=name)
        return _found(tx, name)


def read_keys(data: bytes) -> str:
    """The JWK Set in ``data``, or of its one JWK, as it is kept.

    Raises:
        ProtocolError: ``api.client_key``.
    """
    try:
        value = parse_json_object(data)
        listed: Json = value.get("keys", [value])
        text = dump_text({"keys": listed})
        found = read_jwks(text.encode())
    except (EncodingError, ProtocolError) as error:
        raise ProtocolError("api.client_key") from error
    if len(found.keys) > MAX_KEYS:
        raise ProtocolError("api.client_key", f"at most {MAX_KEYS} keys")
    return text


def _is_of_key(issuer: IssuerContext, name: str) -> bool:
    path = issuer.settings.api_keys
    return path.exists() and any(one.name == name for one in read_clients(path))


def _standing(tx: Connection, name: str) -> ApiClient | None:
    client = rows.find(tx, name)
    if client is not None and client.ended_at is not None:
        raise ServiceError("api.client_ended")
    return client


def _found(tx: Connection, name: str) -> ApiClient:
    client = rows.find(tx, name)
    if client is None:
        raise ServiceError("api.client_unknown")
    return client
