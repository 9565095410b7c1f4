"""What an issuer does, free of HTTP: offers, tokens, credentials, statuses, publication.

Each function takes the ``IssuerContext`` that ``open_issuer`` makes. What is *not* here: routes and
commands, which parse, make one call here, and render.
"""

from __future__ import annotations

from .bitstrings import all_list_uris, bitstring_uris, published_bitstring
from .card_copies import MadeCard, change_card
from .cards import CardOffer, card_answer, card_request, make_card
from .context import IssuerContext, open_issuer
from .credentials import issue, notify
from .deferring import collect
from .grants import all_grants, move, refresh, stop_grant
from .identity import has_did, issuer_did, key_set, published_did_document
from .offers import NewOffer, offer_at, offer_bundle, offer_source, offer_summary, sweep
from .publication import issuer_metadata, server_metadata
from .readiness import check, warnings
from .reports import all_reports, answer_report, held_reports, one_report, open_report, take_report
from .sign_off import Decision, WaitingRecord, decide, waiting_records
from .statuses import Change, change_status, issued
from .token_lists import PublishedList, list_uris, published_list
from .tokens import Access, accessing, authenticate, redeem

__all__ = [
    "Access",
    "CardOffer",
    "Change",
    "Decision",
    "IssuerContext",
    "MadeCard",
    "NewOffer",
    "PublishedList",
    "WaitingRecord",
    "accessing",
    "all_grants",
    "all_list_uris",
    "all_reports",
    "answer_report",
    "authenticate",
    "bitstring_uris",
    "card_answer",
    "card_request",
    "change_card",
    "change_status",
    "check",
    "collect",
    "decide",
    "has_did",
    "held_reports",
    "issue",
    "issued",
    "issuer_did",
    "issuer_metadata",
    "key_set",
    "list_uris",
    "make_card",
    "move",
    "notify",
    "offer_at",
    "offer_bundle",
    "offer_source",
    "offer_summary",
    "one_report",
    "open_issuer",
    "open_report",
    "published_bitstring",
    "published_did_document",
    "published_list",
    "redeem",
    "refresh",
    "server_metadata",
    "stop_grant",
    "sweep",
    "take_report",
    "waiting_records",
    "warnings",
]
