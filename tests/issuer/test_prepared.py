"""Statements that the driver runs itself: the same on both databases, and failing in our words."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa
from simulated_issuer import Wallet
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from healthpassport.errors import ServiceError
from issuer.store import Issuance, Offer, OfferState, issuances, offers
from issuer.store.prepared import Prepared
from issuer.store.sqlite import WIPE_SECONDS, Wiping

OFFER = Offer("o", "a", "c", "", "practice", OfferState.REDEEMED, 0, 1, 2, token_hash="t")


@pytest.fixture
def site(make_site):
    made = make_site()
    with made.issuer.store.writing() as tx:
        offers.add(tx, OFFER, {"AllergySummary": b"\x00sealed", "Conditions": b""})
    return made


def all_prepared():
    """Those of every module of the store, which know nothing of a database."""
    modules = [module for name, module in sys.modules.items() if name.startswith("issuer.store.")]
    return [one for module in modules for one in vars(module).values() if type(one) is Prepared]


@pytest.mark.parametrize("dialect", [sqlite.dialect(), psycopg.dialect()], ids=["sqlite", "pg"])
def test_every_statement_has_one_text_whatever_its_values(dialect):
    made = [one._made(dialect) for one in all_prepared()]
    assert len(made) > 10
    assert not [one.sql for one in made if "POSTCOMPILE" in one.sql]


def test_what_is_read_has_the_types_that_the_library_gives(site):
    with site.issuer.store.reading() as tx:
        assert offers.opened_by(tx, "t")[0] == OFFER
        assert set(offers.opened_by(tx, "t")[1]) == {"AllergySummary", "Conditions"}
        assert type(offers.opened_by(tx, "t")[0].by_identifier) is bool
        assert offers.sealed_record(tx, "o", "AllergySummary") == b"\x00sealed"
        assert offers.sealed_record(tx, "o", "Conditions") == b""
        assert offers.sealed_record(tx, "o", "Medications") is None
        assert offers.opened_by(tx, "another") is None


def test_nothing_is_run_outside_of_a_transaction_where_it_would_stand_at_once(site):
    engine = site.issuer.store.engine
    with engine.connect() as tx, pytest.raises(sa.exc.InvalidRequestError):
        issuances.set_status(tx, "i", 1)


def test_what_was_written_before_a_failure_is_not_kept(site):
    issuance = Issuance("i", "o", "practice", "AllergySummary", 1, 0, 1, 2, "n")

    def twice():
        with site.issuer.store.writing() as tx:
            offers.erase_record(tx, "o", "AllergySummary")
            issuances.add(tx, issuance)
            issuances.add(tx, issuance)

    with pytest.raises((sa.exc.IntegrityError, ServiceError)) as caught:
        twice()
    # On PostgreSQL another process may have been first, and trying again may do.
    assert site.issuer.store.is_shared == isinstance(caught.value, ServiceError)
    with site.issuer.store.reading() as tx:
        assert offers.sealed_record(tx, "o", "AllergySummary") is not None
        assert issuances.all_of_offer(tx, "o", "AllergySummary") == ()


def test_no_value_stands_in_an_error_of_the_driver(site):
    row = Issuance("i", "o", "Zephyrine", "AllergySummary", 1, 0, 1, 2, "n")

    def failing():
        with site.issuer.store.writing() as tx:
            tx.execute(sa.text("DROP TABLE answers"))
            issuances.keep_answer(tx, row.id, "Zephyrine", b"Zephyrine")

    with pytest.raises(ServiceError) as caught:
        failing()
    assert caught.value.code == "issuer.unavailable"
    assert "Zephyrine" not in str(caught.value.__cause__)


def test_a_connection_that_was_ended_is_told_once_and_replaced(make_site):
    site = make_site()
    if not site.issuer.store.is_shared:
        pytest.skip("SQLite has no connections to lose")
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    admin = sa.create_engine(site.settings.database_url.get_secret_value())
    with admin.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    admin.dispose()
    answer = wallet.ask_credential()
    assert (answer.status, answer.json()["code"]) == (503, "issuer.unavailable")
    assert wallet.ask_credential().status == 200


def test_the_log_is_emptied_at_once_by_whoever_is_alone_and_now_and_then_by_others(make_site):
    site = make_site()
    if site.issuer.store.is_shared:
        pytest.skip("PostgreSQL empties its own")
    engine, wiping = site.issuer.store.engine, Wiping()
    assert wiping.is_due(engine)
    assert wiping.is_due(engine)
    with site.issuer.store.reading():
        assert not wiping.is_due(engine)
        wiping.last -= WIPE_SECONDS
        assert wiping.is_due(engine)
