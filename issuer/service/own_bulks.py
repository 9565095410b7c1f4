"""A record system's own bulk runs: followed, cancelled, their results taken and let go.

Rules: another's are as if they were not there; links and PINs leave sealed for the key that the run
was started with, so that whoever carries them cannot use them. What is *not* here: the work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import Json
from healthpassport.errors import EncodingError, KeyMaterialError, ServiceError
from healthpassport.jose import jwe
from healthpassport.keys import public_key_from_jwk
from issuer.store import bulk as rows
from issuer.store.bulk import BulkLine, LineState

from . import bulk as runs
from .bulk import Progress
from .bulk_taking_back import take_back
from .context import IssuerContext

MAX_RUNS: Final = 50  # in a list


def checked_recipient(jwk: Mapping[str, Json]) -> dict[str, Json]:
    """The public part of ``jwk`` as what results are sealed for.

    Raises:
        ServiceError: ``http.invalid`` for a private key, or one that is not of P-256.
    """
    plain = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
    try:
        key = public_key_from_jwk(plain)
    except (KeyMaterialError, EncodingError) as error:
        raise ServiceError("http.invalid", "recipient is no public key") from error
    if plain.get("crv") != jwe.CURVE or "d" in jwk:
        raise ServiceError("http.invalid", f"recipient is a public key of {jwe.CURVE}")
    return {**plain, "kid": key.thumbprint(), "use": "enc", "alg": jwe.ALGORITHM}


def own_progress(issuer: IssuerContext, bulk: str, *, client: str) -> Progress:
    """How far a run of ``client`` is.

    Raises:
        ServiceError: ``bulk.unknown``.
    """
    with issuer.store.reading() as tx:
        _require_own(tx, bulk, client)
    return runs.progress(issuer, bulk)


def cancel_own(issuer: IssuerContext, bulk: str, *, client: str) -> Progress:
    """Offer no further line of it.

    Raises:
        ServiceError: ``bulk.unknown``, ``bulk.over``.
    """
    with issuer.store.reading() as tx:
        _require_own(tx, bulk, client)
    runs.cancel(issuer, bulk, who=issuer.audit.by(client))
    return runs.progress(issuer, bulk)


def own_bulks(issuer: IssuerContext, *, client: str) -> tuple[Progress, ...]:
    """The newest runs of ``client``, each with how far it is."""
    with issuer.store.reading() as tx:
        found = rows.newest(tx, MAX_RUNS, client=client)
    return tuple(runs.progress(issuer, one.id) for one in found)


def take_back_own(issuer: IssuerContext, bulk: str, *, client: str) -> int:
    """Offer no further line of it, and cancel each offer that nobody began to collect; how many.

    Raises:
        ServiceError: ``bulk.unknown``; ``issuer.unavailable``, after which it can be asked again.
    """
    with issuer.store.reading() as tx:
        _require_own(tx, bulk, client)
    who = issuer.audit.by(client)
    try:
        runs.cancel(issuer, bulk, who=who)
    except ServiceError as error:
        if error.code != "bulk.over":
            raise
    return take_back(issuer, bulk, who=who)


def own_results(issuer: IssuerContext, bulk: str, *, client: str) -> tuple[BulkLine, ...]:
    """The lines whose link and PIN were not let go yet, each sealed for the run's recipient.

    Raises:
        ServiceError: ``bulk.unknown``.
    """
    with issuer.store.reading() as tx:
        _require_own(tx, bulk, client)
        return rows.lines(tx, bulk, state=LineState.OFFERED)


def forget_own_results(
    issuer: IssuerContext, bulk: str, lines: Collection[int], *, client: str
) -> None:
    """The record system has them: nothing here opens these offers any more.

    Raises:
        ServiceError: ``bulk.unknown``.
    """
    with issuer.store.writing() as tx:
        _require_own(tx, bulk, client)
        held = {one.line for one in rows.lines(tx, bulk, state=LineState.OFFERED)}
        rows.forget_results(tx, bulk, sorted(held & set(lines)))
    issuer.store.wipe()


def _require_own(tx: Connection, bulk: str, client: str) -> None:
    found = rows.find(tx, bulk)
    if found is None or found.client != client:
        raise ServiceError("bulk.unknown")
