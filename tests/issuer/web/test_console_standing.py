"""What was handed over and how it stands; and that nothing of a patient stays anywhere after it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging

import pytest
from console_world import NUMBER, Practice, Walk, refused
from pydantic import ValidationError
from simulated_issuer import made_settings

from healthpassport.encoding import b64url_decode
from healthpassport.fetch import HttpResponse
from issuer.service import offer_summary
from issuer.service.console import standing
from issuer.service.console.staff import Role, StaffMember
from issuer.service.offers import offer_at
from issuer.service.sources import Person
from issuer.service.statuses import Change, issued
from issuer.store import GrantState, grants
from issuer.store import handed as rows


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("practice"))


@pytest.fixture(scope="module")
def clinician(practice):
    return Walk(practice.browser("clinician"))


def page_of(handed):
    return handed.replace("/handed/", "/offers/")


def changed(walk, where, to, reason):
    return walk.browser.post(f"{where}/change", to=to, reason=reason)


def statuses(practice, where):
    return {one.status for one in issued(practice.issuer, offer=where.rsplit("/", 1)[1])}


def test_an_offer_is_followed_from_offered_to_withdrawn(practice, clinician):
    handed = clinician.offered()
    where, browser = page_of(handed), clinician.browser
    assert "Offered: waits" in browser.get(where).text
    clinician.collect(handed)
    assert "Added by the patient" in browser.get(where).text
    confirm = browser.get(f"{where}/change?to=suspend").text
    assert "until the hold is ended" in confirm
    assert changed(clinician, where, "suspend", "being_checked").status == 303
    assert statuses(practice, where) == {2}
    assert changed(clinician, where, "reinstate", "checked").status == 303
    assert statuses(practice, where) == {0}
    assert changed(clinician, where, "withdraw", "wrong_content").status == 303
    assert statuses(practice, where) == {1}
    assert "Withdrawn" in browser.get(where).text


def test_a_change_is_sent_again_and_changes_nothing_more(practice, clinician):
    handed = clinician.offered()
    clinician.collect(handed)
    where = page_of(handed)
    assert changed(clinician, where, "withdraw", "patient_asked").status == 303
    refused(changed(clinician, where, "withdraw", "patient_asked"), "console.change", 409)
    refused(changed(clinician, where, "reinstate", "checked"), "console.change", 409)
    assert statuses(practice, where) == {1}


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [
        ("withdraw", "", "console.reason"),
        ("withdraw", "because", "console.reason"),
        ("withdraw", "checked", "console.reason"),  # a reason for something else
        ("explode", "patient_asked", "console.change"),
        ("suspend", "being_checked", "console.change"),  # nothing was collected yet
    ],
)
def test_a_change_needs_a_reason_of_its_own_list(to, reason, code, clinician):
    refused(changed(clinician, page_of(clinician.offered()), to, reason), code)


def test_what_is_taken_back_opens_nothing_and_is_erased(practice, clinician):
    handed = clinician.offered()
    where = page_of(handed)
    text = clinician.browser.get(handed).text
    address = text.split("credential-offers%2F")[1].split('"')[0].split("<")[0]
    assert offer_at(practice.issuer, address)
    assert changed(clinician, where, "withdraw", "wrong_person").status == 303
    refused(clinician.browser.get(handed), "console.gone", 404)
    answer = practice.site.call("GET", f"/credential-offers/{address}")
    assert answer.status == 404
    assert "Taken back" in clinician.browser.get(where).text


def test_a_withdrawal_ends_what_the_wallet_may_fetch(practice, clinician):
    handed = clinician.offered()
    wallet = clinician.collect(handed)
    changed(clinician, page_of(handed), "withdraw", "device_lost")
    assert wallet.ask_credential("MedicationSummary").status in {400, 401}


def test_a_withdrawal_takes_in_what_a_wallet_collected_at_the_same_moment(practice, clinician):
    handed = clinician.offered()
    offer = handed.rsplit("/", 1)[1]
    with practice.issuer.store.reading() as tx:
        before = rows.find(tx, offer)  # as staff saw it when they confirmed
    clinician.collect(handed)
    who = StaffMember("id-clinician", "Some clinician", frozenset({Role.CLINICIAN}))
    standing._do(practice.console, who, before, Change.WITHDRAW, "wrong_person")
    with practice.issuer.store.reading() as tx:
        grant = grants.find(tx, rows.find(tx, offer).grant)
    assert (statuses(practice, page_of(handed)), grant.state) == ({1}, GrantState.ENDED)


def test_a_record_on_hold_is_not_collected_meanwhile(practice, clinician):
    handed = clinician.offered()
    wallet = clinician.collect(handed)
    changed(clinician, page_of(handed), "suspend", "device_lost")
    assert wallet.ask_credential("MedicationSummary").status in {400, 401}


def test_a_patients_offers_are_found_by_their_number_alone(clinician):
    clinician.offered()
    answer = clinician.browser.post("/given", nhs_number="999 000 0018")
    assert "/offers/" in answer.text
    assert "/offers/" not in clinician.browser.post("/given", nhs_number="9990000042").text
    refused(clinician.browser.post("/given", nhs_number="9990000019"), "console.number", 400)


def test_another_clients_offer_is_not_seen_here(practice, clinician):
    search = practice.issuer.sources["folder"].find(Person(nhs_number=NUMBER))
    assert search
    from issuer.service.reading import read_bundle, rules_of  # noqa: PLC0415 - to make an offer

    bundle = practice.issuer.sources["folder"].read(search[0].name)
    rules = rules_of(practice.site.settings)
    found = read_bundle(bundle, rules=rules, subject=None, now=practice.site.now)
    made = offer_summary(practice.issuer, client="practice", summary=found.summary)
    refused(clinician.browser.get(f"/offers/{made.id}"), "not_found", 404)
    refused(changed(clinician, f"/offers/{made.id}", "withdraw", "patient_asked"), "not_found", 404)
    assert made.id not in clinician.browser.get("/today").text


def test_another_practices_offer_is_not_seen_here(tmp_path, clinician):
    other = Walk(Practice(tmp_path, staffed=False).browser())
    refused(clinician.browser.get(page_of(other.offered())), "not_found", 404)


def test_lists_name_nobody(practice, clinician):
    clinician.offered()
    for path in ("/", "/today"):
        text = clinician.browser.get(path).text
        assert "ashdown" not in text.lower()
        assert "penicillin" not in text.lower()
        assert NUMBER not in text.replace(" ", "")


@pytest.fixture
def texts():
    """What a service that sends texts was asked for."""
    asked, headers = [], []

    def fetch(request):
        asked.append(json.loads(request.body))
        headers.append(request.headers)
        return HttpResponse(texts_answer[0], {}, b"{}")

    texts_answer = [202]
    fetch.asked, fetch.answer, fetch.headers = asked, texts_answer, headers
    return fetch


class Way:
    def __init__(self, fetch):
        self.fetch = fetch


def texting(tmp_path, texts, **more):
    changes = {"web_text_url": "https://texts.example/send", **more}
    practice = Practice(tmp_path, staffed=False, changes=changes)
    object.__setattr__(practice.console, "fetcher", Way(texts))
    return Walk(practice.browser())


def test_a_pin_goes_by_text_and_is_shown_to_nobody(tmp_path, texts):
    walk = texting(tmp_path, texts)
    handed = walk.offered(pin_by="text", number="+44 7700 900123")
    (sent,) = texts.asked
    assert sent["to"] == "+447700900123"
    assert "Health Passport" not in sent["text"]
    refused(walk.browser.post(f"{handed}/pin"), "console.pin_told", 410)
    assert b"7700900123" not in walk.browser.practice.site.files()


def test_a_text_that_was_not_sent_is_never_said_to_be(tmp_path, texts):
    texts.answer[0] = 500
    walk = texting(tmp_path, texts)
    handed = walk.offered(pin_by="text", number="+447700900123")
    assert "The text was not sent" in walk.browser.get(handed).text
    assert walk.pin(handed).isdigit()


def test_a_link_goes_by_text_without_its_pin_which_goes_another_way(tmp_path, texts):
    walk = texting(tmp_path, texts)
    number = "+44 7700 900123"
    handed = walk.offered(link_by="text", number=number)
    (sent,) = texts.asked
    assert walk.browser.practice.issuer.url("/get#") in sent["text"]
    page = walk.browser.get(handed).text
    assert "openid-credential-offer://" not in page
    pin = walk.pin(handed)
    assert pin not in sent["text"]
    where = walk.opened()
    walk.identified(where)
    walk.signed(where)
    both = {"link_by": "text", "pin_by": "text", "number": number}
    refused(walk.handed(where, **both), "console.same_channel", 400)
    for phone in ("shared", "unsure"):
        refused(
            walk.handed(where, link_by="text", number=number, phone=phone),
            "console.not_private",
            400,
        )
    refused(walk.handed(where, link_by="text", number="07700"), "console.phone", 400)
    assert len(texts.asked) == 1
    texts.answer[0] = 500
    again = walk.handed(where, link_by="text", number=number).headers["location"]
    assert "openid-credential-offer://" in walk.browser.get(again).text


SERVICE = "26785a09-ab16-4eb0-8407-a37497a57506"
SECRET = "3d844edf-8d35-48ac-975b-e847b4f122b0"
NOTIFY = {
    "web_text_service": "govuk-notify",
    "web_text_pin_template": "template-of-the-pin",
    "web_text_link_template": "template-of-the-link",
}


def test_govuk_notify_is_asked_by_template_with_a_token_of_this_moment(tmp_path, texts):
    (tmp_path / "texts.key").write_text(f"our-console-{SERVICE}-{SECRET}\n")
    walk = texting(tmp_path / "site", texts, web_text_key_file=tmp_path / "texts.key", **NOTIFY)
    walk.offered(pin_by="text", number="+447700900123")
    walk.offered(link_by="text", number="+447700900123")
    pin, link = texts.asked
    assert pin["template_id"] == "template-of-the-pin"
    assert pin["personalisation"].keys() == {"pin"}
    assert link["template_id"] == "template-of-the-link"
    assert link["personalisation"].keys() == {"link"}
    assert pin["phone_number"] == "+447700900123"
    token = texts.headers[0]["Authorization"].removeprefix("Bearer ")
    signed, _, signature = token.rpartition(".")
    head, claims = (json.loads(b64url_decode(part)) for part in signed.split("."))
    assert head == {"alg": "HS256", "typ": "JWT"}
    assert claims == {"iss": SERVICE, "iat": int(walk.browser.practice.site.now.timestamp())}
    made = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert b64url_decode(signature) == made
    (tmp_path / "texts.key").write_text("no such key")
    handed = walk.offered(pin_by="text", number="+447700900123")
    assert len(texts.asked) == 2
    assert walk.pin(handed).isdigit()


def test_govuk_notify_needs_its_key_and_both_templates(tmp_path):
    made, _ = made_settings(tmp_path)
    whole = NOTIFY | {
        "web_text_url": "https://api.notifications.example/v2/notifications/sms",
        "web_text_key_file": tmp_path / "texts.key",
    }
    type(made).model_validate(made.model_dump() | whole)
    for name in whole.keys() - {"web_text_service"}:
        with pytest.raises(ValidationError, match="govuk-notify"):
            type(made).model_validate(
                made.model_dump() | {n: v for n, v in whole.items() if n != name}
            )


# -- nothing stays ----------------------------------------------------------------------------


def values(practice):
    """What the record says that is long enough not to occur by chance."""
    found = set()

    def walk(value):
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and len(value) >= 8 and " " in value:
            found.add(value)

    walk(json.loads((practice.folder / "source" / "rowan-ashdown.json").read_text()))
    return found | {NUMBER, "Ashdown", "1958-07-14"} - {practice.site.settings.name}


def test_nothing_of_a_patient_stays_in_database_logs_or_trail(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    practice = Practice(tmp_path)
    walk = Walk(practice.browser("clinician"))
    handed = walk.offered()
    pin = walk.pin(handed)
    walk.browser.post("/given", nhs_number=NUMBER)
    changed(walk, page_of(handed), "withdraw", "patient_asked")
    practice.issuer.audit.settle(everything=True)
    kept = practice.site.files() + caplog.text.encode()
    own = {practice.site.settings.name, "Example Surgery"}
    assert not [one for one in values(practice) - own if one.encode() in kept]
    assert pin.encode() + b'"' not in kept
    assert b"sign_off.made" in kept
    assert b"identity.checked" in kept


def test_only_a_keyed_digest_of_the_number_is_kept(tmp_path):
    practice = Practice(tmp_path, staffed=False)
    walk = Walk(practice.browser())
    walk.offered()
    import base64  # noqa: PLC0415 - what somebody who copies the database would try
    import hashlib  # noqa: PLC0415

    plain = base64.urlsafe_b64encode(hashlib.sha256(NUMBER.encode()).digest()).rstrip(b"=")
    files = practice.site.files()
    assert plain not in files
    assert practice.console.digest_key not in files
