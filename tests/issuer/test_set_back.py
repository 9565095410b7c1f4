"""A PostgreSQL that forgets while machines work on it: nobody restarts, no place is given twice.

Two issuers with a journal each stand for two machines. The database goes back to an older copy in
each way that there is: another database in its place, a disk of before, a promoted standby.
"""

from __future__ import annotations

import shutil
from contextlib import closing

import psycopg
import pytest
from postgresql_world import running
from returning_wallet import Returning
from simulated_issuer import Site, Wallet, refused
from sqlalchemy import make_url

from healthpassport.errors import ProtocolError, ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import token_status_list as tsl
from issuer import service
from issuer.service import nonces
from issuer.service.own_offers import cancel_offer
from issuer.service.restoring import after_restore
from issuer.service.set_back import keep_up
from issuer.service.status_journal import journal_path
from issuer.store import high_water, lineage, offers, statuses


@pytest.fixture(scope="module")
def server():
    """A server of its own: it is stopped and set back."""
    with running() as made:
        yield made


class Machines:
    """Several issuers over one database, each with a journal of its own."""

    def __init__(self, folder, server):
        self.folder, self.server, self.url = folder, server, server.issuer_copy()
        self.name = make_url(self.url).database
        self.sites, self.given = [], set()

    def more(self):
        folder = self.folder / f"machine{len(self.sites)}"
        folder.mkdir()
        changes = {"database": None, "database_url": self.url, "status_list_size": 131_072}
        if not self.sites:
            self.sites.append(Site(folder, changes))
            return self.sites[-1]
        first, made = self.sites[0], Site.__new__(Site)
        made.folder, made.changes, made.now, made.api_key = folder, changes, first.now, None
        made.settings = first.settings.model_copy(update={"status_journal": folder / "journal"})
        made.reopen()
        self.sites.append(made)
        return made

    def issue(self, site, copies=5):
        """The issuance; no place of it was ever given before."""
        wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
        assert wallet.ask_token().status == 200
        answer = wallet.ask_credential(copies=copies)
        if answer.status == 400:  # the set-back was noticed as places were leased for it
            assert answer.json()["error"] == "invalid_nonce"
            answer = wallet.ask_credential(copies=copies)
        assert answer.status == 200, answer.body
        texts = [one["credential"] for one in answer.json()["credentials"]]
        places = [tsl.reference(sd_jwt_vc.open_held(text).payload) for text in texts]
        found = {(one.uri, one.index) for one in places}
        assert len(found) == copies
        assert found.isdisjoint(self.given)
        self.given |= found
        return service.issued(site.issuer, offer=wallet.made.id)[0].id, places

    @staticmethod
    def leases_next(site):
        """Let ``site`` have no places at hand."""
        site.issuer.places.kinds.clear()

    def stands(self, site, place):
        answer = site.call("GET", place.uri.removeprefix(site.settings.iss))
        keys = [site.issuer.signer.public_key]
        text = answer.body.decode()
        return tsl.read(text, expected_uri=place.uri, keys=keys, now=site.now).get(place.index)

    def admin(self, *statements):
        with closing(psycopg.connect(self.server.conninfo("postgres"), autocommit=True)) as done:
            for statement in statements:
                done.execute(statement)

    def leave(self):
        """All connections end, as they do when a server is replaced."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        self.admin(f"{ended}'{self.name}'")

    def close(self):
        for site in self.sites:
            site.issuer.store.close()


@pytest.fixture
def machines(tmp_path, server):
    made = Machines(tmp_path, server)
    yield made
    made.close()


def again(work, *arguments):
    """As a wallet that tries again: each pooled connection that broke is told once or twice."""
    for _ in range(25):
        try:
            return work(*arguments)
        except ServiceError as error:
            if error.code != "issuer.unavailable":
                raise
    raise AssertionError


def answered(work):
    """The same where it answers: a connection that broke is told as 503."""
    for _ in range(25):
        answer = work()
        if answer.status != 503:
            return answer
    raise AssertionError


class Copied:
    """Another database, of before, in the place of this one: what pg_restore leaves."""

    def keep(self, machines):
        machines.leave()
        machines.admin(f"CREATE DATABASE {machines.name}_kept TEMPLATE {machines.name}")

    def put_back(self, machines):
        machines.admin(
            f"DROP DATABASE {machines.name} WITH (FORCE)",
            f"ALTER DATABASE {machines.name}_kept RENAME TO {machines.name}",
        )


class Disk:
    """The disk as it was at a moment: the server recovers from it as from a crash."""

    promoted = False

    def keep(self, machines):
        server = machines.server
        server.crash()
        shutil.copytree(server.folder / "data", server.folder / "before")
        known = (server.folder / "data").stat()
        for path in (server.folder / "before", *(server.folder / "before").rglob("*")):
            shutil.chown(path, known.st_uid, known.st_gid)
        server.start()

    def put_back(self, machines):
        server = machines.server
        server.crash()
        shutil.rmtree(server.folder / "data")
        (server.folder / "before").rename(server.folder / "data")
        if self.promoted:
            with (server.folder / "data" / "postgresql.auto.conf").open("a") as file:
                file.write("restore_command = 'false'\n")
            (server.folder / "data" / "recovery.signal").touch()
        server.start()


class Promoted(Disk):
    """A standby of before that takes over: a new timeline."""

    promoted = True


@pytest.mark.parametrize("way", [Copied, Disk, Promoted])
def test_rel_a_database_that_was_set_back_gives_no_place_twice_while_all_go_on(machines, way):
    way = way()
    one, other = machines.more(), machines.more()
    early, (place, *_) = machines.issue(one)
    machines.issue(other)
    for site in (one, other):
        assert keep_up(site.issuer) is False
    way.keep(machines)

    again(keep_up, one.issuer)
    machines.leases_next(one)  # what the copy does not know of
    machines.issue(one)
    withdraw = {"issuance": early, "change": service.Change.WITHDRAW}
    service.change_status(one.issuer, **withdraw)
    assert machines.stands(one, place) == tsl.WITHDRAWN

    if type(way) is Disk:  # the only one that needs a look since: each process makes one often
        assert again(keep_up, other.issuer) is False
    way.put_back(machines)
    machines.leases_next(other)
    again(machines.issue, other)  # it would be given the same again
    assert again(keep_up, one.issuer) is True
    assert machines.stands(other, place) == tsl.WITHDRAWN
    assert machines.stands(one, place) == tsl.WITHDRAWN
    for site in (one, other, machines.more()):
        machines.issue(site)
        assert keep_up(site.issuer) is (site is other)
    with one.issuer.store.reading() as tx:
        numbers = [state.number for state in statuses.lists(tx)]
    assert numbers == [1, 1002], "begun anew once, by one of them"


def test_a_server_that_crashed_and_forgot_nothing_goes_on_with_its_lists(machines):
    one, other = machines.more(), machines.more()
    machines.issue(one)
    machines.server.crash()
    machines.server.start()
    for site in (other, one):
        again(machines.issue, site)
        assert again(keep_up, site.issuer) is False
    with one.issuer.store.reading() as tx:
        assert [state.number for state in statuses.lists(tx)] == [1]


def set_back(machines, lost):
    """The database forgets what ``lost`` did, and each machine has looked; what it returned."""
    way = Copied()
    for site in machines.sites:
        keep_up(site.issuer)
    way.keep(machines)
    for site in machines.sites:
        again(keep_up, site.issuer)
    found = lost()
    way.put_back(machines)
    told = [again(keep_up, site.issuer) for site in machines.sites]
    assert all(told)
    for site in machines.sites:
        site.pass_time(seconds=1)
    return found


def test_rel_a_code_opens_once_whatever_the_database_has_forgotten(machines):
    one, other = machines.more(), machines.more()
    used, burned, taken_back, left = (one.offer(wanted=["AllergySummary"]) for _ in range(4))

    def lost():
        assert Wallet(one, used).ask_token().status == 200
        wrong = "0" * len(burned.pin) if burned.pin[0] != "0" else "1" * len(burned.pin)
        for _ in range(5):
            refused(Wallet(one, burned).ask_token(wrong), "invalid_grant")
        assert cancel_offer(one.issuer, taken_back.id, client="practice")

    set_back(machines, lost)
    for site in (other, one):
        for made in (used, burned, taken_back):
            refused(answered(Wallet(site, made).ask_token), "invalid_grant")
    assert answered(Wallet(other, left).ask_token).status == 200
    with other.issuer.store.reading() as tx:
        rows = [offers.find(tx, made.id) for made in (used, burned, taken_back)]
        assert [offers.sealed_records(tx, row.id) for row in rows] == [{}, {}, {}]
    assert [row.state.value for row in rows] == ["done", "burned", "cancelled"]


def test_rel_a_machine_that_has_not_looked_yet_refuses_what_it_took_itself(machines):
    one = machines.more()
    made = one.offer(wanted=["AllergySummary"])
    way = Copied()
    way.keep(machines)
    assert answered(Wallet(one, made).ask_token).status == 200
    way.put_back(machines)
    refused(answered(Wallet(one, made).ask_token), "invalid_grant")
    assert answered(Wallet(one, one.offer()).ask_token).status == 200


def test_rel_a_nonce_of_the_lost_moments_is_none(machines):
    one, other = machines.more(), machines.more()
    before = nonces.new_nonce(one.issuer)
    assert nonces.check(other.issuer, before)
    lost = set_back(machines, lambda: nonces.new_nonce(other.issuer))
    for site in (one, other):
        for nonce in (before, lost):
            with pytest.raises(ProtocolError) as caught:
                nonces.check(site.issuer, nonce)
            assert caught.value.code == "oid4vci.invalid_nonce"
    assert nonces.check(one.issuer, nonces.new_nonce(other.issuer))


def test_a_wallet_whose_last_turn_was_lost_comes_back_once_and_is_not_taken_for_a_thief(machines):
    one, other = machines.more(), machines.more()
    wallet, unlucky = (Returning.of(one) for _ in range(2))
    first = wallet.refresh_token

    def lost():
        for _ in range(2):
            assert wallet.refresh().status == 200
        unlucky.refresh_token = "x" + unlucky.refresh_token[1:]

    set_back(machines, lost)
    wallet.site = other
    assert answered(wallet.refresh).status == 200
    assert answered(wallet.refresh).status == 200
    told = answered(lambda: wallet.refresh(token=first))
    assert (told.status, told.json()["code"]) == (400, "grant.replayed")
    refused(answered(unlucky.refresh), "invalid_grant")


def test_rel_a_disk_put_back_while_nobody_ran_is_noticed_by_who_starts(machines):
    one, way = machines.more(), Disk()
    machines.issue(one)
    way.keep(machines)
    again(machines.issue, one)
    again(keep_up, one.issuer)
    seen = high_water.path_beside(journal_path(one.settings))
    assert seen.stat().st_mode & 0o077 == 0
    journal_path(one.settings).unlink()  # else its leases tell as much
    for site in machines.sites:
        site.issuer.store.close()
    way.put_back(machines)
    again(one.reopen)
    machines.issue(one)
    with one.issuer.store.reading() as tx:
        assert [state.number for state in statuses.lists(tx)] == [1, 1002]


@pytest.mark.parametrize("said", [b"", b"\xff" * 160, b'{"generation":9,"written":9} 00000000'])
def test_a_damaged_mark_of_how_far_it_had_come_says_nothing(tmp_path, said):
    journal = tmp_path / "journal"
    assert high_water.kept(journal) == {}
    high_water.keep(journal, {"generation": 12345, "written": 67890})
    high_water.keep(journal, {"generation": 2, "written": 3})
    assert high_water.kept(journal) == {"generation": 2, "written": 3}
    high_water.path_beside(journal).write_bytes(said)
    assert high_water.kept(journal) == {}


def test_processes_that_run_follow_what_is_said_after_a_restore(machines):
    one, other = machines.more(), machines.more()
    _, [before, *_] = machines.issue(other)
    assert after_restore(one.issuer, None).next_number == 1002
    assert keep_up(other.issuer) is True
    _, [place, *_] = machines.issue(other)
    assert (before.uri, place.uri) == tuple(
        f"{one.settings.iss}/status/{number}" for number in (1, 1002)
    )


def test_one_thread_that_looked_earlier_and_is_told_later_has_found_nothing(machines):
    site = machines.more()
    watch = lineage.of(site.issuer.store.engine)
    with site.issuer.store.reading() as tx:
        assert lineage.holds(tx)
    generation, written = watch.known()
    watch.heed((generation, written - 1))
    watch.heed((generation - 1, written + 1))
    assert watch.known() == (generation, written)


@pytest.mark.parametrize(
    ("seen", "follows"),
    [
        (("a", 10, 3, "a"), True),
        (("a", 11, 3, "a"), True),
        (("a", 5, 4, "a"), True),  # another process has begun them anew
        (("a", 9, 3, "a"), False),
        (("a", 99, 2, "a"), False),
        (("b", 99, 3, "a"), False),
        (("a", 99, 0, ""), False),
    ],
)
def test_a_database_follows_the_one_that_was_known_or_it_does_not(seen, follows):
    assert lineage.Seen(*seen).follows((3, 10)) is follows
