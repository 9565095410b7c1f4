"""A database without room, at every statement and commit: told in words, nothing lost or doubled.

PostgreSQL's own words come from its driver's border, where each statement of a step fails in turn;
SQLite's disks fail for real in ``journeys/test_failing_disks.py``.
"""

from __future__ import annotations

import json
from contextlib import suppress

import psycopg
import pytest
from fhir_examples import PATIENT, allergy, bundle, data, record_of
from simulated_issuer import Site, Wallet
from sqlalchemy import text

from healthpassport.errors import ServiceError
from healthpassport.keys import generate_signer
from issuer import service
from issuer.service import bulk, jobs
from issuer.service.bulk_lines import parse_lines
from issuer.service.job_kinds import KINDS
from issuer.service.jobs import LEASE

PLACES = 20  # as each failure writes a line of the journal, the next has more to bring in
FULL = psycopg.errors.DiskFull("could not extend file: No space left on device")


class Room:
    """Lets ``left`` statements and commits through, and no other; None for all."""

    def __init__(self, engine):
        self.left = None
        self._commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._committing
        for name in ("do_execute", "do_executemany"):
            setattr(engine.dialect, name, self._checked(getattr(engine.dialect, name)))

    def _spent(self):
        if self.left is not None:
            self.left -= 1
        return self.left is not None and self.left < 0

    def _checked(self, execute):
        def executing(cursor, statement, parameters, context=None):
            if self._spent():
                raise FULL
            execute(cursor, statement, parameters, context)

        return executing

    def _committing(self, connection):
        if self._spent():
            connection.rollback()
            raise FULL
        self._commit(connection)


@pytest.fixture(scope="module")
def site(postgresql, tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    source = folder / "source"
    source.mkdir()
    for place in range(2):
        (source / f"{place}.json").write_bytes(data(bundle(PATIENT, allergy())))
    url = postgresql.issuer_database()
    made = Site(folder, {"database": None, "database_url": url, "source_folder": source})
    made.room = Room(made.issuer.store.engine)
    yield made
    made.issuer.store.close()


def in_every_place(site, step):
    """Run ``step`` with its first statement failing, its second, and so on, then with room."""
    for number in range(PLACES):
        site.room.left = number
        answer = step()
        spent, site.room.left = site.room.left < 0, None
        if answer.status < 300:
            return
        assert spent, answer.body
        told = json.loads(answer.body)
        assert (answer.status, told["code"]) == (503, "issuer.unavailable"), told
        assert told["help"]
    answer = step()
    assert answer.status < 300, answer.body


def count(site, table):
    with site.issuer.store.reading() as tx:
        return tx.execute(text(f"SELECT count(*) FROM {table}")).scalar()  # noqa: S608


def test_a_record_is_issued_once_however_often_the_database_had_no_room(site):
    headers = {"authorization": f"Bearer {site.api_key}"}
    body = json.dumps({"bundle": json.loads(record_of(allergy()))}).encode()
    in_every_place(site, lambda: site.call("POST", "/offers", body=body, headers=headers))
    assert count(site, "offers") == 1
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    in_every_place(site, wallet.ask_token)
    nonce = wallet.nonce()
    proofs = [wallet.proof(nonce) for _ in range(2)]
    in_every_place(site, lambda: wallet.ask_credential(proofs=proofs))
    issued = [one for one in service.issued(site.issuer) if one.record_type == "AllergySummary"]
    assert len(issued) == 1
    assert count(site, "status_entries") == 2


def test_lines_of_a_bulk_run_are_offered_once_however_often_there_was_no_room(site):
    before, key = count(site, "offers"), generate_signer()
    run = bulk.start(
        site.issuer,
        parse_lines(b"source\n0.json\n1.json\n"),
        client="practice",
        recipient=bulk.recipient_of(key),
    )
    for number in range(PLACES):
        site.room.left = number
        with suppress(ServiceError):  # where not even the failure could be noted
            jobs.run_due(site.issuer, KINDS)
        spent, site.room.left = site.room.left < 0, None
        if not spent:
            break
        site.pass_time(seconds=LEASE if number % 2 else 1)
    while bulk.progress(site.issuer, run).counts.get("waiting"):
        site.pass_time(hours=1)
        jobs.run_due(site.issuer, KINDS)
    made = bulk.progress(site.issuer, run).counts
    assert count(site, "offers") == before + made.get("offered", 0)
    assert len(bulk.results(site.issuer, run, key=key)) == made.get("offered", 0)
    refused = dict(bulk.progress(site.issuer, run).refused)
    assert set(refused.values()) <= {"issuer.unavailable", jobs.CRASHED}
