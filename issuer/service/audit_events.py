"""What the issuer's audit trail may tell of, and of each event the facts that may stand with it.

Rules: a closed list; a fact is a number, a yes or no, a word of ours, a name that we made ourselves
or a digest; never a value of a record, a name of a person, an NHS number, or anything that came
from a wallet. What is *not* here: writing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport import audit
from healthpassport.audit.facts import DIGEST, Fact, Forms

_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")  # of an offer, an issuance, a grant: 132 random bits
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,39}(\.[a-z_]{1,20})?")  # a record type, and a format

FORMS: Final[Forms] = MappingProxyType(
    {
        "key": DIGEST,
        "settings": DIGEST,
        "offer": _ID,
        "issuance": _ID,
        "grant": _ID,
        "type": _TYPE,
    }
)


def _facts(*names: str) -> frozenset[str]:
    return frozenset(names)


_OWN: Final = {
    "trail.begun": _facts(),
    "trail.pruned": _facts("through"),
    "trail.read": _facts(),
    "trail.exported": _facts(),
    "issuer.started": _facts("key", "settings"),
    "key.made": _facts("key"),
    "key.renewed": _facts("key"),
    "key.stopped": _facts("key"),
    "trust.updated": _facts("number"),
    "status.published": _facts("lists"),
    "status.skipped": _facts("lists", "entries"),
    "status.restored": _facts("lists"),
    "clock.confirmed": _facts("days"),
    "clock.believed": _facts("days"),
    "backup.made": _facts("size"),
    "backup.restored": _facts(),
    "api_key.made": _facts(),
    "api_key.removed": _facts(),
}
_REFUSED: Final = {
    "api.refused": _facts("code", "times"),
    "api.limited": _facts("times"),
    "token.refused": _facts("code", "times"),
    "access.refused": _facts("code", "times"),
    "credential.refused": _facts("code", "times"),
    "card.refused": _facts("code", "times"),
    "webhook.sent": _facts("attempts"),
    "webhook.failed": _facts("attempts", "code"),
}
# About the patient, by a digest of the NHS number.
_PATIENTS: Final = {
    "patient.looked_for": _facts("found"),
    "patient.opened": _facts(),
    "patient.offered": _facts("offer"),
    "patient.card_made": _facts("issuance"),
    "patient.forgotten": _facts("offers", "records", "reason"),
    "identity.checked": _facts("way", "offer"),
    "source.failed": _facts("code", "times"),
}
_STAFF: Final = {
    "sign_in.made": _facts("way"),
    "sign_in.refused": _facts("code", "times"),
    "sign_out.made": _facts(),
    "sign_off.made": _facts("records", "left_out"),
    "sign_off.without": _facts("type", "reason"),
    "sign_off.refused": _facts("code"),
}
# About an offer, an issuance, a grant, a report or a run, by a digest of its name.
_RECORDS: Final = {
    "offer.made": _facts("records", "minutes", "source"),
    "offer.collected": _facts("grant"),
    "offer.pin_given": _facts("channel", "private", "reason"),
    "offer.pin_refused": _facts("tries"),
    "offer.burned": _facts("tries"),
    "offer.expired": _facts(),
    "offer.cancelled": _facts("reason"),
    "record.issued": _facts("type", "issuance", "copies"),
    "record.put_off": _facts("type", "reason", "copies"),
    "record.released": _facts("type"),
    "record.denied": _facts("type"),
    "record.notified": _facts("outcome"),
    "record.withdrawn": _facts("type", "reason"),
    "record.suspended": _facts("type", "reason"),
    "record.reinstated": _facts("type", "reason"),
    "record.replaced": _facts("type", "reason"),
    "copies.withdrawn": _facts("copies"),
    "grant.refreshed": _facts(),
    "grant.moved": _facts("grant"),
    "grant.replayed": _facts(),
    "grant.ended": _facts("reason"),
    "report.made": _facts("type"),
    "report.read": _facts(),
    "report.answered": _facts("outcome"),
    "card.shown": _facts("form"),
    "card.printed": _facts("form"),
    "card.replaced": _facts("reason", "issuance"),
    "bulk.planned": _facts("records", "people"),
    "bulk.started": _facts("people"),
    "bulk.ended": _facts("outcome", "records", "failed"),
    "bulk.cancelled": _facts(),
}
EVENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    _OWN | _REFUSED | _PATIENTS | _STAFF | _RECORDS
)


def checked_facts(event: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """``facts`` as they may stand with ``event``.

    Raises:
        ServiceError: ``audit.event`` for what is not in the list.
    """
    return audit.checked_facts(event, facts, events=EVENTS, forms=FORMS)
