"""Something wrong? A patient says so, sealed; the practice answers; until then it is disputed."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

import pytest
from returning_wallet import Returning, offered, source_site
from simulated_issuer import refused

from healthpassport.encoding import b64url_decode
from healthpassport.errors import ServiceError
from healthpassport.formats import format_named
from healthpassport.jose import jwe
from issuer import service
from issuer.service.reports import MAX_OPEN, due_by, parse_answer
from issuer.service.signing_keys import make_reports_key

WORDS = "I am not allergic to latex. That was my sister Zanzibara."


@pytest.fixture
def site(tmp_path):
    uri, _ = make_reports_key(tmp_path / "reports.key", tmp_path / "reports.jwk", passphrase=None)
    return source_site(tmp_path, reports_jwk=tmp_path / "reports.jwk", reports_key=uri)


@pytest.fixture
def wallet(site):
    made = Returning.of(site, offered(site))
    made.refresh()
    return made


def report(wallet, words=WORDS, *, kind="AllergySummary", **changes):
    """A report as a wallet sends it; the private key of the reply is kept on the wallet."""
    key = wallet.get("/holder/reports").json()["key"]
    wallet.reply, public = jwe.generate_encryption_key("reply")
    value = {
        "id": secrets.token_urlsafe(24),
        "record_type": kind,
        "sealed": jwe.encrypt(json.dumps({"words": words}).encode(), recipient_jwk=key),
        "reply_key": public,
    }
    return wallet.post("/holder/reports", value | changes)


def answer(site, made, outcome="corrected", words="We took latex off your list."):
    value = json.dumps({"outcome": outcome, "words": words}).encode()
    return service.answer_report(site.issuer, made["id"], parse_answer(value))


def warnings(answer):
    text = answer.json()["credentials"][0]["credential"]
    return format_named("dc+sd-jwt").open_held(text).payload["warnings"]


def test_a_report_is_taken_and_due_within_a_month(site, wallet):
    made = report(wallet)
    assert made.status == 201, made.body
    told = made.json()
    assert (told["state"], told["record_type"]) == ("open", "AllergySummary")
    assert told["due_by"] == "2026-12-01T12:00:00+00:00"
    assert wallet.get("/holder/reports").json()["reports"] == [told]
    [listed] = service.all_reports(site.issuer)
    assert listed.id == told["id"]


@pytest.mark.parametrize(
    ("made", "due"),
    [
        ((2026, 1, 31), (2026, 2, 28)),
        ((2027, 12, 31), (2028, 1, 31)),
        ((2028, 1, 30), (2028, 2, 29)),
        ((2026, 11, 1), (2026, 12, 1)),
    ],
)
def test_a_month_is_a_calendar_month(made, due):
    moments = [int(datetime(*day, tzinfo=UTC).timestamp()) for day in (made, due)]
    assert due_by(moments[0]) == moments[1]


def test_only_the_practices_own_key_reads_the_words(site, wallet):
    made = report(wallet).json()
    for word in ("latex", "Zanzibara", "sister"):
        assert word.encode() not in site.files()
    assert service.open_report(site.issuer, made["id"]).words == WORDS


def test_the_server_needs_no_private_key(tmp_path):
    _, thumbprint = make_reports_key(tmp_path / "k", tmp_path / "j", passphrase=None)
    site = source_site(tmp_path, reports_jwk=tmp_path / "j")
    wallet = Returning.of(site, offered(site))
    made = report(wallet)
    assert made.status == 201
    with pytest.raises(ServiceError, match=r"^report\.unreadable"):
        service.open_report(site.issuer, made.json()["id"])
    assert thumbprint == wallet.get("/holder/reports").json()["key"]["kid"]


def test_what_is_issued_meanwhile_is_disputed_and_then_no_more(site, wallet):
    made = report(wallet).json()
    assert "disputed" in warnings(wallet.ask_credential("AllergySummary"))
    assert "disputed" in warnings(wallet.ask_credential("EmergencySummary"))
    assert "disputed" not in warnings(wallet.ask_credential("PatientIdentity"))
    answer(site, made)
    wallet.refresh()
    assert "disputed" not in warnings(wallet.ask_credential("AllergySummary"))
    assert "disputed" not in warnings(wallet.ask_credential("EmergencySummary"))


def test_an_answer_erases_the_words_and_is_read_by_the_wallet_alone(site, wallet):
    made = report(wallet).json()
    answer(site, made)
    with pytest.raises(ServiceError, match=r"^report\.answered"):
        service.open_report(site.issuer, made["id"])
    with pytest.raises(ServiceError, match=r"^report\.answered"):
        answer(site, made)
    assert b"took latex off" not in site.files()
    [told] = wallet.get("/holder/reports").json()["reports"]
    assert (told["state"], told["outcome"]) == ("answered", "corrected")
    opened = jwe.decrypt(told["answer"], private_key=_named(wallet.reply, told["answer"]))
    assert json.loads(opened) == {"words": "We took latex off your list."}
    [kept] = service.all_reports(site.issuer, answered=True)
    assert (kept.sealed, kept.reply_key) == (None, None)
    assert service.all_reports(site.issuer) == ()
    site.pass_time(days=91)
    service.sweep(site.issuer)
    assert service.all_reports(site.issuer, answered=True) == ()


def _named(key, token):
    return jwe.EncryptionKey(jwe.read_header(token)["kid"], key.jwk)


def test_sending_twice_is_sending_once(site, wallet):
    name = secrets.token_urlsafe(24)
    assert report(wallet, id=name).json() == report(wallet, id=name).json()
    assert len(service.all_reports(site.issuer)) == 1
    other = Returning.of(site, offered(site))
    refused(report(other, id=name), "invalid_request")


def test_reports_of_one_wallet_are_nothing_to_another(site, wallet):
    report(wallet)
    other = Returning.of(site, offered(site))
    other.refresh()
    assert other.get("/holder/reports").json()["reports"] == []
    assert "disputed" not in warnings(other.ask_credential("AllergySummary"))


def test_the_device_that_takes_over_takes_the_reports_along(site, wallet):
    made = report(wallet).json()
    assert wallet.move().status == 200
    assert wallet.get("/holder/reports").json()["reports"] == [made]
    assert "disputed" in warnings(wallet.ask_credential("AllergySummary"))


def test_a_report_may_name_the_copy_it_is_about(site, wallet):
    copy = wallet.ask_credential().json()["credentials"][0]["credential"]
    place = json.loads(b64url_decode(copy.split(".")[1]))["status"]["status_list"]
    assert report(wallet, copy=place).status == 201
    [kept] = service.all_reports(site.issuer)
    assert kept.issuance == service.issued(site.issuer)[0].id
    other = Returning.of(site, offered(site))
    answered = report(other, copy=place)
    assert answered.status == 404
    assert answered.json()["code"] == "grant.not_yours"


def test_no_more_than_so_many_wait_at_once(site, wallet):
    for _ in range(MAX_OPEN):
        assert report(wallet).status == 201
    assert report(wallet).json()["code"] == "report.too_many"
    answer(site, wallet.get("/holder/reports").json()["reports"][0])
    assert report(wallet).status == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "short"}, "http.invalid"),
        ({"id": "x" * 65}, "http.invalid"),
        ({"record_type": "Nothing"}, "http.invalid"),
        ({"record_type": "PatientStated"}, "http.invalid"),
        ({"sealed": "I am not allergic"}, "http.invalid"),
        ({"sealed": ""}, "http.invalid"),
        ({"sealed": "x" * 20_000}, "http.invalid"),
        ({"reply_key": {}}, "http.invalid"),
        ({"reply_key": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}}, "http.invalid"),
        ({"more": 1}, "http.invalid"),
    ],
)
def test_a_malformed_report_is_refused(site, wallet, change, code):
    made = report(wallet, **change)
    assert made.json()["code"] == code, made.body
    assert service.all_reports(site.issuer) == ()


def test_a_report_for_another_key_is_sealed_anew(site, wallet):
    _, other = jwe.generate_encryption_key("another")
    made = report(wallet, sealed=jwe.encrypt(b"{}", recipient_jwk=other))
    assert (made.status, made.json()["code"]) == (409, "report.key")


def test_a_private_key_that_a_wallet_sends_by_mistake_is_not_kept(site, wallet):
    private, _ = jwe.generate_encryption_key("reply")
    assert report(wallet, reply_key=dict(private.jwk)).status == 201
    [kept] = service.all_reports(site.issuer)
    assert "d" not in json.loads(kept.reply_key)


def test_a_practice_without_a_key_takes_none(tmp_path):
    site = source_site(tmp_path)
    wallet = Returning.of(site, offered(site))
    assert wallet.get("/holder/reports").json() == {"key": None, "reports": []}
    _, public = jwe.generate_encryption_key("x")
    value = {
        "id": "x" * 20,
        "record_type": "AllergySummary",
        "sealed": jwe.encrypt(b"{}", recipient_jwk=public),
        "reply_key": public,
    }
    assert wallet.post("/holder/reports", value).json()["code"] == "report.not_taken"


def test_the_practices_system_lists_and_answers_its_own(site, wallet):
    def call(method, path, body=b"", key=site.api_key):
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return site.call(method, path, body=body, headers=headers)

    made = report(wallet).json()
    [row] = call("GET", "/reports").json()["reports"]
    assert row["id"] == made["id"]
    sealed = call("GET", f"/reports/{made['id']}").json()["sealed"]
    assert sealed.count(".") == 4
    assert call("GET", "/reports", key="hpi_wrong").status == 401
    assert call("GET", "/reports/nothing").status == 404
    path = f"/reports/{made['id']}/answer"
    for bad in (b"{}", b'{"outcome": "maybe", "words": "x"}', b'{"outcome": "corrected"}'):
        assert call("POST", path, bad).json()["code"] == "http.invalid"
    done = call("POST", path, b'{"outcome": "not_changed", "words": "It is right."}')
    assert done.json()["state"] == "answered"
    assert call("GET", "/reports").json()["reports"] == []
    assert len(call("GET", "/reports?answered=1").json()["reports"]) == 1


def test_another_client_sees_no_report_of_ours(site, wallet):
    made = report(wallet).json()
    assert service.all_reports(site.issuer, client="another") == ()
    with pytest.raises(ServiceError, match=r"^forbidden"):
        service.one_report(site.issuer, made["id"], client="another")
