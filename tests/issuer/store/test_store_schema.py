"""The tables as migrations make them, and what each database makes of values from outside."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, text

import issuer.store.api_tables
import issuer.store.audit_tables
import issuer.store.clock
import issuer.store.deferrals
import issuer.store.job_tables
import issuer.store.sign_in_tables
import issuer.store.staff_tables
import issuer.store.status_tables  # noqa: F401 - the tables of each
from healthpassport.errors import ServiceError
from issuer.store import offers
from issuer.store.tables import metadata

IN_2040 = 2_208_988_800  # seconds since 1970: more than four bytes hold


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_migrations_make_what_the_tables_say(store):
    with store.engine.connect() as connection:
        # SQLite has one type for all integers.
        options = {"compare_type": store.is_shared}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, metadata)
    # A partial index and one over an expression are told differently by each database.
    assert [change for change in found if "index" not in str(change[0])] == []


def test_moments_are_told_until_after_2038():
    moments = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(("_at", "_until")) or column.name in {"at", "since"}
    ]
    assert len(moments) > 40
    short = [f"{c.table.name}.{c.name}" for c in moments if not isinstance(c.type, BigInteger)]
    assert short == []


def test_a_moment_after_2038_is_kept(store, new):
    ids = [new() for _ in range(4)]
    offer = offers.Offer(*ids, "practice", offers.OfferState.OPEN, 0, IN_2040, IN_2040)
    with store.writing() as tx:
        offers.add(tx, offer, {"AllergySummary": b"\x00\xff"})
    with store.reading() as tx:
        assert offers.find(tx, ids[0]) == offer
        assert offers.sealed_records(tx, ids[0]) == {"AllergySummary": b"\x00\xff"}


@pytest.mark.parametrize("hostile", ["a\x00b", "\x00"])
def test_a_zero_byte_in_a_name_is_the_fault_of_whoever_sent_it(store, hostile):
    try:
        with store.reading() as tx:
            assert offers.find(tx, hostile) is None
    except ServiceError as error:
        told = (store.is_shared, error.code, error.status)
    else:
        told = (store.is_shared, None, None)
    assert told in {(False, None, None), (True, "http.invalid", 400)}


@pytest.mark.parametrize("strange", ["\U0001f9ea", "Ẑ̷", "'; DROP TABLE offers; --", "%", "\\", ""])
def test_any_other_text_is_a_name_that_nobody_has(store, strange):
    with store.reading() as tx:
        assert offers.find(tx, strange) is None


def test_a_transaction_that_reads_writes_nothing_on_postgresql(store):
    if not store.is_shared:
        return
    with pytest.raises(ServiceError) as caught, store.reading() as tx:
        tx.execute(text("DELETE FROM offers"))
    assert caught.value.code == "issuer.unavailable"


def test_what_a_transaction_gave_up_is_not_there(store, new):
    offer = offers.Offer(*(new() for _ in range(4)), "practice", offers.OfferState.OPEN, 0, 1, 1)

    def give_up():
        with store.writing() as tx:
            offers.add(tx, offer, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    with store.reading() as tx:
        assert offers.find(tx, offer.id) is None
