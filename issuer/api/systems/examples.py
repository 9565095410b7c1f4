"""Examples of the OpenAPI document. Nobody in them is anybody, and no secret in them is one."""

from __future__ import annotations

from typing import Any, Final

_ID: Final = "kq7pV0cS1m9yR2aT4xB8eg"
SECRET: Final = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # noqa: S105 - an example

ISSUED: Final[dict[str, Any]] = {
    "id": "Zt3nQ8wJ5uH1kD6fL0vYcA",
    "offerId": _ID,
    "recordType": "AllergySummary",
    "copies": 5,
    "status": "valid",
    "issuedAt": "2026-11-26T10:02:00Z",
    "expiresAt": "2027-02-24T23:59:59Z",
    "wallet": "credential_accepted",
}
OFFER_SEEN: Final[dict[str, Any]] = {
    "id": _ID,
    "state": "collected",
    "recordTypes": ["AllergySummary", "PatientIdentity"],
    "createdAt": "2026-11-26T10:00:00Z",
    "expiresAt": "2026-11-26T10:05:00Z",
    "issuances": [ISSUED],
}
OFFER_MADE: Final[dict[str, Any]] = {
    "offerId": _ID,
    "recordTypes": ["PatientIdentity", "AllergySummary"],
    "expiresAt": "2026-11-26T10:05:00Z",
    "credential_offer": {"credential_issuer": "https://issuer.example"},
    "credential_offer_uri": "https://issuer.example/credential-offers/...",
    "link": "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example...",
    "pin": "493712",
    "warnings": [],
    "qr": {"svg": "data:image/svg+xml;charset=utf-8,...", "png": "data:image/png;base64,..."},
}
BUNDLE: Final[dict[str, Any]] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "Patient",
                "id": "p",
                "identifier": [
                    {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
                ],
                "name": [{"family": "Quillfeather", "given": ["Agnes"]}],
                "birthDate": "1951-03-04",
            }
        },
        {
            "resource": {
                "resourceType": "AllergyIntolerance",
                "id": "a",
                "clinicalStatus": {"coding": [{"code": "active"}]},
                "code": {
                    "coding": [
                        {
                            "system": "http://snomed.info/sct",
                            "code": "91936005",
                            "display": "Allergy to penicillin",
                        }
                    ]
                },
                "patient": {"reference": "Patient/p"},
            }
        },
    ],
}
OFFERS_ASKED: Final[dict[str, Any]] = {
    "person": {"person": {"nhsNumber": "999 000 0018"}, "recordTypes": ["AllergySummary"]},
    "source": {"source": "rowan.json"},
    "signIn": {"source": "rowan.json", "signIn": True},
    "bundle": {"bundle": BUNDLE},
}
OFFERS_CANCELLED: Final[dict[str, Any]] = {
    "cancelled": [_ID],
    "refused": [{"id": "unknown", "code": "offer.unknown"}],
}
REMINDER: Final[dict[str, Any]] = {
    "offerId": _ID,
    "expiresAt": "2026-12-02T23:59:59Z",
    "notedAt": "2026-11-26T10:00:00Z",
}
STATUS_ASKED: Final[dict[str, Any]] = {
    "withdraw": {"change": "withdraw", "reason": "error"},
    "reinstate": {"change": "reinstate"},
}
REPORT: Final[dict[str, Any]] = {
    "id": "r8Jm2Vx0aQpL5sTe",
    "recordType": "AllergySummary",
    "issuance": ISSUED["id"],
    "state": "open",
    "outcome": None,
    "madeAt": "2026-11-26T10:00:00Z",
    "dueBy": "2026-12-26T10:00:00Z",
}
ANSWERS: Final[dict[str, Any]] = {
    "corrected": {"outcome": "corrected", "words": "You were right. Your notes are mended."}
}
CARD: Final[dict[str, Any]] = {
    "issuance": {**ISSUED, "recordType": "EmergencyCard", "copies": 1, "wallet": None},
    "card": "HC1:...",
    "secret": "u4Hq...",
}
CARDS_ASKED: Final[dict[str, Any]] = {
    "person": {"person": {"nhsNumber": "999 000 0018"}, "details": ["nhsNumber"]}
}
RECEIVER: Final[dict[str, Any]] = {
    "id": "w6Yb3Kc9dFhM1nPqR5tUvA",
    "url": "https://epr.example/told",
    "events": ["offer.collected", "offer.expired"],
    "createdAt": "2026-11-26T10:00:00Z",
}
RECEIVERS_ASKED: Final[dict[str, Any]] = {
    "some": {"url": RECEIVER["url"], "events": RECEIVER["events"]},
    "all": {"url": RECEIVER["url"]},
}
SECRETS_ASKED: Final[dict[str, Any]] = {
    "usual": {},
    "leaked": {"overlapDays": 0},
}
MESSAGE: Final[dict[str, Any]] = {
    "id": "msg_0xJ0mGbXrk2yq8P1vT3ZQA",
    "webhook": RECEIVER["id"],
    "state": "waiting",
    "attempts": 1,
    "since": "2026-11-26T10:00:00Z",
    "dueAt": "2026-11-26T10:00:05Z",
    "problem": "net.timeout",
}
TOKEN: Final[dict[str, Any]] = {
    "access_token": "hpt_...",
    "token_type": "Bearer",
    "expires_in": 600,
    "scope": "offers:create offers:read",
}
TOKEN_FORMS: Final[dict[str, Any]] = {
    "secret": {"value": {"grant_type": "client_credentials", "scope": "offers:create"}},
    "key": {
        "value": {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "eyJ...",
        }
    },
}
AUDIT_HEAD: Final[dict[str, Any]] = {
    "trail": "T4w1Jm9cVbQ0xN7sLr2EyA",
    "seq": 4_211,
    "hash": "sQ0b1k0lq7yZ1Yk7cV6b8pQvHqU3mZ7mJx5cE4gT9aI",
    "head": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImhwLWF1ZGl0LWhlYWQrand0In0.e30.c2ln",
    "base": None,
}
AUDIT_ENTRY: Final[dict[str, Any]] = {
    "seq": 4_211,
    "entry": '{"about":"","at":"2026-11-26T10:00:00.000Z","event":"trail.exported",...}',
    "hash": AUDIT_HEAD["hash"],
}
BULK: Final[dict[str, Any]] = {
    "id": "b5Nc1Xe7fGhJ2kLmQ8rStU",
    "state": "ended",
    "createdAt": "2026-11-26T10:00:00Z",
    "counts": {"offered": 98, "refused": 2},
    "refused": [{"line": 7, "code": "offer.gone"}, {"line": 31, "code": "source.unknown"}],
}
BULK_PLAN: Final[dict[str, Any]] = {
    "lines": [
        {"line": 1, "recordTypes": ["AllergySummary"], "problem": None, "warnings": []},
        {"line": 2, "recordTypes": [], "problem": "offer.gone", "warnings": []},
    ]
}
BULK_RESULT: Final[dict[str, Any]] = {"line": 1, "offerId": _ID, "sealed": "eyJhbGciOi..."}
BULK_PLANS_ASKED: Final[dict[str, Any]] = {
    "two": {"lines": [{"nhsNumber": "9990000018"}, {"source": "rowan.json"}]}
}
RECIPIENT: Final[dict[str, Any]] = {  # the key of RFC 7517 appendix A.1
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
BULKS_ASKED: Final[dict[str, Any]] = {
    "two": {
        "lines": [{"nhsNumber": "9990000018"}, {"source": "rowan.json"}],
        "recipient": RECIPIENT,
        "recordTypes": ["AllergySummary"],
    }
}
