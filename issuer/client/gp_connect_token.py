"""Who asks, as GP Connect wants to be told: an unsecured JWT for the other side's audit trail.

GP Connect, "Cross-organisation audit and provenance": header ``alg: none`` and no signature, five
minutes; what proves who asks is mutual TLS and the proxy. What is *not* here: any trust in such a
token; nothing here reads one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json

LIFETIME: Final = timedelta(minutes=5)
READ: Final = "patient/*.read"
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
SDS_USER: Final = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE: Final = "https://fhir.nhs.uk/Id/sds-role-profile-id"
MODEL: Final = "Health Passport issuer"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who reads, and from where: organisation, system, and the member of staff.

    ``user_name`` is family name, given name and title, as far as they are known.
    """

    iss: str
    ods: str
    organisation: str
    asid: str
    version: str
    user: str
    user_name: tuple[str, ...] = ()
    sds_user: str = "UNK"
    sds_role: str = "UNK"


def unsecured_token(asker: Asker, *, audience: str, now: datetime) -> str:
    """The token that goes with one reading at ``audience``."""
    claims: dict[str, Json] = {
        "iss": asker.iss,
        "sub": asker.user,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "reason_for_request": "directcare",
        "requested_scope": READ,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [_identifier(f"{asker.iss}/device", asker.asid)],
            "model": MODEL,
            "version": asker.version,
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [_identifier(ODS, asker.ods)],
            "name": asker.organisation,
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": asker.user,
            "identifier": [
                _identifier(SDS_USER, asker.sds_user),
                _identifier(SDS_ROLE, asker.sds_role),
                _identifier(f"{asker.iss}/staff", asker.user),
            ],
            "name": [_name(asker.user_name)],
        },
    }
    header: dict[str, Json] = {"alg": "none", "typ": "JWT"}
    return f"{b64url_encode(dump_json(header))}.{b64url_encode(dump_json(claims))}."


def _identifier(system: str, value: str) -> Mapping[str, Json]:
    return {"system": system, "value": value}


def _name(parts: tuple[str, ...]) -> Mapping[str, Json]:
    family, given, title = (*parts, "", "", "")[:3]
    name: dict[str, Json] = {"family": family}
    name |= {"given": [given]} if given else {}
    return name | ({"prefix": [title]} if title else {})
