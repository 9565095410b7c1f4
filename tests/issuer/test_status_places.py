"""Places of status lists: leased in blocks, given once, by threads and by processes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from simulated_issuer import Site
from sqlalchemy import select

from healthpassport.errors import ServiceError
from issuer import service
from issuer.service.places import LARGEST, SMALLEST, Pool, reserving
from issuer.settings import LDP_VC, SD_JWT_VC
from issuer.store.joined import JoinedStore
from issuer.store.places import TOKEN, lease
from issuer.store.status_tables import status_journals
from issuer.store.tables import bitstring_lists, status_lists


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, {"status_list_size": 131_072})


def taken(issuer, copies, format_=SD_JWT_VC):
    """Places that nobody gives back, a column for each kind of list."""
    with reserving(issuer, format_, copies=copies) as reserved:
        reserved.used = copies
        return reserved.columns


def allocated(site, table=status_lists):
    with site.issuer.store.reading() as tx:
        return tx.execute(select(table.c.allocated).order_by(table.c.number)).scalars().all()


def leased(issuer, count):
    with issuer.store.writing() as tx:
        return lease(tx, TOKEN, count=count, list_size=131_072, now=1, random=issuer.random)


def test_no_place_is_given_twice_by_threads_of_two_processes(site):
    other = service.open_issuer(site.settings, clock=site.issuer.clock, random=site.issuer.random)
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda n: taken((site.issuer, other)[n % 2], 5)[0], range(60))
        places = [place for column in found for place in column]
    other.store.close()
    assert len(places) == 300
    assert len(set(places)) == 300


def test_a_process_asks_seldom_and_a_short_one_leaves_little(site):
    taken(site.issuer, 5)
    assert allocated(site) == [SMALLEST]
    for _ in range(400):
        taken(site.issuer, 5)
    assert allocated(site)[0] <= 2_005 + LARGEST
    assert site.issuer.places.of(TOKEN).next_lease == LARGEST


def test_what_was_not_used_is_given_to_the_next(site):
    with reserving(site.issuer, SD_JWT_VC, copies=3) as reserved:
        first = reserved.columns
    assert taken(site.issuer, 3) == first
    assert taken(site.issuer, 3) != first


def test_what_a_failed_transaction_had_used_is_given_to_nobody(site):
    def fail():
        with reserving(site.issuer, SD_JWT_VC, copies=3) as reserved:
            reserved.used = 3
            seen.extend(reserved.columns[0])
            raise ZeroDivisionError

    seen = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert set(seen).isdisjoint(taken(site.issuer, SMALLEST - 3)[0])


def test_places_of_the_two_bitstring_lists_tell_nothing_of_each_other(site):
    revocation, suspension = taken(site.issuer, 8, LDP_VC)
    assert {number for number, _ in revocation} != {number for number, _ in suspension}
    assert [index for _, index in revocation] != [index for _, index in suspension]


def test_a_list_is_given_to_its_last_place_and_then_another_begins(site):
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=131_072 - 3))
    block = leased(site.issuer, 10)
    assert (block.number, block.start, block.end) == (1, 131_069, 131_072)
    following = leased(site.issuer, 10)
    assert (following.number, following.start, following.end) == (2, 0, 10)
    assert following.seed != block.seed
    with site.issuer.store.reading() as tx:
        rows = tx.execute(select(status_lists.c.closed_at, status_lists.c.seed)).all()
    assert rows[0] == (1, None)
    assert rows[1].closed_at is None


def test_copies_that_do_not_fit_go_on_in_the_next_list(site):
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=131_072 - 3))
    (places,) = taken(site.issuer, 5)
    assert len(set(places)) == 5
    assert {number for number, _ in places} == {1, 2}


def test_the_seed_of_a_list_is_not_shown(site):
    with site.issuer.store.reading() as tx:
        seeds = tx.execute(select(status_lists.c.seed)).scalars().all()
        seeds += tx.execute(select(bitstring_lists.c.seed)).scalars().all()
    assert len(set(seeds)) == 3
    assert all(len(seed) == 32 for seed in seeds)
    assert not any(seed.hex() in repr(site.issuer) for seed in seeds)


def test_a_lease_stands_where_the_work_around_it_is_rolled_back(site):
    """As a card that is refused under an Idempotency-Key: its block is held in memory."""
    joined = JoinedStore(site.issuer.store.engine)

    def fail():
        with joined.together():
            taken(replace(site.issuer, store=joined), 1)
            with joined.writing():
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert allocated(site) == [SMALLEST]


def test_places_that_a_database_forgot_while_we_run_are_not_leased_again(site):
    """A replica that took over without the last commits, and nobody restarted the issuer."""
    with site.issuer.store.reading() as tx:
        known = tx.execute(select(status_journals.c.position)).scalar() or 0
    before = leased(site.issuer, 10)
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=before.start))
        tx.execute(status_journals.update().values(position=known))
    after = leased(site.issuer, 10)
    assert (after.start, after.end) == (before.end, before.end + 10)


def test_a_database_that_cannot_be_written_gives_no_place(site, monkeypatch):
    def refuse(*_, **__):
        raise ServiceError("issuer.unavailable")

    monkeypatch.setattr("issuer.service.places.lease", refuse)
    with (
        pytest.raises(ServiceError),
        reserving(site.issuer, SD_JWT_VC, copies=SMALLEST * 4),
    ):
        pass
    assert Pool().of(TOKEN).left == []
