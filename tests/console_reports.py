"""A practice that takes reports of errors, and reports that wait at its console."""

from __future__ import annotations

import json
from datetime import timedelta

from healthpassport.jose import jwe
from issuer.service.reports import due_by, reports_jwk
from issuer.service.signing_keys import make_reports_key
from issuer.store import Report, ReportState, reports

WORDS = "I can eat peanuts.\nPlease take it off."


def report_keys(folder):
    """Settings of a practice that takes reports and opens them at its console."""
    folder.mkdir(parents=True, exist_ok=True)
    uri, _ = make_reports_key(folder / "reports.key", folder / "reports.jwk", passphrase=None)
    return {"reports_jwk": folder / "reports.jwk", "reports_key": uri}


def reported(practice, name, *, days_ago=0, words=WORDS, record_type="AllergySummary"):
    """Somebody said that something is wrong; the id of the report."""
    issuer = practice.issuer
    made = int((issuer.clock() - timedelta(days=days_ago)).timestamp())
    _, reply_key = jwe.generate_encryption_key("reply")
    sealed = jwe.encrypt(
        json.dumps({"words": words}).encode(), recipient_jwk=reports_jwk(issuer.settings)
    )
    report = Report(
        id=name,
        root="a-line-of-grants",
        client="practice",
        record_type=record_type,
        issuance=None,
        state=ReportState.OPEN,
        made_at=made,
        due_at=due_by(made),
        sealed=sealed,
        reply_key=json.dumps(reply_key),
    )
    with issuer.store.writing() as tx:
        reports.add(tx, report)
    return name
