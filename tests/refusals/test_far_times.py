"""Times at the end of the calendar, which X.509 and others write for "for ever", break nothing."""

from __future__ import annotations

from datetime import timedelta

from forge import bound, disclosure, record, verify
from record_examples import allergies
from verification_world import NOW, Desk, Surgery, present

from healthpassport.credential import Verdict
from healthpassport.encoding import b64url_encode
from healthpassport.jose.times import END_OF_TIME
from healthpassport.keys import generate_signer
from healthpassport.status.entries import compress
from healthpassport.status.token_status_list import held_list

LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
URI = "https://surgery.example/status/1"


def test_a_holders_proof_that_never_expires_is_accepted():
    text = bound(record(disclosure("salt-1", "onset", "2001")), exp=LAST_SECOND)
    assert verify(text).disclosed == {("onset",)}


def test_a_record_that_never_expires_is_verified():
    surgery, holder = Surgery(), generate_signer()
    for_ever = END_OF_TIME + timedelta(days=1, hours=23, minutes=59, seconds=59)
    text = surgery.issue(allergies(), holder, expires_at=for_ever)
    summary = Desk((surgery,)).verify({"allergies": present(text, holder)})
    assert summary.verdict is Verdict.ACCEPTED


def test_a_status_list_that_never_expires_is_held():
    entries = {"bits": 1, "lst": b64url_encode(compress(bytes(16)))}
    told = {"sub": URI, "iat": 0, "exp": LAST_SECOND, "status_list": entries}
    assert held_list(told, expected_uri=URI, now=NOW).expires_at == END_OF_TIME
