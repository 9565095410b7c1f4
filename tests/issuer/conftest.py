"""The databases that an issuer may stand on; tests that ask for ``make_site`` run on each."""

from __future__ import annotations

import os

import pytest
from databases import EVERYWHERE
from postgresql_world import running
from simulated_issuer import Site


def pytest_configure(config):
    """Where every issuer of a test stands on PostgreSQL, those left open are told of as they go."""
    if os.environ.get(EVERYWHERE) == "postgresql":
        config.addinivalue_line("filterwarnings", "ignore:<psycopg.Connection:ResourceWarning")


@pytest.fixture(scope="session")
def postgresql():
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Settings of an empty database."""
    if request.param == "sqlite":
        return {}
    url = request.getfixturevalue("postgresql").issuer_database()
    return {"database": None, "database_url": url}


@pytest.fixture
def make_site(tmp_path, database):
    """Makes issuers in folders of their own."""
    made = []

    def make(folder=tmp_path, changes=None):
        made.append(Site(folder, {**(changes or {}), **database}))
        return made[-1]

    yield make
    for site in made:
        site.issuer.store.close()
