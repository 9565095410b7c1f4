"""What is over is forgotten, what is still needed is not, and each table has a rule for it."""

from __future__ import annotations

import re

import pytest
from emptied_site import emptied, made_in, on_either
from repository import ROOT
from returning_wallet import NAME, Returning, offered
from sqlalchemy import func, insert, select

from healthpassport.keys import generate_signer
from healthpassport.status.entries import WITHDRAWN
from issuer import service
from issuer.service import Change, bulk, change_status, jobs, telling
from issuer.service.bulk_lines import parse_lines
from issuer.service.figures import figures
from issuer.service.job_kinds import KINDS
from issuer.service.keeping import AT_ONCE, LATE, forget_over, late
from issuer.service.published_files import read_token
from issuer.service.retention import retire
from issuer.store import OfferState, deferrals
from issuer.store.deferrals import Deferral, DeferralReason, DeferralState
from issuer.store.staff_tables import staff_sessions
from issuer.store.tables import grants, issuances, metadata, offers, status_entries

PAGE = ROOT / "docs" / "keeping.md"
DAY = 86_400


def rules():
    """Each table of the page with how long its rows are kept."""
    lines = re.findall(r"^\| (`.*?`) \| [^|]* \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: until for names, until in lines for name in re.findall(r"`(\w+)`", names)}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    yield from made_in(tmp_path_factory.mktemp("home"))


@pytest.fixture
def site(home):
    return emptied(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    yield from on_either(request, tmp_path)


def tidy(site):
    pauses = []
    retire(site.issuer)
    done = forget_over(site.issuer, pause=pauses.append)
    return done, pauses


def rows(site):
    with site.issuer.store.reading() as tx:
        counted = {
            name: tx.execute(select(func.count()).select_from(table)).scalar()
            for name, table in metadata.tables.items()
        }
    return {name: number for name, number in counted.items() if number}


def collected(site, *, refreshed=False):
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    if refreshed:
        site.pass_time(days=10)
        assert wallet.refresh().status == 200
        wallet.accept(wallet.ask_credential())
    return wallet


def test_every_table_has_a_rule_and_every_rule_a_table():
    assert rules().keys() == metadata.tables.keys()


def test_years_later_nothing_is_left_but_what_is_kept_for_good(either):
    collected(either, refreshed=True)
    offered(either)  # and nobody takes it
    bulk.start(
        either.issuer,
        parse_lines(f"source\n{NAME}\nnobody.json\n".encode()),
        client="practice",
        recipient=bulk.recipient_of(generate_signer()),
    )
    for _ in range(jobs.MAX_ATTEMPTS):
        jobs.run_due(either.issuer, KINDS)
        either.pass_time(seconds=jobs.LONGEST_PAUSE)
    with either.issuer.store.writing() as tx:
        session = {"subject": "s", "name": "n", "roles": "", "way": "oidc"}
        times = {"created_at": 1, "seen_at": 1, "ends_at": 2}
        tx.execute(insert(staff_sessions), {"id": "x", **session, **times})
    assert {"issuances", "status_entries", "grants", "offers", "bulks", "bulk_lines"} <= set(
        rows(either)
    )
    service.sweep(either.issuer)
    for days in (200, 200, 1):
        either.pass_time(days=days)
        service.sweep(either.issuer)
        telling.forget(either.issuer)
        jobs.forget_ended(either.issuer)
        tidy(either)
    kept = {name for name, until in rules().items() if until.startswith(("for good", "`PASSPORT"))}
    assert set(rows(either)) <= kept
    assert "status_marks" not in rows(either)  # of copies that said the same none was marked


def test_nothing_goes_while_a_wallet_comes_back(site):
    wallet = collected(site)
    began = wallet.made.id
    for _ in range(4):  # beyond the validity of the first copies and all margins
        site.pass_time(days=60)
        service.sweep(site.issuer)
        tidy(site)
        assert wallet.refresh().status == 200
        wallet.accept(wallet.ask_credential())
    with site.issuer.store.reading() as tx:
        known = set(tx.execute(select(offers.c.id)).scalars())
        kept = tx.execute(select(issuances.c.id, issuances.c.expires_at)).all()
        assert tx.execute(select(func.count()).select_from(status_entries)).scalar() == 6
    assert began in known  # the practice knows the line by it
    assert len(known) == 4  # and the three collections of which something is left
    assert len(kept) == 3
    newest = max(kept, key=lambda row: row.expires_at)
    assert change_status(site.issuer, issuance=newest.id, change=Change.WITHDRAW).status


def test_a_clock_that_leaps_a_year_ahead_does_not_make_everything_forgotten(site):
    for _ in range(4):
        collected(site)
        site.pass_time(days=3)
    before = site.now
    site.pass_time(days=365)
    assert late(site.issuer) > LATE  # and it is told
    tidy(site)
    kept = service.issued(site.issuer)
    assert len(kept) == 2
    site.now = before
    for one in kept:
        change_status(site.issuer, issuance=one.id, change=Change.WITHDRAW)


def test_a_withdrawal_outlives_the_row_that_it_is_of(site):
    collected(site)
    (issued,) = service.issued(site.issuer)
    change_status(site.issuer, issuance=issued.id, change=Change.WITHDRAW)
    site.pass_time(days=130)
    tidy(site)
    assert service.issued(site.issuer) == ()
    held = read_token(site.call("GET", "/status/1").body)
    assert {status for _, status in held.marks()} == {WITHDRAWN}
    assert len(list(held.marks())) == 2


def test_a_grant_that_ended_goes_with_its_line_and_not_before(site):
    wallet = collected(site)
    (grant,) = service.all_grants(site.issuer)
    assert wallet.move().status == 200
    site.pass_time(days=300)  # of the line one grant is moved, and one lapses only now
    tidy(site)
    assert len(service.all_grants(site.issuer)) == 2
    service.sweep(site.issuer)
    site.pass_time(days=91)
    done, _ = tidy(site)
    assert done.grants == 2
    assert grant.id not in {one.id for one in service.all_grants(site.issuer)}


def test_what_staff_have_still_to_release_keeps_its_offer(site):
    made = site.offer()
    with site.issuer.store.writing() as tx:
        tx.execute(offers.update().values(state=OfferState.DONE.value, expires_at=2))
        waiting = Deferral(
            id="d",
            transaction_hash="d",
            offer=made.id,
            root=None,
            client="practice",
            configuration="AllergySummary",
            turn=0,
            reason=DeferralReason.STAFF,
            state=DeferralState.WAITING,
            copies=1,
            request_hash="r",
            created_at=1,
            expires_at=2**31 - 1,
        )
        deferrals.add(tx, waiting)
    assert tidy(site)[0].offers == 0
    with site.issuer.store.writing() as tx:
        deferrals.change(tx, "d", state=DeferralState.DENIED.value)
    assert tidy(site)[0].offers == 1


def test_many_rows_go_a_few_at_a_time_with_pauses_between(either):
    old = {"pin_mac": "p", "client": "practice", "tries": 0, "created_at": 1, "expires_at": 2}
    with either.issuer.store.writing() as tx:
        made = [
            {"id": f"o{n}", "address_hash": f"a{n}", "code_hash": f"c{n}"} | old
            for n in range(2 * AT_ONCE + 1)
        ]
        tx.execute(insert(offers), [one | {"state": "expired"} for one in made])
        tx.execute(
            insert(issuances),
            [
                {
                    "id": f"i{n}",
                    "offer": f"o{n}",
                    "client": "practice",
                    "record_type": "AllergySummary",
                    "copies": 1,
                    "issued_at": 1,
                    "expires_at": 2,
                    "notification_hash": f"n{n}",
                }
                for n in range(AT_ONCE + 1)
            ],
        )
    done = forget_over(either.issuer, pause=(pauses := []).append)
    assert (done.issuances, done.offers) == (AT_ONCE + 1, 2 * AT_ONCE + 1)
    assert len(pauses) == 3
    assert set(pauses) == {pauses[0]}


def test_rows_that_should_be_gone_are_told_of(site):
    collected(site)
    assert late(site.issuer) == 0
    site.pass_time(days=90 + 30 + 5)
    assert late(site.issuer) > LATE
    (found,) = [one for one in figures(site.issuer) if one.name == "kept_too_long_seconds"]
    assert found.values == {"": late(site.issuer)}
    tidy(site)
    assert late(site.issuer) == 0


def test_a_grant_in_use_is_never_over(site):
    collected(site)
    site.pass_time(days=1_000)  # without a sweep it is still active
    tidy(site)
    with site.issuer.store.reading() as tx:
        assert tx.execute(select(grants.c.state)).scalars().all() == ["active"]
