"""What a decision about an entry that is listed makes of the list, and its line in the changelog.

Nothing is kept here: each function gives the entries that follow. What is *not* here: new entries
(``entries``), and keeping and publishing (``authority``).
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from authority.store import AuthorityState, Change
from healthpassport.errors import ServiceError
from healthpassport.keys.public import PublicKey
from healthpassport.trust import registration
from healthpassport.trust.model import TrustedIssuer, TrustedVerifier

from .entries import with_end, with_second_key

Issuers: TypeAlias = tuple[TrustedIssuer, ...]
Verifiers: TypeAlias = tuple[TrustedVerifier, ...]


def issuer_removed(
    state: AuthorityState, iss: str, *, now: datetime, thumbprint: str | None
) -> tuple[Issuers, Change]:
    """The issuers without ``iss``, or without one of its keys (else ``authority.unknown``)."""
    found, others = _issuer(state, iss)
    if thumbprint is not None and found.key(thumbprint) is None:
        raise ServiceError("authority.unknown", iss)
    keys = tuple(key for key in found.keys if thumbprint not in {None, key.thumbprint})
    kept = (found.model_copy(update={"keys": keys}),) if keys else ()
    what = f"{iss}, {'one key' if keys else 'with all its keys'}"
    change = Change(
        at=now, action="removed", kind="issuer", name=found.name, ods=found.ods, what=what
    )
    return (*others, *kept), change


def verifier_removed(
    state: AuthorityState, certificate_hash: str, *, now: datetime
) -> tuple[Verifiers, Change]:
    """The verifiers without the one with that certificate (else ``authority.unknown``)."""
    wanted = certificate_hash.removeprefix(registration.CLIENT_ID_PREFIX)
    found = next((v for v in state.verifiers if v.certificate_hash == wanted), None)
    if found is None:
        raise ServiceError("authority.unknown", certificate_hash)
    others = tuple(v for v in state.verifiers if v.certificate_hash != wanted)
    change = Change(
        at=now, action="removed", kind="verifier", name=found.name, ods=found.ods, what=wanted
    )
    return others, change


def second_key_set(
    state: AuthorityState, iss: str, thumbprint: str, *, now: datetime, second: PublicKey | None
) -> tuple[Issuers, Change]:
    """The issuers with ``second`` beside one key of ``iss``, or with none beside it.

    Raises:
        ServiceError: ``authority.unknown``.
    """
    found, others = _issuer(state, iss)
    changed = with_second_key(found, thumbprint, second)
    change = Change(
        at=now,
        action="removed" if second is None else "added",
        kind="issuer",
        name=found.name,
        ods=found.ods,
        what=f"{iss}, {second_key_words(second)} beside key {thumbprint}",
    )
    return (*others, changed), change


def key_ended(
    state: AuthorityState,
    iss: str,
    thumbprint: str,
    *,
    now: datetime,
    at: datetime,
    compromised: bool,
) -> tuple[Issuers, Change]:
    """The issuers with a key of ``iss`` that signs until ``at`` and no longer.

    What it signed before goes on being believed, unless it is ``compromised``: then nothing is.

    Raises:
        ServiceError: ``authority.unknown``.
    """
    found, others = _issuer(state, iss)
    key = found.key(thumbprint)
    if key is None:
        raise ServiceError("authority.unknown", f"{iss} has no such key")
    fate = "is compromised" if compromised else f"ends {at:%Y-%m-%d}"
    ended = with_end(found, key, at=at, compromised_at=now if compromised else None)
    change = Change(
        at=now,
        action="removed",
        kind="issuer",
        name=found.name,
        ods=found.ods,
        what=f"{iss}, key {thumbprint} {fate}",
    )
    return (*others, ended), change


def issuer_added(
    entry: TrustedIssuer, *, renewed: bool, second: PublicKey | None, now: datetime
) -> Change:
    """The line of an issuer that is new, or that has one more key."""
    what = f"{entry.iss} may sign {', '.join(entry.keys[0].record_types)}"
    what += "" if second is None else f", with {second_key_words(second)} beside"
    return Change(
        at=now,
        action="renewed" if renewed else "added",
        kind="issuer",
        name=entry.name,
        ods=entry.ods,
        what=what,
    )


def second_key_words(second: PublicKey | None) -> str:
    """How the changelog speaks of a post-quantum key."""
    if second is None:
        return "its post-quantum key"
    return f"{second.algorithm} key {second.thumbprint()}"


def _issuer(state: AuthorityState, iss: str) -> tuple[TrustedIssuer, Issuers]:
    found = next((issuer for issuer in state.issuers if issuer.iss == iss), None)
    if found is None:
        raise ServiceError("authority.unknown", iss)
    return found, tuple(issuer for issuer in state.issuers if issuer.iss != iss)
