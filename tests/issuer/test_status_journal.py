"""The journal of status changes: what a restored database had forgotten comes back."""

import sqlite3
from contextlib import contextmanager

import pytest
from databases import keep, lose, put_back
from simulated_issuer import Site, Wallet
from sqlalchemy import event, select
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from healthpassport.errors import ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import token_status_list as tsl
from issuer import service
from issuer.service import Change, change_status
from issuer.service.bitstrings import entries_at
from issuer.service.places import reserving
from issuer.service.status_journal import journal_path
from issuer.settings import LDP_VC
from issuer.store import bitstrings, journal, statuses
from issuer.store.locking import READS_ONLY
from issuer.store.status_tables import status_journals, status_marks
from issuer.store.tables import status_lists


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, {"status_list_size": 131_072})


def issue(site, copies=2):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token(host="198.51.100.7").status == 200
    answer = wallet.ask_credential(copies=copies)
    assert answer.status == 200
    texts = [entry["credential"] for entry in answer.json()["credentials"]]
    references = [tsl.reference(sd_jwt_vc.open_held(text).payload) for text in texts]
    (found,) = service.issued(site.issuer, offer=wallet.made.id)
    return found.id, references


def back_up(site):
    site.issuer.store.close()
    keep(site.settings, "kept")
    site.reopen()


def restore(site):
    """The database as it was backed up; whatever stands beside it stays."""
    site.issuer.store.close()
    put_back(site.settings, "kept")
    site.reopen()


@contextmanager
def no_commit(site):
    """Nothing is committed: each attempt is undone at its last moment, after the journal."""
    full = OperationalError("COMMIT", None, sqlite3.OperationalError("disk is full"))

    def fail(connection):
        if not connection.get_execution_options().get(READS_ONLY, False):
            raise full

    event.listen(site.issuer.store.engine, "commit", fail)
    yield
    event.remove(site.issuer.store.engine, "commit", fail)


def shown(site, reference):
    answer = site.call("GET", reference.uri.removeprefix(site.settings.iss))
    keys = [site.issuer.signer.public_key]
    held = tsl.read(answer.body.decode(), expected_uri=reference.uri, keys=keys, now=site.now)
    return held.get(reference.index)


def test_what_was_withdrawn_since_the_backup_stays_withdrawn(site):
    before, old = issue(site)
    back_up(site)
    later, new = issue(site)
    change_status(site.issuer, issuance=before, change=Change.WITHDRAW)
    change_status(site.issuer, issuance=later, change=Change.WITHDRAW)
    restore(site)
    # The second issuance is unknown to this database, and its copies are withdrawn all the same.
    assert {shown(site, one) for one in (*old, *new)} == {tsl.WITHDRAWN}
    assert [one.id for one in service.issued(site.issuer)] == [before]
    assert service.issued(site.issuer)[0].status == tsl.WITHDRAWN
    with pytest.raises(ServiceError) as caught:
        change_status(site.issuer, issuance=before, change=Change.REINSTATE)
    assert caught.value.code == "issuer.withdrawn"


def test_suspended_and_reinstated_come_back_in_their_order(site):
    issuance, [reference, *_] = issue(site)
    back_up(site)
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    restore(site)
    assert shown(site, reference) == tsl.SUSPENDED
    change_status(site.issuer, issuance=issuance, change=Change.REINSTATE)
    restore(site)
    assert shown(site, reference) == tsl.VALID


def test_no_place_that_was_given_since_the_backup_is_given_again(site):
    issue(site)
    back_up(site)
    given = {(one.uri, one.index) for _ in range(8) for one in issue(site, copies=5)[1]}
    restore(site)
    again = {(one.uri, one.index) for _ in range(8) for one in issue(site, copies=5)[1]}
    assert len(given) == len(again) == 40
    assert given.isdisjoint(again)


def test_a_list_that_was_opened_since_the_backup_is_never_opened_again(site):
    back_up(site)
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=131_072))
    issuance, [reference, *_] = issue(site)
    assert reference.uri.endswith("/status/2")
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    restore(site)
    assert shown(site, reference) == tsl.SUSPENDED
    with site.issuer.store.writing() as tx:
        tx.execute(
            status_lists.update().where(status_lists.c.number == 1).values(allocated=131_072)
        )
    _, [following, *_] = issue(site)
    assert int(following.uri.rpartition("/")[2]) > 2


def test_bitstring_entries_come_back_too(site):
    issuance, _ = issue(site)
    with (
        reserving(site.issuer, LDP_VC, copies=1) as places,
        site.issuer.store.writing() as tx,
    ):
        ((revocation, suspension),) = entries_at(site.issuer, places.give(tx, issuance, copies=1))
    back_up(site)
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    restore(site)
    with site.issuer.store.reading() as tx:
        assert bitstrings.marked(tx, 1) == (revocation.index,)
        assert bitstrings.marked(tx, 2) == (suspension.index,)


def test_a_lost_database_loses_no_withdrawal(site):
    issuance, references = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    site.issuer.store.close()
    lose(site.settings)
    site.reopen()
    assert {shown(site, one) for one in references} == {tsl.WITHDRAWN}
    _, new = issue(site)
    assert {one.uri for one in new}.isdisjoint({one.uri for one in references})


def test_what_was_not_confirmed_is_brought_in_by_the_next_change(site):
    first, [one, *_] = issue(site)
    second, [other, *_] = issue(site)
    with no_commit(site), pytest.raises(ServiceError):
        change_status(site.issuer, issuance=first, change=Change.WITHDRAW)
    assert shown(site, one) == tsl.VALID
    change_status(site.issuer, issuance=second, change=Change.SUSPEND)
    assert (shown(site, one), shown(site, other)) == (tsl.WITHDRAWN, tsl.SUSPENDED)


def test_of_draws_that_fail_one_after_the_other_the_first_alone_leaves_a_line(site):
    issue(site)
    site.issuer.places.kinds.clear()
    size = journal_path(site.settings).stat().st_size
    sizes = []
    with no_commit(site):
        for _ in range(3):
            with pytest.raises(ServiceError) as caught, reserving(site.issuer, "", copies=2):
                pass
            assert caught.value.code == "issuer.unavailable"
            sizes.append(journal_path(site.settings).stat().st_size)
    assert size < sizes[0] == sizes[1] == sizes[2]
    _, references = issue(site)  # and what it leased is given to nobody
    assert {shown(site, one) for one in references} == {tsl.VALID}


def test_where_the_database_has_no_room_nothing_is_left_in_the_journal(site, monkeypatch):
    issuance, _ = issue(site)
    size = journal_path(site.settings).stat().st_size

    def full(*_):
        raise ServiceError("issuer.unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "move", full)
        with pytest.raises(ServiceError):
            change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert journal_path(site.settings).stat().st_size == size
    assert service.issued(site.issuer)[0].status == tsl.VALID


def test_a_line_is_not_written_behind_one_that_nobody_reckoned_with(site):
    kept = journal.Journal(journal_path(site.settings), "any").as_it_is()
    following = kept.next_line([{"word": "mine"}])
    kept.append([{"word": "another's"}])
    with pytest.raises(ServiceError) as caught:
        kept.write(following)
    assert caught.value.code == "issuer.journal"


def test_a_connection_that_broke_is_let_go_without_another_error(site):
    """As when PostgreSQL is killed: what is told is that it is away, and no trace."""

    def broken():
        with site.issuer.store.writing() as tx:
            tx.invalidate()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()


def test_what_a_transaction_gave_up_is_in_no_journal(site):
    issuance, _ = issue(site)
    before = len(journal_path(site.settings).read_bytes())

    def give_up():
        with site.issuer.store.writing() as tx:
            statuses.change(tx, issuance=issuance, status=tsl.WITHDRAWN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    issue(site)
    assert b'"mark"' not in journal_path(site.settings).read_bytes()[before:]


def test_a_line_that_was_cut_short_is_passed_over(site):
    issuance, [reference, *_] = issue(site)
    back_up(site)
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    path = journal_path(site.settings)
    with path.open("ab") as file:
        file.write(b'{"notes":[{"issuance":"x"')
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    restore(site)
    assert shown(site, reference) == tsl.WITHDRAWN


@pytest.mark.parametrize(
    "alter",
    [
        lambda line: line.replace(b"suspended", b"withdrawn"),
        lambda line: line[:-3] + b"0\n",
        lambda _: b"\n",
        lambda _: b"\xff\xfe\n",
        lambda _: b"[1] 0\n",
    ],
)
def test_a_line_whose_sum_is_wrong_is_passed_over(tmp_path, site, alter):
    path = tmp_path / "other"
    kept = journal.attach(site.issuer.store.engine, path, name="one")
    end = kept.append([{"word": "suspended"}])
    line = path.read_bytes().splitlines(keepends=True)[1]
    with path.open("ab") as file:
        file.write(alter(line))
    kept.append([{"word": "last"}])
    assert [notes[0]["word"] for notes in kept.since(0)] == ["suspended", "last"]
    assert [notes[0]["word"] for notes in kept.since(end)] == ["last"]


def test_the_journal_names_nobody_and_is_its_owners_alone(site):
    issuance, _ = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    path = journal_path(site.settings)
    text = path.read_text()
    assert issuance in text
    for value in ("Zephyrine", "9990000018", "Penicillin", "AllergySummary", "practice"):
        assert value not in text
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_changes_where_the_journal_cannot_be_written(site):
    issuance, [reference, *_] = issue(site)
    path = journal_path(site.settings)
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(ServiceError) as caught:
        change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert (caught.value.code, caught.value.status) == ("issuer.journal", 503)
    assert shown(site, reference) == tsl.VALID


@pytest.mark.parametrize("content", [b"", b"x", b'{"journal":1} 00000000\n'])
def test_a_file_that_is_no_journal_is_not_written_over(site, content):
    site.issuer.store.close()
    path = journal_path(site.settings)
    path.write_bytes(content)
    with pytest.raises(ServiceError) as caught:
        site.reopen()
    assert caught.value.code == "issuer.journal"
    assert path.read_bytes() == content


def test_a_place_of_its_own_can_be_chosen(tmp_path):
    site = Site(tmp_path, {"status_journal": tmp_path / "far" / "changes"})
    issue(site)
    assert (tmp_path / "far" / "changes").exists()
    assert not (tmp_path / "issuer.sqlite.status-journal").exists()


def test_starting_again_brings_in_nothing(site):
    issuance, _ = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    site.issuer.store.close()
    site.reopen()
    with site.issuer.store.reading() as tx:
        assert tx.execute(select(status_marks)).all() == []
        ((_, position),) = tx.execute(select(status_journals)).all()
        assert tx.execute(sql("select version from status_lists")).scalars().all() == [1]
    assert position == journal_path(site.settings).stat().st_size


def test_notes_of_a_later_version_are_passed_over(site):
    issuance, [reference, *_] = issue(site)
    path = journal_path(site.settings)
    found = journal.Journal(path, "any")
    found.append([{"from": "later"}, {"issuance": issuance, "status": tsl.SUSPENDED}])
    site.issuer.store.close()
    site.reopen()
    assert service.issued(site.issuer)[0].status == tsl.SUSPENDED
    assert shown(site, reference) == tsl.VALID
