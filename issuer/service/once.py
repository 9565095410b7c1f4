"""A request with an Idempotency-Key is carried out once, and answered alike each time.

draft-ietf-httpapi-idempotency-key-header-07. What is made and the answer to it are written in one
transaction, so that a process that is killed leaves both or neither. The answer is sealed with the
key that the client chose and a secret of the client's, neither of which the database holds; the
request is remembered as a keyed digest. A refusal made nothing and is not kept. What is *not* here:
what a request makes.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeAlias

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError
from issuer.store import kept_answers as rows
from issuer.store.again import tried_again
from issuer.store.joined import JoinedStore
from issuer.store.kept_answers import KeptAnswer

from .context import IssuerContext, digest
from .scopes import Caller
from .sealing import mac, seal, unseal

KEPT: Final = int(timedelta(days=1).total_seconds())
LEASE: Final = 60  # seconds for which a request that is under way holds its key
_ANSWER: Final = "api answer"


@dataclass(frozen=True, slots=True)
class Made:
    """An answer to a request that made something: HTTP status and JSON object."""

    status: int
    body: dict[str, Json]


Work: TypeAlias = Callable[[IssuerContext], Made]


def once(issuer: IssuerContext, caller: Caller, *, key: str | None, asked: str, work: Work) -> Made:
    """What ``work`` makes, or what it made when the same was asked with this key before.

    Args:
        issuer: the issuer.
        caller: who asks; another's keys are other keys.
        key: the Idempotency-Key; without one the work is simply done.
        asked: the whole request as text: method, path, body.
        work: does it, with the context that it is given.

    Raises:
        ServiceError: ``api.idempotency_reused``, ``api.idempotency_in_flight``, and what ``work``
            raises.
    """
    if key is None:
        return work(issuer)
    secret = f"{key} {caller.secret}"
    now = issuer.now()
    wanted = KeptAnswer(
        client=caller.name,
        key_hash=digest(f"{caller.name} {key}"),
        fingerprint=mac(secret, asked),
        claim=issuer.secret(),
        claimed_until=now + LEASE,
        expires_at=now + KEPT,
    )
    found = _claimed(issuer, wanted)
    if found.claim != wanted.claim:
        return _answered(found, wanted, secret)
    return _done(issuer, wanted, secret, work)


@tried_again
def _claimed(issuer: IssuerContext, wanted: KeptAnswer) -> KeptAnswer:
    with issuer.store.writing() as tx:
        return rows.claim(tx, wanted, now=issuer.now())


def _answered(found: KeptAnswer, wanted: KeptAnswer, secret: str) -> Made:
    """Sections 2.6 and 2.7: another request, one that is under way, or the same answer again."""
    if not hmac.compare_digest(found.fingerprint, wanted.fingerprint):
        raise ServiceError("api.idempotency_reused")
    if found.sealed is None or found.status is None:
        raise ServiceError("api.idempotency_in_flight")
    body = parse_json_object(unseal(found.sealed, secret=secret, purpose=_ANSWER))
    return Made(found.status, body)


def _done(issuer: IssuerContext, wanted: KeptAnswer, secret: str, work: Work) -> Made:
    joined = JoinedStore(issuer.store.engine)
    with ExitStack() as undo:
        undo.callback(_release, issuer, wanted)
        with joined.together():
            made = work(replace(issuer, store=joined, audit=issuer.audit.over(joined.beside())))
            sealed = seal(
                dump_json(made.body), secret=secret, purpose=_ANSWER, random=issuer.random
            )
            with joined.writing() as tx:
                until = issuer.now() + KEPT
                if not rows.finish(tx, wanted, status=made.status, sealed=sealed, expires_at=until):
                    raise ServiceError("api.idempotency_in_flight")  # it took too long
        undo.pop_all()
    return made


def _release(issuer: IssuerContext, wanted: KeptAnswer) -> None:
    with issuer.store.writing() as tx:
        rows.release(tx, wanted)
