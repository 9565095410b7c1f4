"""Which answer leads to which call (OpenAPI 3.1 section 4.8.20), for clients and for tests.

What is *not* here: the calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_Lead = tuple[str, str, str]  # the call, its parameter, and where in the answer that stands
_OFFER: Final = (
    ("seeOffer", "offer", "/offerId"),
    ("cancelOffer", "offer", "/offerId"),
)
_RUN: Final = tuple(
    (name, "bulk", "/id")
    for name in ("seeBulk", "cancelBulk", "takeBackBulk", "bulkResults", "letBulkResultsGo")
)
_LEADS: Final[Mapping[str, tuple[_Lead, ...]]] = {
    "makeOffer": _OFFER,
    "listOffers": (("seeOffer", "offer", "/offers/0/id"),),
    "listIssuances": (("changeStatus", "issuance", "/issuances/0/id"),),
    "listReports": (
        ("readReport", "report", "/reports/0/id"),
        ("answerReport", "report", "/reports/0/id"),
    ),
    "startBulk": _RUN,
    "bulkResults": (("seeOffer", "offer", "/results/0/offerId"),),
    "addWebhook": (
        ("renewWebhookSecret", "webhook", "/id"),
        ("endWebhook", "webhook", "/id"),
    ),
    "listMessages": (("retryMessage", "message", "/messages/0/id"),),
    "makeCard": (("changeStatus", "issuance", "/issuance/id"),),
}


def link(operation: dict[str, Any]) -> None:
    """Let the answer of ``operation`` say where it leads."""
    leads = _LEADS.get(operation["operationId"], ())
    good = next(status for status in operation["responses"] if status.startswith("2"))
    if leads:
        operation["responses"][good]["links"] = {
            name: {"operationId": name, "parameters": {parameter: f"$response.body#{pointer}"}}
            for name, parameter, pointer in leads
        }
