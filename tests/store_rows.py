"""Rows for tests of the store, each with ids that nobody has had."""

from __future__ import annotations

import secrets

from issuer.store.deferrals import Deferral, DeferralReason, DeferralState
from issuer.store.grants import Grant, GrantState
from issuer.store.issuances import Issuance
from issuer.store.offers import Offer, OfferState
from issuer.store.reports import Report, ReportState

NOW = 1_800_000_000


def new() -> str:
    return secrets.token_urlsafe(16)


def an_offer(**changes) -> Offer:
    values = {
        "id": new(),
        "address_hash": new(),
        "code_hash": new(),
        "pin_mac": "mac",
        "client": "practice",
        "state": OfferState.OPEN,
        "tries": 0,
        "created_at": NOW,
        "expires_at": NOW + 300,
    }
    return Offer(**(values | changes))


def an_issuance(offer: str, **changes) -> Issuance:
    values = {
        "id": new(),
        "offer": offer,
        "client": "practice",
        "record_type": "AllergySummary",
        "copies": 2,
        "status": 0,
        "issued_at": NOW,
        "expires_at": NOW + 86_400,
        "notification_hash": new(),
    }
    return Issuance(**(values | changes))


def a_grant(**changes) -> Grant:
    name = changes.pop("id", None) or new()
    values = {
        "id": name,
        "root": name,
        "client": "practice",
        "state": GrantState.ACTIVE,
        "lasting_hash": new(),
        "current_hash": new(),
        "salt": b"\x00\xff salt",
        "key_thumbprint": "key",
        "client_id": None,
        "sealed": b"\x80sealed",
        "created_at": NOW,
        "used_at": NOW,
        "expires_at": NOW + 86_400,
    }
    return Grant(**(values | changes))


def a_report(root: str, **changes) -> Report:
    values = {
        "id": new(),
        "root": root,
        "client": "practice",
        "record_type": "AllergySummary",
        "issuance": None,
        "state": ReportState.OPEN,
        "made_at": NOW,
        "due_at": NOW + 86_400,
        "sealed": "sealed",
        "reply_key": "{}",
    }
    return Report(**(values | changes))


def a_deferral(offer: str, **changes) -> Deferral:
    values = {
        "id": new(),
        "transaction_hash": new(),
        "offer": offer,
        "root": None,
        "client": "practice",
        "configuration": "AllergySummary",
        "turn": 0,
        "reason": DeferralReason.STAFF,
        "state": DeferralState.WAITING,
        "copies": 2,
        "request_hash": new(),
        "created_at": NOW,
        "expires_at": NOW + 300,
        "answer": b"\xffanswer",
        "sealed": b"\x00sealed",
    }
    return Deferral(**(values | changes))
