"""A refresh that brings nothing new marks nothing; one that does ends every older copy."""

from __future__ import annotations

import pytest
from emptied_site import emptied, made_in, on_either
from returning_wallet import LATEX, NAME, NUT, Returning, offered, tell, texts
from simulated_issuer import ISS
from sqlalchemy import event, func, select

from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN
from issuer import service
from issuer.service import Change
from issuer.service.comparing import digests, says_the_same
from issuer.service.sources import SourceReference
from issuer.settings import Settings
from issuer.store.tables import offer_records, reports, status_lists


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    yield from made_in(tmp_path_factory.mktemp("home"))


@pytest.fixture
def site(home):
    return emptied(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    yield from on_either(request, tmp_path)


def collected(site):
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    return wallet


@pytest.fixture
def wallet(site):
    return collected(site)


def come_back(site, wallet, **later):
    site.pass_time(**(later or {"days": 20}))
    assert wallet.refresh().status == 200
    answer = wallet.ask_credential()
    wallet.accept(answer)
    return answer


def statuses(site):
    """The statuses of everything issued, oldest first."""
    return [one.status for one in reversed(service.issued(site.issuer))]


def version(site):
    with site.issuer.store.reading() as tx:
        return tx.execute(select(func.sum(status_lists.c.version))).scalar()


def kept_digests(site):
    with site.issuer.store.reading() as tx:
        found = tx.execute(select(offer_records.c.digest)).scalars().all()
    return [one for one in found if one is not None]


def report(site, **values):
    (grant,) = service.all_grants(site.issuer)
    row = {"root": grant.root, "client": "practice", "record_type": "AllergySummary"}
    with site.issuer.store.writing() as tx:
        tx.execute(reports.insert().values(id="r", state="open", due_at=2, **row, **values))


def test_what_says_the_same_is_left_and_what_does_not_is_replaced(either):
    wallet = collected(either)
    before = version(either)
    come_back(either, wallet)
    come_back(either, wallet)
    assert statuses(either) == [VALID, VALID, VALID]
    assert version(either) == before
    tell(either, NUT, LATEX)
    assert texts(come_back(either, wallet)) == ["Allergy to peanut", "Allergy to latex"]
    assert statuses(either) == [REPLACED, REPLACED, REPLACED, VALID]
    tell(either, NUT)  # and what was true before that is no reason to let the last one stand
    come_back(either, wallet)
    assert statuses(either) == [REPLACED, REPLACED, REPLACED, REPLACED, VALID]
    come_back(either, wallet)
    assert (
        changed(either, service.issued(either.issuer)[0], Change.WITHDRAW)[-2:] == [WITHDRAWN] * 2
    )


def test_a_copy_of_which_the_wallet_never_said_that_it_has_it_is_replaced_as_well(site, wallet):
    site.pass_time(days=1)
    assert wallet.refresh().status == 200
    assert wallet.ask_credential().status == 200  # and the wallet is gone
    tell(site, LATEX)
    come_back(site, wallet)
    assert statuses(site) == [REPLACED, REPLACED, VALID]


def test_a_copy_that_has_expired_is_marked_no_more(site, wallet):
    before = version(site)
    tell(site, LATEX)
    come_back(site, wallet, days=95)
    assert statuses(site) == [VALID, VALID]
    assert version(site) == before


def test_a_record_that_is_disputed_meanwhile_says_something_else(site, wallet):
    report(site, made_at=1)
    come_back(site, wallet)
    assert statuses(site) == [REPLACED, VALID]
    with site.issuer.store.writing() as tx:
        tx.execute(reports.update().values(state="answered"))
    come_back(site, wallet)
    assert statuses(site) == [REPLACED, REPLACED, VALID]


def test_a_copy_that_came_disputed_after_its_reading_leaves_none_without_that_word(site, wallet):
    site.pass_time(days=20)
    assert wallet.refresh().status == 200
    assert wallet.get("/holder/grant").status == 200  # which reads the source
    report(site, made_at=site.issuer.now())
    wallet.accept(wallet.ask_credential())
    assert statuses(site) == [REPLACED, VALID]


def test_a_dispute_of_one_record_is_one_of_the_summary_that_is_made_of_it():
    settings = Settings.model_construct(iss=ISS, formats=("dc+sd-jwt",))
    payloads = {"EmergencySummary": b'{"asOf":"2026-11-01","state":"items"}'}
    one = digests(settings, reference(), payloads)
    other = digests(settings, reference(), payloads, disputed=["AllergySummary"])
    assert one.keys() == other.keys() == {"EmergencySummary"}
    assert one != other


def changed(site, issuance, change):
    service.change_status(site.issuer, issuance=issuance.id, change=change)
    return statuses(site)


@pytest.mark.parametrize(
    ("change", "status"),
    [(Change.WITHDRAW, WITHDRAWN), (Change.SUSPEND, SUSPENDED), (Change.REPLACE, REPLACED)],
)
def test_what_is_done_to_the_newest_is_done_to_older_copies_that_say_the_same(
    site, wallet, change, status
):
    tell(site, LATEX)
    come_back(site, wallet)
    come_back(site, wallet)
    assert statuses(site) == [REPLACED, VALID, VALID]
    newest = service.issued(site.issuer)[0]
    assert changed(site, newest, change) == [REPLACED, status, status]
    if change is Change.SUSPEND:
        assert changed(site, newest, Change.REINSTATE) == [REPLACED, VALID, VALID]


def test_what_is_done_to_an_older_copy_is_not_done_to_the_newest(site, wallet):
    come_back(site, wallet)
    _, oldest = service.issued(site.issuer)
    assert changed(site, oldest, Change.WITHDRAW) == [WITHDRAWN, VALID]


def test_another_wallet_of_the_same_person_keeps_its_copies(site, wallet):
    collected(site)
    come_back(site, wallet)
    assert changed(site, service.issued(site.issuer)[0], Change.WITHDRAW).count(VALID) == 1


def test_an_offer_without_a_source_has_no_digest(site):
    wallet = Returning.of(site, site.offer())
    assert wallet.ask_credential().status == 200
    assert kept_digests(site) == []


def test_a_digest_differs_for_everybody_who_has_the_same(site):
    for _ in range(2):
        offered(site)
    found = kept_digests(site)
    assert len(found) >= 2
    assert len(set(found)) == len(found)


def test_the_costs_of_coming_back_do_not_grow_with_what_is_over(site, wallet):
    counted = []

    def count(_connection, _cursor, statement, *_):
        counted[-1] += "issuances" in statement

    event.listen(site.issuer.store.engine, "before_cursor_execute", count)
    for turn in range(5):
        tell(site, *([NUT] if turn % 2 else [LATEX]))
        counted.append(0)
        come_back(site, wallet, days=1)
    event.remove(site.issuer.store.engine, "before_cursor_execute", count)
    assert len(set(counted[1:])) == 1, counted
    assert statuses(site) == [REPLACED] * 5 + [VALID]


def reference(**changes):
    values = {"kind": "folder", "name": NAME, "subject": None, "who": {}, "wanted": (), "key": "k"}
    return SourceReference(**(values | changes))


def test_a_reference_of_before_has_no_key_and_what_it_leads_to_counts_as_changed(site):
    old = SourceReference.parse(b'{"kind":"folder","name":"a","subject":null,"who":{},"wanted":[]}')
    payloads = {"AllergySummary": b'{"asOf":"2026-11-01","state":"items"}'}
    assert digests(site.issuer.settings, old, payloads) == {}
    assert digests(site.issuer.settings, None, payloads) == {}
    assert SourceReference.parse(reference().wire()) == reference()
    assert not says_the_same(None, None)
    assert not says_the_same("one", None)


@pytest.mark.parametrize(
    ("payload", "more", "same"),
    [
        (b'{"asOf":"2026-12-01","state":"items"}', {}, True),
        (b'{"asOf":"2026-11-01","state":"none_known"}', {}, False),
        (b'{"asOf":"2026-11-01","state":"items","warnings":["x"]}', {}, False),
        (b'{"asOf":"2026-11-01","state":"items"}', {"disputed": ["AllergySummary"]}, False),
        (b'{"asOf":"2026-11-01","state":"items"}', {"disputed": ["PatientIdentity"]}, True),
    ],
)
def test_only_the_day_of_the_reading_may_differ(payload, more, same):
    settings = Settings.model_construct(iss=ISS, formats=("dc+sd-jwt",))
    first = {"AllergySummary": b'{"asOf":"2026-11-01","state":"items"}'}
    one = digests(settings, reference(), first)
    other = digests(settings, reference(), {"AllergySummary": payload}, **more)
    assert one.keys() == other.keys() == {"AllergySummary"}
    assert says_the_same(one["AllergySummary"], other["AllergySummary"]) is same
    another = digests(settings, reference(key="other"), first)
    assert not says_the_same(one["AllergySummary"], another["AllergySummary"])
