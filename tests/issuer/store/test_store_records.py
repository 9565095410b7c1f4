"""What the store keeps about records: reports, what is given later, grants, the trail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from store_rows import NOW, a_deferral, a_grant, a_report, an_issuance, an_offer, new

from healthpassport.audit import KeptHead, Sealed
from issuer.store import (
    Wanted,
    audit,
    deferrals,
    grants,
    issuances,
    offers,
    reminders,
    reports,
    spent,
)
from issuer.store.deferrals import DeferralState
from issuer.store.grants import GrantState
from issuer.store.reports import ReportState


def test_reports_wait_in_their_line_the_soonest_due_first(store):
    client, root = new(), new()
    with store.writing() as tx:
        late = a_report(root, client=client, due_at=NOW + 9)
        soon = a_report(root, client=client, record_type="MedicationSummary", due_at=NOW + 1)
        for one in (late, soon):
            reports.add(tx, one)
        assert [one.id for one in reports.waiting_first(tx, client=client, answered=False)] == [
            soon.id,
            late.id,
        ]
        assert reports.open_of_line(tx, root) == 2
        assert reports.disputed_types(tx, root) == {"AllergySummary", "MedicationSummary"}
        reports.change(
            tx, soon.id, state=ReportState.ANSWERED.value, sealed=None, answered_at=NOW + 2
        )
        assert reports.disputed_types(tx, root) == {"AllergySummary"}
        everything = reports.waiting_first(tx, client=client, answered=True)
        assert [one.id for one in everything] == [late.id, soon.id]
        reports.forget_answered(tx, NOW + 2)
        assert reports.find(tx, soon.id).sealed is None
        reports.forget_answered(tx, NOW + 3)
        assert [one.id for one in reports.of_line(tx, root)] == [late.id]
        assert reports.find(tx, new()) is None


def test_disputes_are_found_by_any_grant_of_the_line(store):
    with store.writing() as tx:
        first = a_grant()
        second = replace(a_grant(), root=first.id)
        for one in (first, second):
            grants.add(tx, one)
        reports.add(tx, a_report(first.id))
        assert reports.disputed_types_of(tx, second.id) == {"AllergySummary"}
        assert reports.disputed_types_of(tx, new()) == frozenset()


def test_what_is_put_off_is_found_claimed_and_ended_with_its_secrets(store):
    client = new()
    with store.writing() as tx:
        offer = an_offer(client=client)
        offers.add(tx, offer, {})
        first = a_deferral(offer.id, client=client)
        second = a_deferral(offer.id, client=client, turn=1, created_at=NOW + 1)
        for one in (first, second):
            deferrals.add(tx, one)
        assert deferrals.find(tx, first.id) == first
        assert deferrals.by_transaction(tx, second.transaction_hash) == second
        assert deferrals.of_offer(tx, offer.id, "AllergySummary") == (first, second)
        assert deferrals.for_staff(tx, limit=1, client=client) == (first,)
        deferrals.change(tx, first.id, state=DeferralState.RELEASED.value)
        assert deferrals.for_staff(tx, limit=9, client=client) == (second,)
        deferrals.expire(tx, NOW + 300)
        for one in (first, second):
            ended = deferrals.find(tx, one.id)
            assert ended.state is DeferralState.EXPIRED
            assert (ended.sealed, ended.answer) == (None, None)


def test_grants_lapse_when_nobody_used_them_and_know_what_was_given(store):
    client = new()
    with store.writing() as tx:
        grant = a_grant(client=client)
        grants.add(tx, grant)
        offer = an_offer(client=client, grant=grant.id)
        offers.add(tx, offer, {})
        issuance = an_issuance(offer.id, client=client)
        issuances.add(tx, issuance)
        assert grants.find(tx, grant.id) == grant
        assert grants.by_lasting(tx, grant.lasting_hash) == grant
        assert grants.newest(tx, limit=5, client=client) == (grant,)
        assert grants.root_of_issuance(tx, issuance.id) == grant.id
        assert grants.suspended_types(tx, grant.id) == frozenset()
        issuances.set_status(tx, issuance.id, 2)
        assert grants.suspended_types(tx, grant.id) == {"AllergySummary"}
        assert grant.id not in {one.id for one in grants.unused(tx, NOW + 86_399)}
        assert grant.id in {one.id for one in grants.unused(tx, NOW + 86_400)}
        grants.change(tx, grant.id, state=GrantState.LAPSED.value, sealed=None)
        assert grant.id not in {one.id for one in grants.unused(tx, NOW + 86_400)}


def test_a_reminder_is_noted_once_and_forgotten_when_records_came(store):
    client = new()
    with store.writing() as tx:
        grant = a_grant(client=client)
        grants.add(tx, grant)
        offer = an_offer(client=client, grant=grant.id)
        offers.add(tx, offer, {})
        issuances.add(tx, an_issuance(offer.id, client=client))
        reminders.note(tx, now=NOW, until=NOW + 86_399)
        assert reminders.due(tx, client=client, now=NOW) == ()
        assert reminders.note(tx, now=NOW, until=NOW + 86_400) >= 1
        assert reminders.note(tx, now=NOW, until=NOW + 86_400) == 0
        (found,) = reminders.due(tx, client=client, now=NOW)
        assert (found.grant, found.offer, found.expires_at) == (grant.id, offer.id, NOW + 86_400)
        newer = an_issuance(offer.id, client=client, record_type="Other", expires_at=NOW + 99_999)
        issuances.add(tx, newer)
        reminders.forget(tx, NOW)
        assert reminders.due(tx, client=client, now=NOW) == ()


def test_a_value_is_spent_once_and_a_secret_made_once(store):
    value, name = new(), new()
    with store.writing() as tx:
        assert spent.spend(tx, value, NOW)
        assert not spent.spend(tx, value, NOW + 5)
        assert spent.secret(tx, name, lambda: b"\x00one") == b"\x00one"
        assert spent.secret(tx, name, lambda: b"two") == b"\x00one"
        spent.forget(tx, NOW + 1)
        assert spent.spend(tx, value, NOW)


def sealed(number, *, event="offer.made", person="", about="a" * 43):
    text = f'{{"about":"{about}","number":{number}}}'
    at = datetime.fromtimestamp(NOW + number, UTC)
    return Sealed(number, at, event, person, text, f"hash{number}")


def test_the_trail_is_bound_looked_through_and_cut(store):
    with store.writing() as tx:
        assert audit.begin(tx, "trail", "first")
        assert not audit.begin(tx, "another", "first")
        for number in range(1, 8):
            audit.wait(tx, f"happened {number}")
    with store.writing() as tx:
        assert (audit.hold(tx).trail, audit.hold(tx).seq) == ("trail", 0)
        waited = audit.waiting(tx, 5)
        assert [text for _, text in waited] == [f"happened {number}" for number in range(1, 6)]
        entries = [sealed(number) for number in range(1, 5)]
        entries.append(sealed(5, event="record.issued", person="p", about="b" * 43))
        audit.bind(tx, entries, [number for number, _ in waited])
    with store.reading() as tx:
        assert [text for _, text in audit.waiting(tx, 5)] == ["happened 6", "happened 7"]
        assert audit.last(tx).seq == 5
        assert [one.seq for one in audit.page(tx, 2)] == [3, 4, 5]
        for wanted, numbers in (
            (Wanted(), [5, 4, 3, 2, 1]),
            (Wanted(event="record.issued"), [5]),
            (Wanted(person="p"), [5]),
            (Wanted(about="b" * 43), [5]),
            (Wanted(since=sealed(4).at), [5, 4]),
            (Wanted(until=sealed(2).at), [1]),
            (Wanted(before=3), [2, 1]),
            (Wanted(event="'; --"), []),
        ):
            assert [one.seq for one in audit.find(tx, wanted, 10)] == numbers
        assert audit.last_before(tx, sealed(4).at).seq == 3
    with store.writing() as tx:
        for head in (KeptHead(3, sealed(3).at, "one"), KeptHead(3, sealed(3).at, "again")):
            audit.keep_head(tx, head)
        assert audit.newest_head(tx).token == "again"
        assert audit.cut(tx, KeptHead(3, sealed(3).at, "base", base=True)) == 3
        assert [(one.token, one.base) for one in audit.heads(tx)] == [("base", True)]
        assert [one.seq for one in audit.page(tx, 0)] == [4, 5]
