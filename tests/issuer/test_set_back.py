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
from simulated_issuer import Site, Wallet
from sqlalchemy import make_url

from healthpassport.errors import ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import token_status_list as tsl
from issuer import service
from issuer.service.restoring import after_restore
from issuer.service.set_back import keep_up
from issuer.store import lineage, statuses


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


class Copied:
    """Another database, of before, in the place of this one: what pg_restore leaves."""

    def keep(self, machines):
        machines.leave()
        machines.admin(f"CREATE DATABASE before TEMPLATE {machines.name}")

    def put_back(self, machines):
        machines.admin(
            f"DROP DATABASE {machines.name} WITH (FORCE)",
            f"ALTER DATABASE before RENAME TO {machines.name}",
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
