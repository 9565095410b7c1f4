"""What a record system is told, as the document has it (OpenAPI 3.1 section 4.8.1, ``webhooks``).

What is *not* here: noting and sending (``issuer.service.telling``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from issuer.store.outbox import KINDS

OF_OFFER: Final = "the offer"
OF_ISSUANCE: Final = "the issuance"
OF_REPORT: Final = "the report"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "offer.collected": ("The wallet took a record, the first of this offer", OF_OFFER),
    "offer.not_collected": ("The wallet took nothing before its time was over", OF_OFFER),
    "offer.expired": ("Nobody came in time", OF_OFFER),
    "offer.burned": ("Five wrong PINs, or a sign-in that was misused", OF_OFFER),
    "offer.cancelled": ("The offer was taken back", OF_OFFER),
    "record.withdrawn": ("A record was withdrawn", OF_ISSUANCE),
    "record.suspended": ("A record is on hold", OF_ISSUANCE),
    "record.reinstated": ("A record that was on hold counts again", OF_ISSUANCE),
    "record.replaced": ("A newer record stands in its place", OF_ISSUANCE),
    "record.due": ("Records run out within a week and were not fetched anew", OF_OFFER),
    "report.received": ("A patient says that something is wrong", OF_REPORT),
}
_HEADERS: Final = {
    "webhook-id": "The same for each try: keep it for a day.",
    "webhook-timestamp": "Seconds since 1970; refuse what is older than five minutes.",
    "webhook-signature": "Signatures of Standard Webhooks (v1), one for each secret that counts.",
}


def webhooks() -> dict[str, Any]:
    """Every message by its kind."""
    return {kind: {"post": _message(kind)} for kind in sorted(KINDS)}


def _message(kind: str) -> dict[str, Any]:
    says, _ = _WORDS[kind]
    return {
        "operationId": "told" + "".join(part.title() for part in kind.replace("_", ".").split(".")),
        "summary": says,
        "description": "Sent at least once and in any order (docs/webhooks.md); it names nobody.",
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [_header(name, words) for name, words in _HEADERS.items()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _body(kind)}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "Never send this again."},
            "default": {"description": "Sent again later; `Retry-After` is kept to."},
        },
    }


def _header(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": True, "description": words, "schema": schema}


def _body(kind: str) -> dict[str, Any]:
    about = _WORDS[kind][1]
    identity = {"type": "string", "description": f"Id of {about}."}
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": ["id"], "properties": {"id": identity}},
        },
    }
