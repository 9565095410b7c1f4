"""From SQLite to PostgreSQL: all of it and the same, or nothing (rel-012).

``PASSPORT_ISSUER_COPIED=1000000`` for the figure.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa
from databases import on_sqlite
from simulated_issuer import Site, Wallet

from healthpassport.errors import ServiceError
from issuer import service
from issuer.service import Change, change_status
from issuer.store import issuances, open_store
from issuer.store.copying import copy_all
from issuer.store.tables import status_entries

ENTRIES = int(os.environ.get("PASSPORT_ISSUER_COPIED", "2000"))


@pytest.fixture
def site(tmp_path):
    """A practice's database: offers, records, a withdrawal, and many status entries."""
    made = Site(tmp_path, {"formats": ("dc+sd-jwt", "ldp_vc"), **on_sqlite(tmp_path)})
    wallet = Wallet(made, made.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    wallet.ask_credential()
    wallet.ask_credential("AllergySummary.ldp_vc")
    made.offer()
    known = next(one for one in service.issued(made.issuer) if one.record_type == "AllergySummary")
    with made.issuer.store.writing() as tx:
        places = sa.select(status_entries.c.list, status_entries.c.idx)
        taken = {tuple(row) for row in tx.execute(places)}
        issuances.add(tx, replace(known, id="many", record_type="many", notification_hash="many"))
        number = min(taken)[0]
        rows = [
            {"list": number, "idx": place, "issuance": "many", "status": place % 4}
            for place in range(ENTRIES)
            if (number, place) not in taken
        ]
        tx.execute(sa.insert(status_entries), rows)
    change_status(made.issuer, issuance=known.id, change=Change.WITHDRAW)
    yield made
    made.issuer.store.close()


@pytest.fixture
def target(postgresql):
    store = open_store(None, url=postgresql.issuer_database())
    yield store
    store.close()


def test_rel_012_counts_rows_and_status_bits_are_the_same_also_after_a_copy_that_broke_off(
    site, target
):
    source = site.issuer.store
    seen = []

    def breaks_off(one):
        seen.append(one.table)
        if one.table == "issuances":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_all(source, target, told=breaks_off)
    with target.reading() as tx:
        assert tx.execute(sa.text("SELECT count(*) FROM issuances")).scalar() == 0
    copied = {one.table: one for one in copy_all(source, target)}
    assert set(seen) < set(copied)
    with source.reading() as here, target.reading() as there:
        names = set(sa.inspect(here).get_table_names()) - {"alembic_version"}
        assert set(copied) == names
        for name in names:
            count = sa.text(f'SELECT count(*) FROM "{name}"')  # noqa: S608
            assert here.execute(count).scalar() == there.execute(count).scalar()
        query = sa.select(status_entries).order_by(*status_entries.primary_key)
        assert here.execute(query).all() == there.execute(query).all()
    assert copied["status_entries"].rows > ENTRIES - 10
    with pytest.raises(ServiceError) as caught:
        copy_all(source, target)
    assert caught.value.code == "issuer.copy"


def test_the_issuer_goes_on_with_the_copy(site, target, postgresql):
    before = service.published_list(site.issuer, 1)
    copy_all(site.issuer.store, target)
    url = target.engine.url.render_as_string(hide_password=False)
    secret = type(site.settings.database_url)(url)
    site.settings = site.settings.model_copy(update={"database": None, "database_url": secret})
    key = site.issuer.nonce_key
    site.issuer.store.close()
    site.reopen()
    assert site.issuer.nonce_key == key
    assert service.published_list(site.issuer, 1).version == before.version
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200


def test_a_copy_goes_one_way(site, target):
    for source, to in ((target, site.issuer.store), (site.issuer.store, site.issuer.store)):
        with pytest.raises(ServiceError) as caught:
            copy_all(source, to)
        assert caught.value.code == "issuer.copy"
