"""Record systems are told of what becomes of their offers: signed, durable, nothing of anybody."""

from __future__ import annotations

import pytest
from api_world import System, code, fresh_key, later
from simulated_issuer import Site, Wallet
from webhook_receiver import Receiver, genuine

from healthpassport.fetch import HttpResponse
from issuer import service
from issuer.service import reminders
from issuer.service.api_clients import end_client
from issuer.service.receivers import all_receivers, latest_messages
from issuer.service.statuses import set_status
from issuer.service.telling import deliver, forget
from issuer.store import messages
from issuer.store.outbox import KINDS

URL = "https://epr.example/told"
CHANGES = {
    "client_request_burst": 10**6,
    "webhook_hosts": ("epr.example:443", "other.example:443"),
}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, dict(CHANGES))
    made.epr = System(made, "practice").enter()
    made.receiver = Receiver()
    return made


def listening(site, *events, url=URL, system=None):
    value = {"url": url, "events": list(events)}
    answer = (system or site.epr).call("POST", "/webhooks", value)
    assert answer.status == 201, answer.body
    return answer.json()


def tell(site):
    return deliver(site.issuer, site.receiver)


def kinds(site):
    return [one["type"] for one in site.receiver.told]


def collected(site, **more):
    offer = site.offer(wanted=["AllergySummary"], **more)
    wallet = Wallet(site, offer)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    [issued] = service.issued(site.issuer, offer=offer.id)
    return offer, issued


def test_each_end_of_an_offer_is_told_with_its_id_and_nothing_else(site):
    secret = listening(site)["secret"]
    offer, issued = collected(site)
    tell(site)
    for change in (service.Change.SUSPEND, service.Change.REINSTATE, service.Change.WITHDRAW):
        service.change_status(site.issuer, issuance=issued.id, change=change, client="practice")
        tell(site)
    late = site.offer()
    later(site, minutes=6)
    service.sweep(site.issuer)
    tell(site)
    assert kinds(site) == [
        "offer.collected",
        "record.suspended",
        "record.reinstated",
        "record.withdrawn",
        "offer.expired",
    ]
    ids = [one["data"] for one in site.receiver.told]
    assert ids == [{"id": offer.id}, *[{"id": issued.id}] * 3, {"id": late.id}]
    now = site.now.timestamp()
    for request in site.receiver.got[-1:]:
        assert genuine(secret, request.headers, request.body, now=now)
    everything = b"".join(request.body for request in site.receiver.got)
    for word in ("Zephyrine", "Quillon", "9990000018", "Penicillin"):
        assert word.encode() not in everything
        assert word.encode() not in site.files()
    assert b"Allergy" not in everything
    assert tell(site).sent == 0


def test_who_made_an_offer_is_told_once_that_its_records_run_out_soon(site):
    listening(site, "record.due")
    offer, _ = collected(site)
    site.pass_time(days=84)
    for _ in range(2):
        reminders.note_due(site.issuer)
        tell(site)
    assert [(one["type"], one["data"]) for one in site.receiver.told] == [
        ("record.due", {"id": offer.id})
    ]


def test_only_what_was_asked_for_is_told(site):
    listening(site, "offer.expired")
    collected(site)
    site.offer()
    later(site, minutes=6)
    service.sweep(site.issuer)
    tell(site)
    assert kinds(site) == ["offer.expired"]


def test_nobody_is_told_of_another_clients_offers(site):
    other = System(site, "other").enter()
    listening(site, system=other, url="https://other.example/told")
    collected(site)
    tell(site)
    assert not site.receiver.got
    mine = listening(site)
    answer = other.call("POST", f"/webhooks/{mine['id']}/end")
    assert code(answer) == (404, "api.webhook_unknown")
    answer = other.call("POST", f"/webhooks/{mine['id']}/secret")
    assert code(answer) == (404, "api.webhook_unknown")
    assert len(other.call("GET", "/webhooks").json()["webhooks"]) == 1
    collected(site)
    tell(site)
    message = latest_messages(site.issuer, client="practice")[0].id
    answer = other.call("POST", f"/webhooks/messages/{message}/retry")
    assert code(answer) == (404, "api.webhook_unknown")
    assert other.call("GET", "/webhooks/messages").json()["messages"] == []


def test_a_wallets_own_offers_and_those_of_whom_nobody_listens_to_are_not_noted(site):
    collected(site)
    from sqlalchemy import func, select  # noqa: PLC0415

    from issuer.store.api_tables import webhook_events  # noqa: PLC0415

    with site.issuer.store.reading() as tx:
        assert tx.execute(select(func.count()).select_from(webhook_events)).scalar() == 0


def test_what_is_rolled_back_is_not_told(site):
    listening(site)
    _, issued = collected(site)
    tell(site)
    site.receiver.got.clear()
    with site.issuer.store.engine.connect() as tx, tx.begin() as change:
        set_status(tx, issuance=issued.id, status=1)
        change.rollback()
    tell(site)
    assert not site.receiver.got


def test_a_failure_is_tried_again_and_given_up_after_a_day(site):
    listening(site, "offer.collected")
    site.receiver = Receiver([503])
    collected(site)
    for _ in range(40):
        tell(site)
        later(site, hours=3)
        [message] = latest_messages(site.issuer)
        if message.state == messages.DEAD:
            break
    assert (message.state, message.problem) == (messages.DEAD, "webhook.status")
    site.receiver.answers = [204]
    assert tell(site).sent == 0
    epr = site.epr.enter()
    dead = epr.call("GET", "/webhooks/messages?dead=true").json()["messages"]
    assert [one["id"] for one in dead] == [message.id]
    assert epr.call("POST", f"/webhooks/messages/{message.id}/retry").status == 204
    assert tell(site).sent == 1
    assert len({request.headers["webhook-id"] for request in site.receiver.got}) == 1


def test_a_receiver_that_is_gone_or_taken_off_the_settings_is_told_no_more(site):
    listening(site, "offer.collected")
    site.receiver = Receiver([410])
    collected(site)
    tell(site)
    assert latest_messages(site.issuer)[0].problem == "webhook.gone"
    site.receiver = Receiver()
    collected(site)
    site.issuer.settings.__dict__["webhook_hosts"] = ()
    tell(site)
    problems = {one.problem for one in latest_messages(site.issuer)}
    assert problems == {"webhook.gone", "webhook.host"}
    assert not site.receiver.got


def test_retry_after_is_kept_to(site):
    listening(site, "offer.collected")
    site.receiver = Receiver([HttpResponse(503, {"retry-after": "600"}, b"")])
    collected(site)
    tell(site)
    [message] = latest_messages(site.issuer)
    assert message.due_at - int(site.now.timestamp()) >= 600


def test_two_processes_send_a_message_once(site):
    listening(site, "offer.collected")
    collected(site)
    second, done = Receiver(), []
    site.receiver.on_fetch = lambda: done.append(deliver(site.issuer, second))
    assert tell(site).sent == 1
    assert [(one.noted, one.sent) for one in done] == [(0, 0)]


def test_a_process_that_died_while_sending_holds_a_message_for_a_minute_alone(site):
    listening(site, "offer.collected")
    collected(site)

    def die():
        raise ZeroDivisionError

    site.receiver.on_fetch = die
    with pytest.raises(ZeroDivisionError):
        tell(site)
    site.receiver = Receiver()
    assert tell(site).sent == 0
    later(site, minutes=1)
    assert tell(site).sent == 1


def test_what_waits_outlives_a_restart(site):
    listening(site, "offer.collected")
    collected(site)
    site.issuer.store.close()
    site.reopen()
    assert tell(site).sent == 1


def test_the_end_of_a_receiver_forgets_what_waits_for_it(site):
    made = listening(site, "offer.collected")
    collected(site)
    assert site.epr.call("POST", f"/webhooks/{made['id']}/end").status == 204
    tell(site)
    assert not site.receiver.got
    assert latest_messages(site.issuer) == ()
    answer = site.epr.call("POST", f"/webhooks/{made['id']}/end")
    assert code(answer) == (404, "api.webhook_unknown")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"url": "http://epr.example/"}, "webhook.host"),
        ({"url": "https://169.254.169.254/"}, "webhook.host"),
        ({"url": "https://localhost/"}, "webhook.host"),
        ({"url": "https://epr.example@evil.example/"}, "webhook.host"),
        ({"url": ""}, "webhook.host"),
        ({"url": "https://epr.example/" + "x" * 1100}, "http.invalid"),
        ({"url": URL, "events": ["offer.eaten"]}, "api.webhook_events"),
        ({"url": URL, "events": "offer.expired"}, "http.invalid"),
        ({"url": URL, "secret": "mine"}, "http.invalid"),
        ({}, "http.invalid"),
    ],
    ids=str,
)
def test_a_receiver_that_cannot_be_is_refused(site, value, wanted):
    assert code(site.epr.call("POST", "/webhooks", value)) == (400, wanted)


def test_a_client_that_was_ended_is_told_nothing_more(site):
    listening(site)
    collected(site)
    end_client(site.issuer, name="practice")
    tell(site)
    assert (site.receiver.got, all_receivers(site.issuer)) == ([], ())


def test_ten_receivers_are_as_many_as_there_may_be(site):
    for _ in range(10):
        listening(site)
    answer = site.epr.call("POST", "/webhooks", {"url": URL})
    assert code(answer) == (409, "api.webhook_many")


def test_a_receiver_is_added_once_for_one_key(site):
    key = fresh_key()
    one, two = (site.epr.call("POST", "/webhooks", {"url": URL}, key=key) for _ in range(2))
    assert one.json() == two.json()
    assert len(all_receivers(site.issuer)) == 1


def test_a_receiver_in_this_network_is_not_called_unless_the_settings_say_so(tmp_path):
    from issuer.service.telling import webhook_fetcher  # noqa: PLC0415

    site = Site(tmp_path, {**CHANGES, "webhook_hosts": ("localhost:1",)})
    site.epr = System(site, "practice").enter()
    listening(site, url="https://localhost:1/")
    site.offer()
    later(site, minutes=6)
    service.sweep(site.issuer)
    deliver(site.issuer, webhook_fetcher(site.settings))
    assert latest_messages(site.issuer)[0].problem == "ssrf.blocked"
    site.issuer.store.close()


def test_a_report_is_told(site):
    listening(site, "report.received")
    _, issued = collected(site)
    from issuer.store import Report, ReportState, reports  # noqa: PLC0415

    report = Report(
        id="report-of-one",
        root="line",
        client="practice",
        record_type="AllergySummary",
        issuance=issued.id,
        state=ReportState.OPEN,
        made_at=1,
        due_at=2,
        sealed="sealed",
        reply_key="{}",
    )
    with site.issuer.store.writing() as tx:
        reports.add(tx, report)
    tell(site)
    [told] = site.receiver.told
    assert (told["type"], told["data"]) == ("report.received", {"id": "report-of-one"})


def test_what_is_old_leaves(site):
    listening(site, "offer.collected")
    collected(site)
    tell(site)
    later(site, days=2)
    forget(site.issuer)
    assert latest_messages(site.issuer) == ()


def test_every_kind_of_event_stands_in_the_documents():
    from repository import ROOT  # noqa: PLC0415

    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert not sorted(kind for kind in KINDS if f"`{kind}`" not in page)
