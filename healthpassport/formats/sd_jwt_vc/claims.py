"""The claims of an SD-JWT VC that are the same for every type (draft-ietf-oauth-sd-jwt-vc-19).

Beyond the draft, iss, iat and exp are required: a record of this project always has them. What is
*not* here: the claims of a record (``healthpassport.summary``) and the status list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import CredentialError
from healthpassport.formats.sd_jwt import ProcessedSdJwt
from healthpassport.formats.sd_jwt.disclosure import RESERVED
from healthpassport.formats.sd_jwt.key_binding import holder_key
from healthpassport.formats.values import DisclosedCredential, Place
from healthpassport.jose.times import CLOCK_SKEW, numeric_date

TYP: Final = "dc+sd-jwt"  # section 2.2.1; the older vc+sd-jwt is refused
# Section 2.2.2.3: never in a disclosure, nor anything below them. iat and sub may be.
PROTECTED: Final = frozenset(
    {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}
)


def refuse_hidden(payload: Mapping[str, Json], places: Collection[Place]) -> None:
    """Refuse a protected claim that came in a disclosure or holds a digest (section 2.2.2.3).

    Raises:
        CredentialError: ``sdjwtvc.protected_claim_disclosed``.
    """
    if not PROTECTED.isdisjoint([place[0] for place in places]):
        raise CredentialError("sdjwtvc.protected_claim_disclosed")
    if any(_holds_digest([payload[name]]) for name in PROTECTED & payload.keys()):
        raise CredentialError("sdjwtvc.protected_claim_disclosed")


def _holds_digest(values: Iterable[Json]) -> bool:
    for value in values:
        if type(value) is dict:
            if not RESERVED.isdisjoint(value) or _holds_digest(value.values()):
                return True
        elif type(value) is list and _holds_digest(value):
            return True
    return False


def disclosed(
    processed: ProcessedSdJwt,
    *,
    signed: Mapping[str, Json],
    now: datetime,
    expired_accepted: bool = False,
) -> DisclosedCredential:
    """The credential, after the rules for its registered claims (RFC 9901 section 7.1 step 6).

    Args:
        processed: what RFC 9901 left.
        signed: the payload as signed, digests and all.
        now: the time of the check.
        expired_accepted: whether the caller judges ``expires_at`` itself.

    Raises:
        CredentialError: the codes of ``sdjwtvc.`` and ``cred.``.
        KeyMaterialError: for a ``cnf.jwk`` that is not a key.
    """
    payload = processed.payload
    refuse_hidden(signed, processed.places)
    vct, iss = payload.get("vct"), payload.get("iss")
    if not isinstance(vct, str) or not vct:
        raise CredentialError("sdjwtvc.vct")  # section 2.2.2.1
    if not isinstance(iss, str) or not iss:
        raise CredentialError("sdjwtvc.iss")
    times = _Times(payload)
    times.check(now, expired_accepted=expired_accepted)
    return DisclosedCredential(
        header=processed.header,
        payload=payload,
        iss=iss,
        vct=vct,
        issued_at=times.issued_at,
        expires_at=times.expires_at,
        not_before=times.not_before,
        holder_key=holder_key(payload) if "cnf" in payload else None,
        disclosed=frozenset(processed.places),
        gaps=processed.gaps,
    )


class _Times:
    """The three times of a credential, each with its own absence."""

    __slots__ = ("expires_at", "issued_at", "not_before")

    def __init__(self, payload: Mapping[str, Json]) -> None:
        issued_at, expires_at = numeric_date(payload, "iat"), numeric_date(payload, "exp")
        if issued_at is None:
            raise CredentialError("cred.issued_at")
        if expires_at is None:
            # RFC 9901 section 9.7: a missing validity claim must never mean valid for ever.
            raise CredentialError("cred.expired", "it does not say how long it is valid")
        self.issued_at = issued_at
        self.expires_at = expires_at
        self.not_before = numeric_date(payload, "nbf")

    def check(self, now: datetime, *, expired_accepted: bool) -> None:
        """RFC 7519 sections 4.1.4 to 4.1.6, with the project's clock skew."""
        if self.issued_at - CLOCK_SKEW > now:
            raise CredentialError("cred.not_yet_valid", "it was issued in the future")
        if self.not_before is not None and self.not_before - CLOCK_SKEW > now:
            raise CredentialError("cred.not_yet_valid")
        if not expired_accepted and self.expires_at + CLOCK_SKEW <= now:
            raise CredentialError("cred.expired")
