"""The receipts of ``receipts.json``: what other implementations can be tried on as well."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from healthpassport import receipts
from healthpassport.errors import PassportError
from healthpassport.receipts import ReceivedRecord, Sent
from healthpassport.trust.model import TrustList, TrustView

FILE = json.loads(Path(__file__).with_name("receipts.json").read_text(encoding="utf-8"))
NOW = datetime.fromisoformat(FILE["now"])
TRUST = TrustView(
    TrustList.parse(json.dumps(FILE["trustList"]).encode()), NOW, timedelta(), stale=False
)


def sent():
    told = FILE["expected"]
    return Sent(
        request_hash=receipts.request_hash(FILE["requestObject"]),
        vp_token_hash=receipts.vp_token_hash(FILE["vpToken"]),
        certificate_hash=told["certificateHash"],
        name=told["name"],
        ods=told["ods"],
        purpose=told["purpose"],
        retention=told["retention"],
        records=tuple(ReceivedRecord.made(**row) for row in told["records"]),
        at=NOW,
    )


def test_the_hashes_are_those_of_the_file():
    assert sent().request_hash == FILE["requestHash"]
    assert sent().vp_token_hash == FILE["vpTokenHash"]
    assert receipts.card_hash(bytes.fromhex(FILE["cardHex"])) == FILE["cardHash"]


@pytest.mark.parametrize("case", FILE["receipts"], ids=lambda case: case["name"])
def test_a_receipt_is_judged_as_the_file_says(case):
    try:
        found = receipts.check_presentation(case["token"], expected=sent(), trust=TRUST, now=NOW)
    except PassportError as error:
        told = {"code": error.code}
    else:
        told = {"problems": list(found.problems)}
    assert told == {name: case[name] for name in ("problems", "code") if name in case}


@pytest.mark.parametrize("case", FILE["cardReceipts"], ids=lambda case: case["name"])
def test_a_receipt_for_a_card_is_judged_as_the_file_says(case):
    found = receipts.check_card(
        case["token"], expected_card_hashes={FILE["cardHash"]}, trust=TRUST, now=NOW
    )
    assert list(found.problems) == case["problems"]
