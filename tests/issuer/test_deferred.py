"""Records that are given later: staff look first, or the source needs time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from issuer_config import variables
from returning_wallet import LATEX, NUT, Returning, offered, source_site, tell, texts
from simulated_issuer import Site, Wallet, refused
from typer.testing import CliRunner

from healthpassport.errors import ServiceError, SourceError
from healthpassport.protocols.oid4vci import DeferredRequest, DeferredResponse
from healthpassport.status.entries import REPLACED, VALID
from issuer import service
from issuer.cli import app as cli
from issuer.service import Decision
from issuer.service.in_time import sweep_in_time


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, {"sign_off": "all", "deferred_notification": True})


def asked(wallet, record_type="AllergySummary", **more):
    """The transaction_id of a request that was put off."""
    answer = wallet.ask_credential(record_type, **more)
    assert answer.status == 202, answer.body
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) == {"transaction_id", "interval"}
    assert told["interval"] == wallet.site.settings.deferred_interval_seconds
    return told["transaction_id"]


def collected(wallet, transaction):
    return wallet.post("/deferred_credential", {"transaction_id": transaction})


def decided(site, decision, **more):
    (one,) = service.waiting_records(site.issuer)
    return service.decide(site.issuer, deferral=one.id, decision=decision, **more)


def test_what_staff_released_is_given_once_and_again_until_the_wallet_notifies(site):
    wallet = Returning.of(site)
    transaction = asked(wallet, copies=3)
    waits = collected(wallet, transaction)
    assert (waits.status, waits.json()["transaction_id"]) == (202, transaction)
    assert decided(site, Decision.RELEASE).copies == 3
    first = collected(wallet, transaction)
    assert texts(first) == ["Penicillin V", "Natural rubber latex"]
    assert len(first.json()["credentials"]) == 3
    assert collected(wallet, transaction).json() == first.json()
    wallet.accept(first)
    refused(collected(wallet, transaction), "invalid_transaction_id")
    assert [one.copies for one in service.issued(site.issuer)] == [3]


def test_a_wallet_that_takes_no_notification_id_is_sent_none(tmp_path):
    """As those on @openid4vc up to 0.4.6: the answer can be had again until the token ends."""
    site = Site(tmp_path, {"sign_off": "all"})
    wallet = Returning.of(site)
    transaction = asked(wallet)
    decided(site, Decision.RELEASE)
    answer = collected(wallet, transaction)
    assert set(answer.json()) == {"credentials"}
    assert collected(wallet, transaction).json() == answer.json()
    site.pass_time(minutes=10)
    service.sweep(site.issuer)
    wallet.refresh()
    refused(collected(wallet, transaction), "invalid_transaction_id")


def test_an_answer_that_was_lost_is_not_told_as_over_by_a_clock_that_leapt(site):
    wallet = Returning.of(site)
    transaction = asked(wallet)
    decided(site, Decision.RELEASE)
    lost = collected(wallet, transaction)
    sweep_in_time(site.issuer)
    site.pass_time(days=20)
    wallet.refresh()
    answer = collected(wallet, transaction)
    assert (answer.status, answer.json()["code"]) == (503, "issuer.not_ready")
    site.pass_time(days=-20)
    assert collected(wallet, transaction).json() == lost.json()


def test_the_metadata_names_the_endpoint(site):
    told = site.call("GET", "/.well-known/openid-credential-issuer").json()
    assert told["deferred_credential_endpoint"] == f"{site.settings.iss}/deferred_credential"


def test_the_very_same_request_gets_the_same_transaction_and_another_none(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    proofs = [wallet.proof(wallet.nonce())]
    first = asked(wallet, proofs=proofs)
    assert asked(wallet, proofs=proofs) == first
    refused(wallet.ask_credential(), "invalid_credential_request")
    assert len(service.waiting_records(site.issuer)) == 1


def test_staff_may_take_days_and_the_wallet_asks_with_a_later_token(site):
    wallet = Returning.of(site)
    transaction = asked(wallet)
    site.pass_time(days=3)
    service.sweep(site.issuer)
    refused(collected(wallet, transaction), "invalid_token", 401)
    wallet.refresh()
    assert collected(wallet, transaction).status == 202
    decided(site, Decision.RELEASE)
    site.reopen()
    answer = collected(wallet, transaction)
    assert texts(answer) == ["Penicillin V", "Natural rubber latex"]
    wallet.refresh()
    wallet.accept(answer)
    refused(collected(wallet, transaction), "invalid_transaction_id")


def test_what_staff_denied_is_erased_and_the_wallet_is_told(site):
    wallet = Returning.of(site)
    transaction = asked(wallet)
    decided(site, Decision.DENY)
    refused(collected(wallet, transaction), "credential_request_denied")
    with pytest.raises(ServiceError, match=r"^deferred\.unknown"):
        service.decide(site.issuer, deferral="nothing", decision=Decision.RELEASE)
    assert service.waiting_records(site.issuer) == ()
    assert service.issued(site.issuer) == ()


def test_a_decision_is_made_once_and_by_whose_offer_it_was(site):
    asked(Returning.of(site))
    (one,) = service.waiting_records(site.issuer)
    for client, code in (("another", "forbidden"), ("practice", None), (None, "deferred.decided")):
        arguments = {"deferral": one.id, "decision": Decision.RELEASE, "client": client}
        if code is None:
            assert service.decide(site.issuer, **arguments).id == one.id
            continue
        with pytest.raises(ServiceError, match=rf"^{code}"):
            service.decide(site.issuer, **arguments)
    assert service.waiting_records(site.issuer, client="another") == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"transaction_id": 5}'])
def test_a_malformed_deferred_request_is_refused(site, body):
    wallet = Returning.of(site)
    refused(wallet.post("/deferred_credential", body), "invalid_credential_request")


def test_a_transaction_is_of_no_use_to_another_wallet(site):
    wallet, thief = Returning.of(site), Returning.of(site)
    transaction = asked(wallet)
    decided(site, Decision.RELEASE)
    refused(collected(thief, transaction), "invalid_transaction_id")
    refused(collected(thief, "guessed"), "invalid_transaction_id")
    assert collected(wallet, transaction).status == 200


def test_a_record_that_waited_too_long_is_erased(site):
    wallet = Returning.of(site)
    transaction = asked(wallet)
    (one,) = service.waiting_records(site.issuer)
    site.pass_time(days=14)
    service.sweep(site.issuer)
    wallet.refresh()
    refused(collected(wallet, transaction), "invalid_transaction_id")
    with pytest.raises(ServiceError, match=r"^deferred\.decided"):
        service.decide(site.issuer, deferral=one.id, decision=Decision.RELEASE)


def test_what_waits_ends_with_its_grant(site):
    wallet = Returning.of(site)
    asked(wallet)
    (grant,) = service.all_grants(site.issuer)
    service.stop_grant(site.issuer, grant=grant.id)
    assert service.waiting_records(site.issuer) == ()


def test_no_value_of_what_waits_stands_in_the_clear(site):
    wallet = Returning.of(site)
    transaction = asked(wallet)
    for secret in ("Penicillin", "Zephyrine", "9990000018", transaction):
        assert secret.encode() not in site.files()
    decided(site, Decision.RELEASE)
    collected(wallet, transaction)
    assert b"Penicillin" not in site.files()


def test_what_a_wallet_comes_back_for_waits_where_only_that_is_looked_at(tmp_path):
    site = source_site(tmp_path, sign_off="returning", deferred_notification=True)
    made = offered(site)
    wallet = Returning.of(site, made)
    wallet.accept(wallet.ask_credential())
    tell(site, NUT)
    wallet.refresh()
    transaction = asked(wallet)
    (one,) = service.waiting_records(site.issuer)
    assert one.offer == made.id
    decided(site, Decision.RELEASE)
    answer = collected(wallet, transaction)
    wallet.accept(answer)
    assert sorted(issued.status for issued in service.issued(site.issuer)) == [VALID, REPLACED]


def test_of_a_record_on_hold_nothing_newer_is_given_though_staff_released_it(tmp_path):
    site = source_site(tmp_path, sign_off="returning")
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    [first] = service.issued(site.issuer)
    wallet.refresh()
    transaction = asked(wallet)
    service.change_status(site.issuer, issuance=first.id, change=service.Change.SUSPEND)
    decided(site, Decision.RELEASE)
    assert collected(wallet, transaction).status == 202
    service.change_status(site.issuer, issuance=first.id, change=service.Change.REINSTATE)
    assert collected(wallet, transaction).status == 200


@dataclass
class SlowSource:
    """A source that asks for time until it is ready."""

    inner: object
    ready: bool = False
    asked: list = field(default_factory=list)

    def read(self, name):
        self.asked.append(name)
        if not self.ready:
            raise SourceError("source.later")
        return self.inner.read(name)

    def find(self, person):
        return self.inner.find(person)


@pytest.fixture
def slow(tmp_path):
    """A returning wallet, and the source that keeps it waiting."""
    site = source_site(tmp_path)
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    source = SlowSource(site.issuer.sources["folder"])
    site.issuer.sources["folder"] = source
    wallet.refresh()
    return wallet, source


def test_a_source_that_needs_time_puts_the_wallet_off(slow):
    wallet, source = slow
    transaction = asked(wallet)
    assert collected(wallet, transaction).status == 202
    source.ready = True
    wallet.refresh()
    assert len(texts(collected(wallet, transaction))) == 2
    assert service.waiting_records(wallet.site.issuer) == ()


def test_what_was_read_again_for_another_collection_is_not_taken_for_what_was_read_before(tmp_path):
    site = source_site(tmp_path, deferred_notification=True)
    wallet = Returning.of(site, offered(site))
    for kind in ("AllergySummary", "PatientIdentity"):
        wallet.accept(wallet.ask_credential(kind))
    site.issuer.sources["folder"] = source = SlowSource(site.issuer.sources["folder"])
    wallet.refresh()
    later, first = asked(wallet), asked(wallet, "PatientIdentity")
    source.ready = True
    wallet.accept(collected(wallet, first))  # all is read, and says what it said
    tell(site, NUT)
    wallet.refresh()
    answer = collected(wallet, later)
    assert texts(answer) == ["Allergy to peanut"]
    wallet.accept(answer)
    allergies = [i for i in service.issued(site.issuer) if i.record_type == "AllergySummary"]
    assert sorted(one.status for one in allergies) == [VALID, REPLACED]


def test_what_staff_release_late_replaces_nothing_that_was_read_since(tmp_path):
    site = source_site(tmp_path, sign_off="returning", deferred_notification=True)
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    tell(site, NUT)
    transactions = []
    for notes in ((NUT,), (NUT, LATEX)):
        tell(site, *notes)
        site.pass_time(days=1)
        wallet.refresh()
        transactions.append(asked(wallet))
    old, new = service.waiting_records(site.issuer)
    for one in (new, old):
        service.decide(site.issuer, deferral=one.id, decision=Decision.RELEASE)
    wallet.accept(collected(wallet, transactions[1]))
    refused(collected(wallet, transactions[0]), "invalid_transaction_id")
    assert sorted(one.status for one in service.issued(site.issuer)) == [VALID, VALID]


def test_of_two_that_staff_release_together_the_newer_reading_stays(tmp_path):
    site = source_site(tmp_path, sign_off="returning", deferred_notification=True)
    wallet = Returning.of(site, offered(site))
    transactions = []
    for notes in ((NUT,), (NUT, LATEX)):
        tell(site, *notes)
        site.pass_time(days=1)
        wallet.refresh()
        transactions.append(asked(wallet))
    for one in service.waiting_records(site.issuer):
        service.decide(site.issuer, deferral=one.id, decision=Decision.RELEASE)
    site.pass_time(minutes=1)
    for transaction in transactions:
        wallet.accept(collected(wallet, transaction))
    newest, older = service.issued(site.issuer)
    assert sorted((newest.status, older.status)) == [VALID, REPLACED]


def test_what_a_slow_source_told_is_still_put_before_staff(slow):
    wallet, source = slow
    issuer = wallet.site.issuer
    changed = replace(issuer, settings=issuer.settings.model_copy(update={"sign_off": "all"}))
    transaction = asked(wallet)
    source.ready = True
    access = service.authenticate(
        issuer,
        authorization=f"DPoP {wallet.token}",
        proof=wallet.dpop("/deferred_credential"),
        method="POST",
        path="/deferred_credential",
    )
    request = DeferredRequest(transaction_id=transaction)
    told = service.collect(changed, access=access, request=request)
    assert isinstance(told, DeferredResponse)
    (one,) = service.waiting_records(issuer)
    service.decide(issuer, deferral=one.id, decision=Decision.RELEASE)
    assert len(texts(collected(wallet, transaction))) == 2


def test_a_source_that_names_no_such_record_any_more_denies_it(slow):
    wallet, source = slow
    transaction = asked(wallet, "MedicationSummary")
    source.ready = True
    refused(collected(wallet, transaction), "credential_request_denied")


def test_staff_see_and_decide_at_the_command_line(tmp_path, monkeypatch):
    now = datetime.now(UTC)  # the command line has no other clock
    site = Site(tmp_path, {"sign_off": "all", "certified_at": now}, now)
    wallet = Returning.of(site)
    transaction = asked(wallet)
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    (one,) = service.waiting_records(site.issuer)
    runner = CliRunner()
    shown = runner.invoke(cli, ["deferred", "list"])
    assert shown.exit_code == 0
    assert one.id in shown.output
    assert "Penicillin" not in shown.output
    done = runner.invoke(cli, ["deferred", "release", one.id, "--json"])
    assert (done.exit_code, one.offer in done.output) == (0, True)
    assert "No record waits." in runner.invoke(cli, ["deferred", "list"]).output
    assert runner.invoke(cli, ["deferred", "deny", one.id]).exit_code != 0
    assert collected(wallet, transaction).status == 200


@pytest.mark.parametrize(("notes", "older"), [((NUT,), REPLACED), ((NUT, LATEX), VALID)])
def test_where_no_wallet_notifies_the_older_copy_ends_as_the_newer_is_handed_out(
    tmp_path, notes, older
):
    site = source_site(tmp_path, sign_off="returning")
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    site.pass_time(days=1)
    tell(site, *notes)
    wallet.refresh()
    transaction = asked(wallet)
    assert [one.status for one in service.issued(site.issuer)] == [VALID]
    decided(site, Decision.RELEASE)
    answer = collected(wallet, transaction)
    assert "notification_id" not in answer.json()
    newest, first = service.issued(site.issuer)
    assert (newest.status, first.status) == (VALID, older)
    assert collected(wallet, transaction).json() == answer.json()  # for one that lost it
