"""A journal made shorter: whatever backup is restored, nothing that the long one knew is lost."""

from __future__ import annotations

import os
import signal

import pytest
from databases import BOTH, keep, lose, on_postgresql, on_sqlite, put_back, remove
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_issuer import Site, Wallet, refused
from sqlalchemy import insert, select

from healthpassport.errors import ServiceError
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN
from issuer.service import status_journal
from issuer.service.job_kinds import Timetable
from issuer.service.status_journal import journal_path, shorten
from issuer.service.statuses import set_status
from issuer.store import journal, open_store, replaying, shortening, statuses
from issuer.store.shortening import Folded
from issuer.store.status_tables import status_journals
from issuer.store.tables import issuances, offers, status_entries, status_lists

MANY = 6  # issuances of two places each


def fill(store):
    """An offer and issuances with places, as if they had been collected."""
    old = {"address_hash": "a", "code_hash": "c", "pin_mac": "p", "client": "practice"}
    times = {"created_at": 1, "expires_at": 2**31 - 1}
    with store.writing() as tx:
        tx.execute(insert(offers), {"id": "o", "state": "done", "tries": 0, **old, **times})
        for n in range(MANY):
            row = {"id": f"i{n}", "offer": "o", "client": "practice", "record_type": f"T{n}"}
            more = {"copies": 2, "issued_at": 1, "expires_at": 2**31 - 1}
            tx.execute(insert(issuances), row | more | {"notification_hash": f"n{n}"})
            statuses.give(tx, issuance=f"i{n}", places=[(1, 2 * n), (1, 2 * n + 1)])


@pytest.fixture(params=BOTH)
def site(request, tmp_path):
    found = on_postgresql() if request.param == "postgresql" else on_sqlite(tmp_path)
    made = Site(tmp_path, {"status_list_size": 131_072, **found})
    fill(made.issuer.store)
    yield made
    made.issuer.store.close()
    remove(made.settings)


def change(site, issuance, status):
    with site.issuer.store.writing() as tx:
        set_status(tx, issuance=issuance, status=status)


def copied(site, to):
    site.issuer.store.close()
    keep(site.settings, to)
    site.reopen()


def restored(site, kept):
    site.issuer.store.close()
    put_back(site.settings, kept)
    site.reopen()


def another(site):
    """The same database, as another process has it."""
    return open_store(site.settings.database, url=site.settings.database_url.get_secret_value())


def told(store):
    """What the list says, what stands with the issuances, and how far places are leased."""
    with store.reading() as tx:
        marks = sorted((i, s) for i, s in statuses.marked(tx, 1) if s)
        rows = dict(tx.execute(select(issuances.c.id, issuances.c.status)).all())
        # Of a PostgreSQL that was put back all lists are closed, and give no places.
        mine = status_lists.c.closed_at.is_(None) & (not store.is_shared)
        leased = tx.execute(
            select(status_lists.c.number, status_lists.c.allocated).where(mine)
        ).all()
    return marks, rows, sorted(map(tuple, leased))


def test_any_backup_is_brought_up_to_date_by_the_shorter_journal(site):
    copied(site, "first")
    change(site, "i0", SUSPENDED)
    change(site, "i1", WITHDRAWN)
    copied(site, "second")
    change(site, "i0", VALID)
    change(site, "i2", REPLACED)
    done = shorten(site.issuer)
    assert journal_path(site.settings).stat().st_size == done.after
    change(site, "i3", SUSPENDED)
    now = told(site.issuer.store)
    assert now[1]["i1"] == WITHDRAWN
    for kept in ("first", "second"):
        restored(site, kept)
        assert told(site.issuer.store) == now
    assert shorten(site.issuer) is not None
    restored(site, "first")
    assert told(site.issuer.store) == now


def test_one_that_was_opened_before_goes_on_with_the_shorter_one(site):
    other = another(site)
    journal.attach(other.engine, journal_path(site.settings), name="never used")
    change(site, "i0", SUSPENDED)
    shorten(site.issuer)
    with other.writing() as tx:
        set_status(tx, issuance="i1", status=WITHDRAWN)
    change(site, "i2", REPLACED)
    other.close()
    now = told(site.issuer.store)
    site.issuer.store.close()
    lose(site.settings)  # all is lost but the journal
    site.reopen()
    assert told(site.issuer.store)[0] == now[0]
    with site.issuer.store.reading() as tx:
        assert len(tx.execute(select(status_journals)).all()) == 1


def test_what_is_over_is_in_it_no_more(site):
    for n in range(MANY):
        change(site, f"i{n}", WITHDRAWN)
    with site.issuer.store.writing() as tx:
        tx.execute(status_entries.delete())
        tx.execute(issuances.delete())
    shorten(site.issuer)
    text = journal_path(site.settings).read_text()
    assert '"issuance"' not in text
    assert f"[{','.join(str(n) for n in range(2 * MANY))}]" in text  # one line for all
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(retired_at=5))
    shorten(site.issuer)
    text = journal_path(site.settings).read_text()
    assert '"mark"' not in text
    assert '"lease"' in text  # its places and its number are never given again
    assert journal_path(site.settings).stat().st_mode & 0o077 == 0


def killed_at(site, number):
    """Shorten in a child that is killed at its ``number``-th step; whether it was."""
    site.issuer.store.close()
    child = os.fork()
    if child == 0:  # pragma: no cover - it is killed
        try:
            steps = iter(range(number))

            def step(work):
                def stepped(*arguments, **named):
                    if next(steps, None) is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return work(*arguments, **named)

                return stepped

            site.reopen()
            os.fsync = step(os.fsync)
            os.replace = step(os.replace)
            type(journal_path(site.settings)).replace = step(
                type(journal_path(site.settings)).replace
            )
            shortening.catch_up = step(shortening.catch_up)
            journal.position = step(journal.position)
            journal.move = step(journal.move)
            dialect = site.issuer.store.engine.dialect
            dialect.do_commit = step(dialect.do_commit)
            shorten(site.issuer)
        finally:
            os._exit(0)
    _, state = os.waitpid(child, 0)
    site.reopen()
    return os.WIFSIGNALED(state)


def test_rel_001_whoever_is_killed_at_any_step_loses_nothing(site):
    copied(site, "first")
    change(site, "i0", WITHDRAWN)
    change(site, "i1", SUSPENDED)
    now = told(site.issuer.store)
    number = 0
    while killed_at(site, number):
        number += 1
        assert told(site.issuer.store) == now
        with site.issuer.store.writing() as tx:
            assert replaying.catch_up(tx) == 0
        restored(site, "first")
        assert told(site.issuer.store) == now
    assert number >= 8
    assert told(site.issuer.store) == now
    change(site, "i2", REPLACED)
    restored(site, "first")
    assert (5, REPLACED) in told(site.issuer.store)[0]


def test_an_offer_that_was_used_stays_so_until_it_would_have_expired(site):
    made = site.offer(wanted=["AllergySummary"])
    copied(site, "first")
    assert Wallet(site, made).ask_token().status == 200
    change(site, "i0", WITHDRAWN)
    shorten(site.issuer)
    restored(site, "first")
    refused(Wallet(site, made).ask_token(), "invalid_grant")
    site.pass_time(minutes=site.settings.offer_minutes)
    shorten(site.issuer)
    assert made.id not in journal_path(site.settings).read_text()


def test_two_do_not_shorten_at_once(site):
    change(site, "i0", SUSPENDED)
    path = journal_path(site.settings)
    before = path.read_bytes()
    with shortening._alone(path) as (partial, _):
        assert shorten(site.issuer) is None
        assert partial.exists()
    assert path.read_bytes() == before


def test_a_file_that_is_not_worth_it_is_left_as_it_is(site, monkeypatch):
    change(site, "i0", SUSPENDED)
    path = journal_path(site.settings)
    before = path.read_bytes()
    assert shorten(site.issuer, least=len(before) + 1) is None
    assert shorten(site.issuer, least=1) is None  # it would not halve
    assert path.read_bytes() == before
    assert not path.with_name(path.name + ".shorter").exists()
    for _ in range(40):
        change(site, "i0", VALID)
        change(site, "i0", SUSPENDED)
    monkeypatch.setattr(status_journal, "WORTH_IT", 1_000)
    timetable = Timetable({})
    timetable.tend_here(site.issuer)
    short = path.read_bytes()
    assert len(short) < len(before) + 1_000
    for _ in range(40):
        change(site, "i0", VALID)
        change(site, "i0", SUSPENDED)
    timetable.tend_here(site.issuer)  # it did today
    assert len(path.read_bytes()) > 2 * len(short)


def elsewhere(site, issuance, status):
    """The same by another machine, which has a journal of its own."""
    other = another(site)
    journal.attach(other.engine, site.folder / "other", name="another machine's")
    with other.writing() as tx:
        set_status(tx, issuance=issuance, status=status)
    other.close()


@pytest.mark.parametrize("later", [SUSPENDED, REPLACED, WITHDRAWN])
def test_what_another_machine_ended_since_stays_ended_when_both_were_restored(site, later):
    change(site, "i0", SUSPENDED)
    change(site, "i0", VALID)
    elsewhere(site, "i0", later)
    now = told(site.issuer.store)
    copied(site, "first")
    shorten(site.issuer)
    restored(site, "first")  # which does not know the shorter journal, and reads all of it
    assert told(site.issuer.store) == now
    assert now[1]["i0"] == later


@pytest.mark.parametrize("commits", [2, 3])
def test_where_the_database_does_not_commit_the_shorter_one_is_read_anew(
    site, monkeypatch, commits
):
    change(site, "i0", WITHDRAWN)
    change(site, "i5", SUSPENDED)
    change(site, "i5", VALID)
    elsewhere(site, "i5", SUSPENDED)
    now = told(site.issuer.store)
    assert now[1]["i5"] == SUSPENDED
    dialect, committed = site.issuer.store.engine.dialect, []

    def fail(connection):
        committed.append(1)
        if len(committed) > commits:  # catching up, what is over, the rest; then taking its place
            connection.rollback()
            raise dialect.dbapi.OperationalError("database or disk is full")
        connection.commit()

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", fail)
        with pytest.raises(ServiceError):
            shorten(site.issuer)
    assert told(site.issuer.store) == now
    change(site, "i1", SUSPENDED)
    assert (2, SUSPENDED) in told(site.issuer.store)[0]
    assert set(now[0]) <= set(told(site.issuer.store)[0])


def test_a_journal_that_is_gone_is_told_of(site):
    journal_path(site.settings).unlink()
    with pytest.raises(ServiceError) as caught:
        shorten(site.issuer)
    assert caught.value.code == "issuer.journal"


NOTES = st.lists(
    st.one_of(
        st.builds(
            lambda kind, number, at, status: {
                "mark": kind,
                "list": number,
                "at": at,
                "status": status,
            },
            st.sampled_from(["token", "bitstring"]),
            st.integers(1, 2),
            st.lists(st.integers(0, 3), max_size=3),
            st.integers(0, 3),
        ),
        st.builds(
            lambda number, end, at: {
                "lease": "token",
                "list": number,
                "size": 8,
                "end": end,
                "for": None,
                "at": at,
            },
            st.integers(1, 2),
            st.integers(0, 8),
            st.integers(0, 9),
        ),
        st.builds(
            lambda name, status: {"issuance": name, "status": status},
            st.sampled_from("ab"),
            st.integers(0, 3),
        ),
        st.just({"later": "version"}),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(NOTES)
def test_folding_twice_is_folding_once_and_a_withdrawal_is_never_lost(notes):
    folded = Folded({1})
    for note in notes:
        folded.add(note)
    again = Folded({1})
    for note in folded.notes():
        again.add(note)
    assert list(again.notes()) == list(folded.notes())
    said = [n for n in notes if n.get("mark") == "token" and n["status"] == WITHDRAWN]
    assert all(
        folded.marks["token", n["list"]][index] == WITHDRAWN for n in said for index in n["at"]
    )
    ends = [n["end"] for n in notes if n.get("list") == 1 and "lease" in n]
    assert not ends or folded.leases["token", 1]["end"] == max(ends)
    assert len(folded.others) == sum("later" in n for n in notes)
