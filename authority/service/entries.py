"""New entries of the trust list, made and checked before anything is signed.

What is *not* here: certificates (``certificates.py``) and the rules that the list itself enforces
(healthpassport.trust.model).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import ValidationError

from healthpassport.errors import ServiceError, TrustError
from healthpassport.keys.public import PublicKey
from healthpassport.trust.model import (
    RegisteredPurpose,
    TrustedDid,
    TrustedIssuer,
    TrustedKey,
    TrustedVerifier,
)
from schemas.cards import CARD
from schemas.definitions import definitions
from schemas.queries import claim_paths, purposes, registered_claims, templates

from .certificates import IssuedCertificate, check_host

LANGUAGE: Final = "en"
MAX_PORT: Final = 65_535

# For each purpose the values by record type, or None for what the request templates ask.
Purposes: TypeAlias = Mapping[str, Mapping[str, Sequence[str]] | None]


def issuer_host(iss: str) -> str:
    """The host in an issuer's URL, which its certificate has to name."""
    parts = urlsplit(iss)
    if parts.scheme != "https" or parts.query or parts.fragment or iss.endswith("/"):
        raise ServiceError("authority.entry", "iss is an https URL without a slash at its end")
    return check_host(parts.hostname or "")


def desk_address(host: str) -> tuple[str, str]:
    """The host name for a certificate, and the https address where its desk answers."""
    name, colon, port = host.partition(":")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port) <= MAX_PORT):
        raise ServiceError("authority.entry", "behind the colon of a host stands its port")
    return check_host(name), f"https://{host}"


def make_issuer(
    *,
    iss: str,
    ods: str,
    name: str,
    anchor: bytes,
    certificate: IssuedCertificate,
    record_types: Sequence[str],
    status_lists: Sequence[str],
    status_aggregation: str | None = None,
    second: PublicKey | None = None,
) -> TrustedIssuer:
    """The entry of an issuer with one key, and its post-quantum key ``second`` beside it.

    Raises:
        ServiceError: ``authority.entry`` for a record type that is unknown or no issuer's to
            sign, or a value out of shape.
    """
    signed = {name for name, known in definitions().items() if not known.by_holder} | {CARD}
    unknown = sorted(set(record_types) - signed)
    if unknown or not record_types:
        raise ServiceError(
            "authority.entry", f"no issuer signs such record types: {', '.join(unknown)}"
        )
    try:
        key = TrustedKey(
            thumbprint=certificate.public_key.thumbprint(),
            jwk=_members(certificate.public_key),
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            record_types=tuple(dict.fromkeys(record_types)),
            second_jwk=None if second is None else _members(second),
        )
        return TrustedIssuer(
            iss=iss,
            ods=ods,
            name=name,
            anchors=(anchor,),
            keys=(key,),
            status_lists=tuple(dict.fromkeys(status_lists)),
            status_aggregation=status_aggregation,
        )
    except ValidationError as error:
        raise _refused(error) from error


def with_second_key(
    issuer: TrustedIssuer, thumbprint: str, second: PublicKey | None
) -> TrustedIssuer:
    """``issuer`` with ``second`` beside its key ``thumbprint``, or with none beside it.

    Raises:
        ServiceError: ``authority.unknown`` where it has no such key, or none to take away.
    """
    found = issuer.key(thumbprint)
    if found is None or (second is None and found.second_jwk is None):
        raise ServiceError("authority.unknown", f"{issuer.iss} has no such key")
    listed = None if second is None else _members(second)
    keys = tuple(
        # Made anew, so that nothing that was computed from the old entry goes along.
        TrustedKey.model_validate({**key.model_dump(), "second_jwk": listed})
        if key is found
        else key
        for key in issuer.keys
    )
    return issuer.model_copy(update={"keys": keys})


def with_end(
    issuer: TrustedIssuer, key: TrustedKey, *, at: datetime, compromised_at: datetime | None
) -> TrustedIssuer:
    """``issuer`` with ``key`` that may sign until ``at`` at the latest.

    A key that was compromised stays so, and an end that was set is not put off.
    """
    changes = {
        "not_after": min(at.replace(microsecond=0), key.not_after),
        "compromised_at": key.compromised_at or compromised_at,
    }
    ended = TrustedKey.model_validate({**key.model_dump(), **changes})
    keys = tuple(ended if one is key else one for one in issuer.keys)
    return issuer.model_copy(update={"keys": keys})


def _members(key: PublicKey) -> dict[str, str]:
    return {name: str(value) for name, value in key.jwk().items()}


def with_new_key(old: TrustedIssuer, new: TrustedIssuer) -> TrustedIssuer:
    """The entry with the keys and status lists of both: the keys overlap until one ends.

    A key that is listed already has a new certificate, and stays valid from when it was.

    Raises:
        ServiceError: ``authority.conflict`` when name or ODS code differ, or the key is
            compromised.
    """
    if (old.ods, old.name) != (new.ods, new.name):
        raise ServiceError("authority.conflict", "this iss belongs to another organisation")
    added, listed = new.keys[0], old.key(new.keys[0].thumbprint)
    if listed is not None and listed.compromised_at is not None:
        raise ServiceError("authority.conflict", "this key is compromised: make a new one")
    if listed is not None:
        started = {"not_before": min(listed.not_before, added.not_before)}
        kept = {} if added.second_jwk else {"second_jwk": listed.second_jwk}
        added = TrustedKey.model_validate({**added.model_dump(), **started, **kept})
    return TrustedIssuer(
        iss=old.iss,
        ods=old.ods,
        name=old.name,
        anchors=tuple(dict.fromkeys((*old.anchors, *new.anchors))),
        keys=(*(key for key in old.keys if key is not listed), added),
        status_lists=tuple(dict.fromkeys((*old.status_lists, *new.status_lists))),
        status_aggregation=new.status_aggregation or old.status_aggregation,
    )


def make_verifier(
    *,
    ods: str,
    name: str,
    anchor: bytes,
    certificate: IssuedCertificate,
    wanted: Purposes,
    address: str,
    did: str | None,
) -> TrustedVerifier:
    """The entry of a verifier; ``did`` names it as well, with the key of its certificate.

    Raises:
        TrustError: ``trust.purpose`` for anything but direct care, ``trust.claims``.
        ServiceError: ``authority.entry``, ``authority.template``.
    """
    try:
        registered = {purpose: _registered(purpose, claims) for purpose, claims in wanted.items()}
        return TrustedVerifier(
            certificate_hash=certificate.certificate_hash,
            ods=ods,
            name=name,
            anchors=(anchor,),
            purposes=registered,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            address=address,
            did=TrustedDid(id=did, thumbprint=certificate.public_key.thumbprint()) if did else None,
        )
    except ValidationError as error:
        raise _refused(error) from error


def _registered(purpose: str, claims: Mapping[str, Sequence[str]] | None) -> RegisteredPurpose:
    found = purposes().get(purpose)
    if found is None:
        raise TrustError("trust.purpose", f"{purpose} is not one of: {', '.join(purposes())}")
    asked = _of_templates(purpose) if claims is None else _known(claims)
    return RegisteredPurpose(
        retention=found.retention[LANGUAGE],
        claims={record_type: tuple(paths) for record_type, paths in asked.items()},
    )


def _of_templates(purpose: str) -> Mapping[str, Sequence[str]]:
    """What the request templates of this purpose ask for, all of them together."""
    joined: dict[str, dict[str, None]] = {}
    for template in templates().values():
        if template.purpose.id == purpose:
            for record_type, paths in registered_claims(template).items():
                joined.setdefault(record_type, {}).update(dict.fromkeys(paths))
    if not joined:
        raise ServiceError("authority.template", purpose)
    return {record_type: tuple(paths) for record_type, paths in joined.items()}


def _known(claims: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    for record_type, paths in claims.items():
        definition = definitions().get(record_type)
        if definition is None or not paths:
            raise TrustError("trust.claims", f"nothing can be asked of {record_type}")
        possible = {
            ".".join(step for step in path if step is not None)
            for path in claim_paths(definition).values()
        }
        if unknown := sorted(set(paths) - possible):
            raise TrustError("trust.claims", f"{record_type} has no {', '.join(unknown)}")
    return claims


def _refused(error: ValidationError) -> ServiceError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ServiceError("authority.entry", f"{where}: {first['msg']}")
